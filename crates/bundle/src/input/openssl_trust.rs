//! OpenSSL's `TRUSTED CERTIFICATE`: a certificate, followed by its trust settings (`X509_CERT_AUX` of OpenSSL's `x509.h`).

use super::der::{CONTEXT_0, Elements, SEQUENCE};
use super::purposes;

/// The trust settings for servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Servers {
    Trusted,
    /// It is trusted only for other purposes.
    NotTrusted,
    /// It is rejected for them.
    Rejected,
}

/// The certificate, and its trust settings for servers. OpenSSL's rule: a certificate is not trusted for rejected purposes. If
/// there are trusted purposes, it is trusted only for these; without any settings, it is trusted. `None` when the settings
/// cannot be read.
pub(super) fn read(der: &[u8]) -> Option<(Vec<u8>, Servers)> {
    let mut elements = Elements::of(der);
    let certificate = elements.next()?.whole.to_vec();
    if elements.is_at_end() {
        return Some((certificate, Servers::Trusted));
    }
    let mut settings = Elements::within(SEQUENCE, elements.rest())?;
    let trusted = match settings.next_of(SEQUENCE) {
        Some(purposes) => purposes::have_servers(Elements::of(purposes))?,
        None => true,
    };
    let rejected = match settings.next_of(CONTEXT_0) {
        Some(purposes) => purposes::have_servers(Elements::of(purposes))?,
        None => false,
    };
    // A name and a key identifier may follow, and what OpenSSL keeps for others.
    settings.by_ref().count();
    let servers = match (trusted, rejected) {
        (_, true) => Servers::Rejected,
        (true, false) => Servers::Trusted,
        (false, false) => Servers::NotTrusted,
    };
    settings.is_at_end().then_some((certificate, servers))
}
