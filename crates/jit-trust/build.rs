//! Writes Mozilla's list as a trust blob, with the conditions that Mozilla puts on some roots, to be compiled in.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "mozilla")]
    mozilla::write_blob();
}

#[cfg(feature = "mozilla")]
mod mozilla {
    use std::{env, fs, path::Path};

    use jit_trust_core::mozilla::LIST_GENERATION;
    use jit_trust_core::{Certificate, Entry, mozilla, v2};
    use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

    pub(super) fn write_blob() {
        let certificates = TLS_SERVER_ROOT_CERTS.iter();
        let entries: Vec<_> = certificates
            .map(|der| Certificate::from_der(der.as_ref()).expect("Mozilla's roots can be read"))
            .map(|certificate| mozilla::with_conditions(Entry::from_certificate(certificate)))
            .collect();
        let options = v2::Options::default();
        let blob =
            v2::to_vec(&entries, options, LIST_GENERATION).expect("Mozilla's list fits into a trust blob");
        let out_dir = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
        fs::write(Path::new(&out_dir).join("mozilla.tblb"), blob).expect("OUT_DIR can be written to");
    }
}
