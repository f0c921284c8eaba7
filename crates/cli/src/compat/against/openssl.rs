//! All roots loaded, in OpenSSL.

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslMethod};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509CheckFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509StoreContext, X509VerifyResult};
use pki_types::ServerName;

use super::Judge;
use crate::exit::Failure;

/// The system's OpenSSL with the system's roots, which it loads from where it was built to look, or from SSL_CERT_FILE and
/// SSL_CERT_DIR.
pub(super) fn with_its_default_roots() -> Result<Box<dyn Judge>, Failure> {
    let context = SslContext::builder(SslMethod::tls_client()).map_err(Failure::failed)?;
    let security_level = context.build().security_level();
    let security_level = i32::try_from(security_level).unwrap_or(i32::MAX);
    Ok(Box::new(OpenSsl { security_level }))
}

#[derive(Debug)]
struct OpenSsl {
    /// The one that the system configures.
    security_level: i32,
}

impl Judge for OpenSsl {
    /// Loads the roots anew: what is set for one host cannot be taken back.
    fn judge(&self, host: &ServerName<'_>, own: &[u8], others: &[&[u8]]) -> Result<(), String> {
        match self.verify(host, own, others) {
            Ok(X509VerifyResult::OK) => Ok(()),
            Ok(refused) => Err(refused.error_string().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl OpenSsl {
    fn verify(
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
        let mut store = X509StoreBuilder::new()?;
        store.set_default_paths()?;
        let parameters = self.parameters(host)?;
        store.set_param(&parameters)?;
        X509StoreContext::new()?.init(&store.build(), &own, &untrusted, |context| {
            context.verify_cert()?;
            Ok(context.error())
        })
    }

    /// As a TLS client sets them.
    fn parameters(&self, host: &ServerName<'_>) -> Result<X509VerifyParam, ErrorStack> {
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_purpose(X509PurposeId::SSL_SERVER)?;
        parameters.set_auth_level(self.security_level);
        parameters.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
        match host {
            ServerName::IpAddress(address) => parameters.set_ip((*address).into())?,
            name => {
                let name = name.to_str();
                parameters.set_host(name.strip_suffix('.').unwrap_or(&name))?;
            }
        }
        Ok(parameters)
    }
}
