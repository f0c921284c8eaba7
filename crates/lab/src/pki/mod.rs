//! A private web PKI: keys, names and X.509 certificates, right by default and wrong where asked.
//!
//! [`Ca`] and [`Leaf`] make what a test usually wants in one line. Everything else goes through
//! [`CertificateBuilder`], from [`Ca::builder`], [`Leaf::builder`] or [`Ca::reissue`]. Certificates are
//! encoded here, tag by tag, because a library that makes only valid ones cannot make the others; rcgen makes
//! the keys and the signatures.
//!
//! ```
//! use jit_trust_lab::pki::{Ca, KeyKind, Leaf, SubjectKeyId};
//!
//! let root = Ca::builder("No key identifier").subject_key_id(SubjectKeyId::Absent).self_signed();
//! let issuing = root.intermediate("Lab CA");
//! let leaf = Leaf::builder(&["a.test", "127.0.0.1"]).key_kind(KeyKind::EcdsaP384).issued_by(&issuing);
//! assert_eq!(leaf.chain(&[&issuing]).len(), 2);
//! ```

mod builder;
mod ca;
mod copy;
pub mod der;
mod extension;
pub mod garbage;
mod key;
mod leaf;
mod name;
mod pem;
mod time;
mod weak_rsa;

pub use builder::CertificateBuilder;
pub use ca::Ca;
pub use copy::RootFacts;
pub use extension::{
    AuthorityKeyId, BasicConstraints, Extension, KeyUsage, SubjectKeyId, dns_name_constraints, oid,
};
pub use key::{Key, KeyKind};
pub use leaf::Leaf;
pub use name::{Attribute, Name, StringType};
pub use pem::pem;
pub use time::{DAY, HOUR, YEAR, now};
