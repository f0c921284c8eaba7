//! `--insecure`: servers that need not be trusted.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use jit_trust::openssl::Verifier;
use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslRef, SslVerifyMode};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509CheckFlags;
use openssl::x509::{X509, X509PurposeId, X509StoreContext};
use pki_types::ServerName;
use tokio_openssl::SslStream;

use super::super::{Connect, Connected, Connecting, Protocols};
use super::{agreed, broken_off, context, host, verifier};
use crate::exit::Failure;
use crate::http::connector::BoxedStream;
use crate::store::Store;
use crate::trust::LastDecision;

/// Makes connections to any server that holds the key of its certificate, and has the verdict on it told to whoever
/// listens to the verifier, whatever it is.
pub(in super::super) struct Insecure {
    context: SslContext,
    verifier: Arc<Verifier>,
}

impl Insecure {
    pub(in super::super) fn new(
        store: &Store,
        protocols: Protocols,
        last: &LastDecision,
    ) -> Result<Self, Failure> {
        let mut context = context(protocols).map_err(Failure::failed)?;
        context.set_verify(SslVerifyMode::NONE);
        Ok(Self {
            context: context.build(),
            verifier: Arc::new(verifier(store, last)),
        })
    }

    /// Has it told whether the server would have been trusted. A store may be waited for, which must hold nothing else up.
    async fn judge(&self, rules: X509Store, sent: Vec<X509>) {
        let verifier = self.verifier.clone();
        let judged = tokio::task::spawn_blocking(move || -> Result<(), ErrorStack> {
            let Some(own) = sent.first() else { return Ok(()) };
            let mut all = Stack::new()?;
            for certificate in &sent {
                all.push(certificate.clone())?;
            }
            // Whoever listens has heard it.
            X509StoreContext::new()?.init(&rules, own, &all, |context| verifier.verify(context))?;
            Ok(())
        });
        // It fails where the runtime ends, and then nobody wants to know any more.
        let _ = judged.await;
    }
}

impl Connect for Insecure {
    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async move {
            let prepared = prepare(&self.context, &host(&name))
                .and_then(|(ssl, rules)| Ok((SslStream::new(ssl, stream)?, rules)));
            let (mut stream, rules) = prepared.map_err(|error| error.to_string())?;
            let shaken = Pin::new(&mut stream).connect().await;
            self.judge(rules, sent(stream.ssl())).await;
            shaken.map_err(|error| broken_off(&error))?;
            let (version, is_http2) = agreed(stream.ssl());
            Ok(Connected {
                stream: Box::new(stream),
                version,
                is_http2,
            })
        })
    }
}

/// A connection to this server, and the rules by which its certificate is judged: OpenSSL's own for servers. In the place
/// of roots they hold none.
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

/// The certificates that the server has sent, its own first.
fn sent(ssl: &SslRef) -> Vec<X509> {
    let sent = ssl.peer_cert_chain().into_iter().flatten();
    sent.map(ToOwned::to_owned).collect()
}

impl fmt::Debug for Insecure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insecure").finish_non_exhaustive()
    }
}
