//! Key pairs and their signatures.

use std::sync::Arc;

use pki_types::{AlgorithmIdentifier, PrivateKeyDer, PrivatePkcs8KeyDer, alg_id};
use rcgen::{KeyPair, PublicKeyData, SigningKey};

use super::der;

/// What a key is of, and with which hash it signs.
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
    /// Ed25519.
    Ed25519,
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
        let algorithm = match kind {
            KeyKind::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyKind::EcdsaP521 => &rcgen::PKCS_ECDSA_P521_SHA512,
            KeyKind::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
            KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
        };
        let pair = KeyPair::generate_for(algorithm).expect("aws-lc generates every kind of key named here");
        Self {
            kind,
            pair: Arc::new(pair),
        }
    }

    /// The Ed25519 key of this private key (RFC 8032): the same key and the same signatures every time.
    pub fn ed25519(private: &[u8; 32]) -> Self {
        // RFC 8410 section 7: the private key is an OCTET STRING inside the OCTET STRING.
        let pkcs8 = der::sequence(&[
            &der::integer(&[0]),
            &der::sequence(&[alg_id::ED25519.as_ref()]),
            &der::octet_string(&der::octet_string(private)),
        ]);
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), &rcgen::PKCS_ED25519);
        Self {
            kind: KeyKind::Ed25519,
            pair: Arc::new(pair.expect("any 32 bytes are an Ed25519 private key")),
        }
    }

    /// The ECDSA key on P-256 of this private key (FIPS 186-5): the same key every time, but other signatures.
    ///
    /// # Panics
    /// Where the number is zero, or not below the order of the curve's base point.
    pub fn ecdsa_p256(private: &[u8; 32]) -> Self {
        // RFC 5915 section 3, inside of RFC 5208; the public key is computed.
        let ec_private_key = der::sequence(&[&der::integer(&[1]), &der::octet_string(private)]);
        let pkcs8 = der::sequence(&[
            &der::integer(&[0]),
            &der::sequence(&[alg_id::ECDSA_P256.as_ref()]),
            &der::octet_string(&ec_private_key),
        ]);
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), &rcgen::PKCS_ECDSA_P256_SHA256);
        Self {
            kind: KeyKind::EcdsaP256,
            pair: Arc::new(pair.expect("a number that is a private key")),
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
            KeyKind::Rsa2048 => alg_id::RSA_PKCS1_SHA256,
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
