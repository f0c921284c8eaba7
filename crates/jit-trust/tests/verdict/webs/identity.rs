//! The names, keys and times of all webs: fixed, so that a web is the same whenever it is made. LookupKind are of a kind that
//! mbedTLS knows.

use std::sync::LazyLock;

use jit_trust_lab::pki::{Ca, DAY, Key, KeyKind, Name, YEAR};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::spec::{Constraints, Identity, KEYS, NAMES, SubjectId, Time, Validity};

/// The host that leaves are for, and another.
pub(super) const HOST: &str = "a.test";
const ANOTHER: &str = "another.test";

/// When leaves are issued, 2026-01-01, in Unix seconds.
pub(super) const ISSUED: i64 = 1_767_225_600;
const LAST_VALID: i64 = ISSUED + 5 * DAY;
const USUAL: i64 = ISSUED + 10 * DAY;
const TOO_LATE: i64 = ISSUED + YEAR;

/// Each key under each name, to issue certificates with.
static STRANGERS: LazyLock<Vec<Ca>> = LazyLock::new(|| {
    let of_name = |name: u8| {
        let name = Name::from(format!("CA {name}").as_str());
        (0..KEYS).map(move |key| self_signed(name.clone(), key))
    };
    (0..NAMES).flat_map(of_name).collect()
});

/// A CA for each root of Mozilla's list, with its name and another key.
static IMPOSTORS: LazyLock<Vec<Ca>> = LazyLock::new(|| {
    let impostor = |(place, root): (usize, &pki_types::CertificateDer<'_>)| {
        let (_, root) = X509Certificate::from_der(root).unwrap();
        let name = Name::from_der(root.subject().as_raw());
        self_signed(name, u8::try_from(place % usize::from(KEYS)).unwrap())
    };
    TLS_SERVER_ROOT_CERTS.iter().enumerate().map(impostor).collect()
});

static KEY_PAIRS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    (1..=KEYS)
        .map(|number| Key::ecdsa(KeyKind::EcdsaP256, &[number; 32]))
        .collect()
});

fn self_signed(name: Name, key: u8) -> Ca {
    let (not_before, not_after) = Validity::Valid.of_ca();
    Ca::builder(name)
        .key(self::key(key))
        .serial(&[3, key])
        .validity(not_before, not_after)
        .self_signed()
}

pub(super) fn key(number: u8) -> &'static Key {
    &KEY_PAIRS[usize::from(number)]
}

pub(super) fn stranger(identity: Identity) -> &'static Ca {
    &STRANGERS[usize::from(identity.name) * usize::from(KEYS) + usize::from(identity.key)]
}

pub(super) fn impostor(number: u8) -> &'static Ca {
    &IMPOSTORS[usize::from(number) % IMPOSTORS.len()]
}

impl SubjectId {
    pub(super) fn of_certificate(self) -> jit_trust_lab::pki::SubjectKeyId {
        use jit_trust_lab::pki::SubjectKeyId;

        match self {
            Self::Derived => SubjectKeyId::Derived,
            Self::Absent => SubjectKeyId::Absent,
            Self::Long => SubjectKeyId::Bytes(vec![7; 64]),
            Self::OfKey(key) => SubjectKeyId::Bytes(key_id_of(key)),
        }
    }
}

/// The identifier that the lab derives of this key.
pub(super) fn key_id_of(key: u8) -> Vec<u8> {
    let ca = stranger(Identity { name: 0, key });
    ca.subject_key_id().unwrap().to_vec()
}

impl Validity {
    /// The validity of a CA's certificate, whatever leaf it is above.
    pub(super) fn of_ca(self) -> (i64, i64) {
        self.from(ISSUED - YEAR)
    }

    pub(super) fn from(self, not_before: i64) -> (i64, i64) {
        match self {
            Self::Valid => (not_before, TOO_LATE - 1),
            Self::Expired => (not_before, LAST_VALID),
            Self::NotYetValid => (USUAL + 1, TOO_LATE - 1),
        }
    }
}

impl Time {
    pub(super) fn unix_seconds(self) -> i64 {
        match self {
            Self::Usual => USUAL,
            Self::LastValid => LAST_VALID,
            Self::TooLate => TOO_LATE,
        }
    }
}

impl Constraints {
    /// The DNS names that are permitted, and those that are excluded.
    pub(super) fn permitted_and_excluded(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::None => (&[], &[]),
            Self::PermitHost => (&[HOST], &[]),
            Self::ExcludeHost => (&[], &[HOST]),
            Self::PermitAnother => (&[ANOTHER], &[]),
        }
    }
}
