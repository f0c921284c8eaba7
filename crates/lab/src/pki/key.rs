//! Key pairs and their signatures.

use std::sync::Arc;

use pki_types::{AlgorithmIdentifier, PrivateKeyDer, PrivatePkcs8KeyDer, alg_id};
use rcgen::{KeyPair, PublicKeyData, RsaKeySize, SignatureAlgorithm, SigningKey};

use super::{der, oid, weak_rsa};

/// The kind of a key, and the hash with which it signs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521,
    /// RSA of 2048 bits, PKCS #1 v1.5 with SHA-256. Slow to generate.
    Rsa2048,
    /// RSA of 4096 bits, PKCS #1 v1.5 with SHA-256. Takes seconds to generate.
    Rsa4096,
    /// Ed25519.
    Ed25519,
}

impl KeyKind {
    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Self::EcdsaP521 => &rcgen::PKCS_ECDSA_P521_SHA512,
            Self::Rsa2048 | Self::Rsa4096 => &rcgen::PKCS_RSA_SHA256,
            Self::Ed25519 => &rcgen::PKCS_ED25519,
        }
    }
}

/// A key pair. Clones are cheap and are the same key.
#[derive(Clone, Debug)]
pub struct Key {
    kind: KeyKind,
    pair: Arc<KeyPair>,
}

impl Key {
    /// A new random key.
    pub fn generate(kind: KeyKind) -> Self {
        let pair = match kind {
            KeyKind::Rsa4096 => KeyPair::generate_rsa_for(kind.algorithm(), RsaKeySize::_4096),
            _ => KeyPair::generate_for(kind.algorithm()),
        };
        Self {
            kind,
            pair: Arc::new(pair.expect("aws-lc generates every kind of key named here")),
        }
    }

    /// The RSA key of this number, for tests that need many, or the same every time. It takes no time to make
    /// and gives no security: its primes are known. There are 2016 of 2048 bits and 276 of 4096.
    ///
    /// # Panics
    ///
    /// When `kind` isn't RSA, or has no key of this number.
    pub fn weak_rsa(kind: KeyKind, number: usize) -> Self {
        let size = match kind {
            KeyKind::Rsa2048 => weak_rsa::Size::Bits2048,
            KeyKind::Rsa4096 => weak_rsa::Size::Bits4096,
            _ => panic!("{kind:?} is not RSA"),
        };
        Self::from_pkcs8(kind, weak_rsa::pkcs8(size, number))
    }

    /// The ECDSA key whose private key is this number (big-endian, its first bit taken for zero): the same
    /// key every time.
    ///
    /// # Panics
    ///
    /// When `kind` isn't ECDSA, or the number is zero.
    pub fn ecdsa(kind: KeyKind, private: &[u8; 32]) -> Self {
        let (curve, len) = match kind {
            KeyKind::EcdsaP256 => (oid::P256, 32),
            KeyKind::EcdsaP384 => (oid::P384, 48),
            KeyKind::EcdsaP521 => (oid::P521, 66),
            _ => panic!("{kind:?} is not ECDSA"),
        };
        let mut scalar = vec![0; len];
        scalar[len - private.len()..].copy_from_slice(private);
        // So that it is less than the order of P-256 too.
        scalar[len - private.len()] &= 0x7f;
        // RFC 5915 in RFC 5208: the curve is named outside, and the public key follows from the private one.
        let pkcs8 = der::sequence(&[
            &der::integer(&[0]),
            &der::sequence(&[
                &der::object_identifier(oid::EC_PUBLIC_KEY),
                &der::object_identifier(curve),
            ]),
            &der::octet_string(&der::sequence(&[
                &der::integer(&[1]),
                &der::octet_string(&scalar),
            ])),
        ]);
        Self::from_pkcs8(kind, pkcs8)
    }

    /// The Ed25519 key of this private key (RFC 8032): the same key and the same signatures every time.
    pub fn ed25519(private: &[u8; 32]) -> Self {
        // RFC 8410 section 7: the private key is an OCTET STRING inside the OCTET STRING.
        let pkcs8 = der::sequence(&[
            &der::integer(&[0]),
            &der::sequence(&[alg_id::ED25519.as_ref()]),
            &der::octet_string(&der::octet_string(private)),
        ]);
        Self::from_pkcs8(KeyKind::Ed25519, pkcs8)
    }

    fn from_pkcs8(kind: KeyKind, pkcs8: Vec<u8>) -> Self {
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), kind.algorithm());
        Self {
            kind,
            pair: Arc::new(pair.expect("the private key is one of its kind")),
        }
    }

    /// The kind this key is of.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The private key, PKCS #8.
    pub fn private_der(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.pair.serialize_der()).into()
    }

    /// The private key, PKCS #8 in PEM.
    pub fn private_pem(&self) -> String {
        super::pem::encode("PRIVATE KEY", self.private_der().secret_der())
    }

    /// The DER SubjectPublicKeyInfo, its SEQUENCE header included.
    pub fn spki(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    /// The DER AlgorithmIdentifier of this key's signatures.
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        let identifier: AlgorithmIdentifier = match self.kind {
            KeyKind::EcdsaP256 => alg_id::ECDSA_SHA256,
            KeyKind::EcdsaP384 => alg_id::ECDSA_SHA384,
            KeyKind::EcdsaP521 => alg_id::ECDSA_SHA512,
            KeyKind::Rsa2048 | KeyKind::Rsa4096 => alg_id::RSA_PKCS1_SHA256,
            KeyKind::Ed25519 => alg_id::ED25519,
        };
        der::sequence(&[identifier.as_ref()])
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair
            .sign(message)
            .expect("aws-lc signs with a key that it generated")
    }
}
