//! A client configuration, ready to connect.

use std::sync::Arc;

use rustls::client::{Resumption, WantsClientCert};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};

use super::ServerVerifier;
use crate::TrustStore;

/// A client configuration that trusts what `store` holds, just in time, with the process-wide
/// [`CryptoProvider`]; no client certificate.
///
/// Sessions are resumed where the store cannot change while it is open. Where it can, as a directory can, they are not:
/// rustls asks no verifier about a resumed session, which would go on leaning on an anchor that is gone.
///
/// # Panics
/// As [`ClientConfig::builder`] does, when there is no process-wide provider and the features of rustls do not say
/// which one it is to be. [`client_config_with_provider`] never panics.
///
/// ```
/// # rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
/// let config = jit_trust::client_config(jit_trust::mozilla());
/// ```
pub fn client_config(store: impl TrustStore + 'static) -> ClientConfig {
    trusting(store, ClientConfig::builder())
}

/// As [`client_config`], with a given provider of cryptography.
///
/// # Errors
/// When the provider supports no cipher suite of TLS 1.2 and 1.3.
///
/// ```
/// # fn main() -> Result<(), rustls::Error> {
/// let provider = rustls::crypto::ring::default_provider();
/// let config = jit_trust::client_config_with_provider(jit_trust::mozilla(), provider.into())?;
/// # Ok(())
/// # }
/// ```
pub fn client_config_with_provider(
    store: impl TrustStore + 'static,
    provider: Arc<CryptoProvider>,
) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(trusting(store, builder))
}

fn trusting(
    store: impl TrustStore + 'static,
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
) -> ClientConfig {
    let may_change = store.may_change();
    let verifier = ServerVerifier::with_provider(store, builder.crypto_provider());
    let builder: ConfigBuilder<_, WantsClientCert> = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = builder.with_no_client_auth();
    if may_change {
        config.resumption = Resumption::disabled();
    }
    config
}
