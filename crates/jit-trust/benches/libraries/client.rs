//! The client: connects, and says what its heap came to.

use std::net::TcpStream;
use std::path::Path;

use super::HOSTS;
use super::{mbedtls, openssl};

pub(crate) const LIBRARIES: &[&str] = &["openssl", "mbedtls"];

/// Whether a library has this way to trust.
pub(crate) fn has(library: &str, way: &str) -> bool {
    library == "openssl" || way != "directory"
}

pub(crate) fn run(arguments: &[String]) {
    let [library, way, file, address, connections] = arguments else {
        panic!("a library, a way to trust, its file, an address, a number");
    };
    let connect = match &**library {
        "openssl" => openssl::client(way, Path::new(file)),
        "mbedtls" => mbedtls::client(way, Path::new(file)),
        _ => panic!("no such library"),
    };
    let connections: usize = connections.parse().expect("a number");
    for number in 0..connections {
        let tcp = TcpStream::connect(address).expect("a server");
        connect(&format!("host{}.bench.test", number % HOSTS), tcp);
    }
    // SAFETY: a call without conditions, and this process has one thread.
    #[allow(unsafe_code, reason = "what malloc says of itself")]
    let heap = unsafe { libc::mallinfo2() };
    println!("{} {}", heap.arena, heap.uordblks);
}

/// What makes a connection and ends it.
pub(crate) type Connect = Box<dyn Fn(&str, TcpStream)>;
