//! Client configurations with a verifier.

use std::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};

use jit_trust_engine::TrustPolicy;

use crate::Verifier;

/// A client configuration that verifies servers by `policy`, a [`TrustPolicy`] or a single store, with the process-wide
/// [`CryptoProvider`] and without a client certificate.
///
/// A session is resumed only while the anchor that it depends on is in a store unchanged.
///
/// # Panics
/// Like [`ClientConfig::builder`], when there is no process-wide provider and the features of rustls do not determine one.
/// [`client_config_with_provider`] never panics.
///
/// ```
/// # rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
/// let config = jit_trust::client_config(jit_trust::mozilla());
/// ```
pub fn client_config(policy: impl Into<TrustPolicy>) -> ClientConfig {
    trusting(policy, ClientConfig::builder())
}

/// As [`client_config`], with this provider of cryptography.
///
/// # Errors
/// When the provider supports no cipher suite of TLS 1.2 or 1.3.
///
/// ```
/// # fn main() -> Result<(), rustls::Error> {
/// let provider = rustls::crypto::ring::default_provider();
/// let config = jit_trust::client_config_with_provider(jit_trust::mozilla(), provider.into())?;
/// # Ok(())
/// # }
/// ```
pub fn client_config_with_provider(
    policy: impl Into<TrustPolicy>,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(trusting(policy, builder))
}

fn trusting(
    policy: impl Into<TrustPolicy>,
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
) -> ClientConfig {
    let mut verifier = Verifier::with_provider(policy, builder.crypto_provider());
    let resumption = verifier.resumption();
    let builder: ConfigBuilder<_, WantsClientCert> = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = builder.with_no_client_auth();
    config.resumption = resumption;
    config
}
