//! The options of a remote store.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::settings::Settings;
use super::traffic::Counters;
use super::url::WebrootUrl;
use super::{RemoteError, RemoteStore, tls};
use jit_trust_engine::LookupKind;

/// The time without a lookup after which the connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest timeout. The clock could not hold any time.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A builder of a [`RemoteStore`].
#[must_use = "a builder does nothing until build is called"]
pub struct RemoteStoreBuilder {
    url: String,
    roots: RootCertStore,
    /// The error of the first CA that cannot be used.
    error: Option<RemoteError>,
    kind: LookupKind,
    connect_timeout: Duration,
    query_timeout: Duration,
    idle_timeout: Duration,
    provider: Option<Arc<CryptoProvider>>,
}

impl RemoteStoreBuilder {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            roots: RootCertStore::empty(),
            error: None,
            kind: LookupKind::Subject,
            connect_timeout: Duration::from_secs(5),
            query_timeout: Duration::from_secs(10),
            idle_timeout: IDLE_TIMEOUT,
            provider: None,
        }
    }

    /// Adds CAs, as certificates in DER, by which the webroot's server is verified. Their validity is not checked.
    pub fn trust_certificates<D: AsRef<[u8]>>(mut self, ders: impl IntoIterator<Item = D>) -> Self {
        for der in ders {
            if let Err(error) = self.roots.add(CertificateDer::from(der.as_ref())) {
                self.error.get_or_insert(RemoteError::trust(error));
            }
        }
        self
    }

    /// Adds CAs: all certificates of a PEM text.
    pub fn trust_pem(mut self, pem: &[u8]) -> Self {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match certificates {
            Ok(certificates) if certificates.is_empty() => {
                let error = RemoteError::trust("no certificate in the PEM text");
                self.error.get_or_insert(error);
                self
            }
            Ok(certificates) => self.trust_certificates(certificates),
            Err(error) => {
                self.error.get_or_insert(RemoteError::trust(error));
                self
            }
        }
    }

    /// Sets the kind of keys by which the webroot is asked: [`LookupKind::Subject`] unless set, for webroots that
    /// `jit-trust bundle` makes, with `by-subject/<name hash>.tblb`.
    ///
    /// [`LookupKind::KeyIdentifier`] is for webroots of other tools, with `by-skid/<SKID>` and
    /// `by-iss/<name hash>-<serial number>`. They have bare certificates, so **the conditions under which Mozilla trusts some
    /// roots are lost**: roots that are trusted only for certificates issued up to a date, or only for some names, are
    /// trusted for all.
    pub fn kind(self, kind: LookupKind) -> Self {
        Self { kind, ..self }
    }

    /// Sets the time limit for connecting, TLS included: 5 seconds unless set.
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self {
            connect_timeout: timeout,
            ..self
        }
    }

    /// Sets the time limit for a lookup, everything included: waiting, connecting, retries, the response. 10 seconds unless
    /// set.
    pub fn query_timeout(self, timeout: Duration) -> Self {
        Self {
            query_timeout: timeout,
            ..self
        }
    }

    /// Sets the provider of cryptography: the process-wide one unless set.
    pub fn provider(self, provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider: Some(provider),
            ..self
        }
    }

    #[cfg(test)]
    pub(super) fn idle_timeout(self, timeout: Duration) -> Self {
        Self {
            idle_timeout: timeout,
            ..self
        }
    }

    /// Builds the store. It sends nothing and starts no thread before the first lookup.
    ///
    /// # Errors
    /// When the URL is not valid for a webroot, when there is no CA or one that cannot be read, when a timeout is zero, and when
    /// there is no provider of cryptography that supports TLS 1.2 or 1.3.
    pub fn build(self) -> Result<RemoteStore, RemoteError> {
        let url = WebrootUrl::parse(&self.url)?;
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.roots.is_empty() {
            return Err(RemoteError::NoTrust);
        }
        if self.connect_timeout.is_zero() || self.query_timeout.is_zero() {
            return Err(RemoteError::NoTime);
        }
        let query_timeout = self.query_timeout.min(MAX_TIMEOUT);
        let settings = Settings {
            url,
            tls: tls::config(self.roots, self.provider)?,
            kind: self.kind,
            connect_timeout: self.connect_timeout.min(MAX_TIMEOUT),
            query_timeout,
            // Not during a lookup.
            idle_timeout: self.idle_timeout.max(query_timeout),
        };
        Ok(RemoteStore {
            settings: Arc::new(settings),
            counters: Arc::new(Counters::default()),
            thread: Mutex::default(),
        })
    }
}

impl fmt::Debug for RemoteStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: it is not checked yet, and may have a password.
        f.debug_struct("RemoteStoreBuilder")
            .field("trusted", &self.roots.len())
            .field("kind", &self.kind)
            .field("connect_timeout", &self.connect_timeout)
            .field("query_timeout", &self.query_timeout)
            .finish_non_exhaustive()
    }
}
