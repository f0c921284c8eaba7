//! The client: connects, and says what its heap came to.

use std::net::TcpStream;

use super::HOSTS;

/// What makes a connection and ends it.
pub(crate) type Connect = Box<dyn Fn(&str, TcpStream)>;

/// Makes so many connections.
pub(crate) fn run(connect: &Connect, address: &str, connections: usize) {
    for number in 0..connections {
        let tcp = TcpStream::connect(address).expect("a server");
        connect(&format!("host{}.bench.test", number % HOSTS), tcp);
    }
    // SAFETY: a call without conditions, and this process has one thread.
    #[allow(unsafe_code, reason = "what malloc says of itself")]
    let heap = unsafe { libc::mallinfo2() };
    println!("{} {}", heap.arena, heap.uordblks);
}
