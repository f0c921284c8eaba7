//! All roots loaded, in OpenSSL.

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslMethod};
use openssl::stack::{Stack, StackRef};
use openssl::x509::store::{X509Store, X509StoreBuilder, X509StoreRef};
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext, X509VerifyResult};
use pki_types::ServerName;

/// The system's OpenSSL with the system's roots, which it loads from where it was built to look, or from SSL_CERT_FILE and
/// SSL_CERT_DIR.
pub(super) struct OpenSsl {
    roots: X509Store,
    /// The one that the system configures.
    security_level: i32,
}

impl OpenSsl {
    pub(super) fn with_default_roots() -> Result<Self, ErrorStack> {
        let context = SslContext::builder(SslMethod::tls_client())?.build();
        let security_level = i32::try_from(context.security_level()).unwrap_or(i32::MAX);
        let mut roots = X509StoreBuilder::new()?;
        roots.set_default_paths()?;
        roots.set_param(&*parameters(security_level)?)?;
        Ok(Self {
            roots: roots.build(),
            security_level,
        })
    }

    pub(super) fn verify(&self, host: &ServerName<'_>, own: &[u8], others: &[&[u8]]) -> Result<(), String> {
        match self.result(host, own, others) {
            Ok(X509VerifyResult::OK) => Ok(()),
            Ok(refused) => Err(refused.error_string().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn result(
        &self,
        host: &ServerName<'_>,
        own: &[u8],
        others: &[&[u8]],
    ) -> Result<X509VerifyResult, ErrorStack> {
        let own = X509::from_der(own)?;
        let mut untrusted = Stack::new()?;
        for der in others {
            untrusted.push(X509::from_der(der)?)?;
        }
        match run(&self.roots, &own, &untrusted)? {
            X509VerifyResult::OK => self.verify_name(host, &own),
            refused => Ok(refused),
        }
    }

    /// Whether it is this host's, by itself. A host could be set for the roots as well, but never be taken back, and to
    /// load them anew takes long.
    fn verify_name(&self, host: &ServerName<'_>, own: &X509) -> Result<X509VerifyResult, ErrorStack> {
        let mut parameters = parameters(self.security_level)?;
        parameters.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
        match host {
            ServerName::IpAddress(address) => parameters.set_ip((*address).into())?,
            name => {
                let name = name.to_str();
                parameters.set_host(name.strip_suffix('.').unwrap_or(&name))?;
            }
        }
        let mut itself = X509StoreBuilder::new()?;
        itself.add_cert(own.clone())?;
        itself.set_param(&parameters)?;
        run(&itself.build(), own, &*Stack::new()?)
    }
}

/// As a TLS client sets them.
fn parameters(security_level: i32) -> Result<X509VerifyParam, ErrorStack> {
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_purpose(X509PurposeId::SSL_SERVER)?;
    parameters.set_auth_level(security_level);
    Ok(parameters)
}

fn run(
    trusted: &X509StoreRef,
    own: &X509Ref,
    untrusted: &StackRef<X509>,
) -> Result<X509VerifyResult, ErrorStack> {
    X509StoreContext::new()?.init(trusted, own, untrusted, |context| {
        context.verify_cert()?;
        Ok(context.error())
    })
}
