//! Opens a trust blob and asks it about a chain: without std, without an allocator. If anything in it needed
//! std, there would be two panic handlers; if anything needed alloc, an allocator would be missing.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use jit_trust_core::{PeerChain, TrustAnchor, TrustBlob};

// For the program's start and for memcpy, which bare metal has from its own runtime.
#[link(name = "c")]
unsafe extern "C" {}

/// The host's `core` is built for unwinding and names this; nothing unwinds here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// The number of anchors that could have issued one of the certificates.
fn select(blob: &[u8], sent: &[&[u8]]) -> usize {
    let (Ok(blob), Ok(chain)) = (TrustBlob::open(blob), PeerChain::read(sent.iter().copied())) else {
        return 0;
    };
    let profiles = blob.entries().filter(|entry| entry.profile().is_self_issued && entry.spki_sha256()[0] == 0);
    let is_written = |anchor: &TrustAnchor<'_>| anchor.to_certificate(&mut [0; 2048]).is_ok();
    chain.queries().count() + profiles.count() + blob.issuers_of(&chain).filter(is_written).filter(|anchor| anchor.subject().hash().as_bytes()[0] == 0).count()
}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let blob = core::hint::black_box(&[0_u8; 28][..]);
    let certificate = core::hint::black_box(&[0_u8; 28][..]);
    i32::from(select(blob, &[certificate]) > 0)
}
