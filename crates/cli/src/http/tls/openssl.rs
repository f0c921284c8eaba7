//! TLS by OpenSSL.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use jit_trust::openssl::{TokioConnector, Verifier, key_not_proven};
use openssl::error::ErrorStack;
use openssl::ssl::{self, Ssl, SslContext, SslContextBuilder, SslMethod, SslRef, SslVerifyMode, SslVersion};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509PurposeId, X509StoreContext};
use pki_types::ServerName;
use tokio_openssl::SslStream;

use super::connect::{self, BoxedStream, Connect, Connected, Connecting, H2, Protocols, Report, host};
use crate::exit::{Failure, causes};
use crate::shown::shown;
use crate::store::Store;

/// What the system's OpenSSL calls itself.
pub(super) fn version() -> &'static str {
    openssl::version::version()
}

pub(super) struct OpenSsl {
    trusting: TokioConnector,
    insecure: SslContext,
    /// Judges what `insecure` was sent.
    verifier: Arc<Verifier>,
}

impl OpenSsl {
    pub(super) fn new(store: &Store, protocols: Protocols) -> Result<Self, Failure> {
        let verifier = || Verifier::new(store.policy.clone());
        let contexts = context(protocols).and_then(|mut trusting| {
            verifier().attach(&mut trusting)?;
            let mut insecure = context(protocols)?;
            insecure.set_verify(SslVerifyMode::NONE);
            Ok((trusting.build(), insecure.build()))
        });
        let (trusting, insecure) = contexts.map_err(Failure::failed)?;
        let trusting = TokioConnector::with_context(trusting);
        Ok(Self {
            trusting: trusting.ok_or_else(|| Failure::failed("OpenSSL has lost its verifier"))?,
            insecure,
            verifier: Arc::new(verifier()),
        })
    }

    async fn judge(&self, rules: X509Store, sent: Vec<X509>) -> Report {
        let verifier = self.verifier.clone();
        let verify = move || -> Result<Report, ErrorStack> {
            let Some(own) = sent.first() else { return Ok(None) };
            let mut all = Stack::new()?;
            for certificate in &sent {
                all.push(certificate.clone())?;
            }
            let mut context = X509StoreContext::new()?;
            context.init(&rules, own, &all, |context| verifier.report(context).map(Some))
        };
        connect::judge(move || verify().ok().flatten()).await
    }
}

impl Connect for OpenSsl {
    fn prefetch(&self, name: &ServerName<'_>) -> usize {
        self.trusting.prefetch(&host(name))
    }

    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async move {
            match self.trusting.connect(&host(&name), stream).await {
                Ok(stream) => {
                    let (report, agreed) = (stream.report().cloned(), agreed(stream.ssl()));
                    (report.map(Box::new), Ok(Connected::over(stream, agreed)))
                }
                Err(error) => connect::broken_off(error, |error: &ssl::Error| Some(broken_off(error))),
            }
        })
    }

    fn connect_insecurely<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async move {
            let prepared = prepare(&self.insecure, &host(&name))
                .and_then(|(ssl, rules)| Ok((SslStream::new(ssl, stream)?, rules)));
            let (mut stream, rules) = match prepared {
                Ok(prepared) => prepared,
                Err(error) => return (None, Err(error.to_string())),
            };
            let shaken = Pin::new(&mut stream).connect().await;
            let sent = stream.ssl().peer_cert_chain().into_iter().flatten();
            let sent = sent.map(ToOwned::to_owned).collect();
            let report = self.judge(rules, sent).await;
            let agreed = agreed(stream.ssl());
            let connected = shaken.map(|()| Connected::over(stream, agreed));
            (report, connected.map_err(|error| broken_off(&error)))
        })
    }
}

fn context(protocols: Protocols) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    // Each name after its length (RFC 7301 section 3.1).
    let names = protocols.alpn().iter();
    let names: Vec<u8> = names
        .flat_map(|name| u8::try_from(name.len()).into_iter().chain(name.iter().copied()))
        .collect();
    context.set_alpn_protos(&names)?;
    Ok(context)
}

/// A connection to this server, and the rules by which its certificate is judged: OpenSSL's own for servers. They hold no
/// roots.
fn prepare(context: &SslContext, host: &str) -> Result<(Ssl, X509Store), ErrorStack> {
    let mut ssl = Ssl::new(context)?;
    let level = i32::try_from(ssl.security_level()).unwrap_or(i32::MAX);
    let address: Option<IpAddr> = host.parse().ok();
    let param = ssl.param_mut();
    param.set_auth_level(level);
    match address {
        Some(address) => param.set_ip(address)?,
        None => {
            param.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
            param.set_host(host)?;
        }
    }
    let mut rules = X509StoreBuilder::new()?;
    rules.set_param(param)?;
    rules.set_purpose(X509PurposeId::SSL_SERVER)?;
    if address.is_none() {
        ssl.set_hostname(host)?;
    }
    Ok((ssl, rules.build()))
}

/// The version of TLS, and whether to speak HTTP/2.
fn agreed(ssl: &SslRef) -> (&'static str, bool) {
    (ssl.version_str(), ssl.selected_alpn_protocol() == Some(H2))
}

/// Why a handshake failed.
fn broken_off(error: &ssl::Error) -> String {
    let Some(errors) = error.ssl_error() else {
        return causes(error);
    };
    if let Some(rejection) = key_not_proven(error) {
        return rejection.to_string();
    }
    let reasons = errors.errors().iter();
    let reasons: Vec<&str> = reasons.filter_map(openssl::error::Error::reason).collect();
    shown(reasons.join(", ")).to_string()
}
