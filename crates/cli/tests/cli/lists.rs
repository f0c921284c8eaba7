//! Lists that say more of a root than its certificate does, in their published forms.

use jit_trust_lab::pki::Ca;

/// A day up to which a root is trusted, as CCADB's report has it; 2024-11-30T23:59:59Z, its last second, in Unix time, and
/// as `certdata.txt` has it.
pub(crate) const DAY: &str = "2024.11.30";
pub(crate) const LAST_SECOND: i64 = 1_733_011_199;
const UTC_TIME: &str = "241130235959Z";

/// CCADB's report of these roots: each with its date and its constraints, which may be empty.
pub(crate) fn ccadb(rows: &[(&Ca, &str, &str)]) -> String {
    let header =
        "\"Trust Bits\",\"Distrust for TLS After Date\",\"Mozilla Applied Constraints\",\"PEM Info\"\n";
    let rows = rows.iter().map(|(root, date, constraints)| {
        let pem = root.pem();
        format!(
            "\"Websites\",\"{date}\",\"{constraints}\",\"'{}'\"\n",
            pem.trim_end()
        )
    });
    header.to_owned() + &rows.collect::<String>()
}

/// NSS's `certdata.txt` of one root, which is trusted up to [`DAY`].
pub(crate) fn certdata(root: &Ca) -> String {
    let serial = [&[2, u8::try_from(root.serial().len()).unwrap()], root.serial()].concat();
    let key = format!(
        "CKA_LABEL UTF8 \"A root\"\n{}{}",
        octal("CKA_ISSUER", root.issuer().der()),
        octal("CKA_SERIAL_NUMBER", &serial)
    );
    format!(
        "BEGINDATA\nCKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE\n{key}{}{}\n\
         CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST\n{key}CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR\n",
        octal("CKA_VALUE", &root.der()),
        octal("CKA_NSS_SERVER_DISTRUST_AFTER", UTC_TIME.as_bytes())
    )
}

fn octal(name: &str, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
    format!("{name} MULTILINE_OCTAL\n{digits}\nEND\n")
}
