//! TLS libraries other than rustls: each one's verdict just in time is its own with every root loaded.

use std::ops::Deref;

use jit_trust::{Certificate, Entry};
use jit_trust_core::v2;
use pki_types::CertificateDer;

use crate::binding::{self, Binding};
use crate::question::Request;
use crate::root::TrustedRoot;
use crate::stores::{self, Version};

/// What a library says: yes, or no and why, in a form of its own.
pub(crate) type Judged = Result<(), String>;

/// A form of the store, as libraries that want certificates see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) carries_conditions: bool,
}

/// The roots that are trusted.
pub(crate) struct Roots<'a>(pub(crate) &'a [TrustedRoot]);

impl Deref for Roots<'_> {
    type Target = [TrustedRoot];

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

/// A root, and what binds it beside its own entry: in a form that carries conditions, and in one that does not.
pub(crate) struct Bound<'a> {
    pub(crate) root: &'a TrustedRoot,
    pub(crate) bindings: Bindings,
}

/// What binds a root beside its own entry.
pub(crate) struct Bindings {
    with_conditions: Binding,
    without_conditions: Binding,
}

impl Bindings {
    /// In a form that carries conditions, or does not.
    pub(crate) fn get(&self, with_conditions: bool) -> &Binding {
        match with_conditions {
            true => &self.with_conditions,
            false => &self.without_conditions,
        }
    }
}

impl Roots<'_> {
    /// Each root with what binds it.
    pub(crate) fn bound(&self) -> impl Iterator<Item = Bound<'_>> {
        let bindings = binding::of(self)
            .into_iter()
            .zip(binding::without_conditions(self));
        let roots = self.iter().zip(bindings);
        roots.map(|(root, (with_conditions, without_conditions))| Bound {
            root,
            bindings: Bindings {
                with_conditions,
                without_conditions,
            },
        })
    }

    /// Each form of the store, as a trust blob: with the roots' own certificates, and without.
    pub(crate) fn forms(&self) -> impl Iterator<Item = (Form, Vec<u8>)> {
        let entries: Vec<Entry<'_>> = self.iter().map(TrustedRoot::entry).collect();
        let certificates = v2::Options::default().with_certificates(true);
        let form = |name, carries_conditions| Form {
            name,
            carries_conditions,
        };
        [
            (form("version 1", false), stores::encode(&entries, Version::V1)),
            (form("version 2", true), stores::encode(&entries, Version::V2)),
            (
                form("version 2 with certificates", true),
                v2::to_vec(&entries, certificates, 7).unwrap(),
            ),
        ]
        .into_iter()
    }
}

/// A TLS library, with all roots loaded and in each form of the store.
pub(crate) trait Library {
    /// What a server sent, as the library holds it.
    type Sent;

    const NAME: &'static str;

    /// The reason for a refusal that is for the name alone.
    const FOR_THE_NAME: &'static str;

    /// Whether it wants certificates in order, and reads no name constraints.
    const IS_PICKY: bool;

    /// Of how many generated webs one goes to it, so that it takes not too long.
    const WEBS_PER_QUESTION: u64;

    /// What a server sent; `None` where the library does not come as far as to judge it.
    fn read(&self, sent: &[CertificateDer<'_>]) -> Option<Self::Sent>;

    /// With every root loaded; with their conditions, those that are not trusted for this leaf left out, and imposed constraints
    /// in the certificates. A root is taken out where a path to it does not conform to what binds it beside its own entry.
    fn all_loaded(
        &self,
        sent: &Self::Sent,
        question: &Request<'_>,
        with_conditions: bool,
        permits_issuance: &dyn Fn(Option<u64>) -> bool,
    ) -> Judged;

    /// Just in time, from each form of the store.
    fn just_in_time<'a>(
        &'a self,
        sent: &'a Self::Sent,
        question: &'a Request<'_>,
    ) -> Box<dyn Iterator<Item = (&'a Form, Judged)> + 'a>;

    /// Whether the reason for a refusal is that there are more certificates than are looked at.
    fn is_refused_for_number(&self, sent: &Self::Sent, judged: &Judged) -> bool;
}

/// A library that is compared with itself.
pub(crate) trait Compared {
    fn name(&self) -> &'static str;

    /// Whether it wants certificates in order, and reads no name constraints.
    fn is_picky(&self) -> bool;

    /// Of how many generated webs one goes to it.
    fn webs_per_question(&self) -> u64;

    /// Whether the path is good, and the name that was asked for is not the leaf's.
    fn is_for_the_name(&self, reason: &str) -> bool;

    /// What the library says with all roots loaded, if it comes to the same by every form of the store, or else how not;
    /// `None` where it does not come to judge.
    fn compare(&self, question: &Request<'_>) -> Result<Option<Judged>, String>;
}

impl<L: Library> Compared for L {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn is_picky(&self) -> bool {
        L::IS_PICKY
    }

    fn webs_per_question(&self) -> u64 {
        L::WEBS_PER_QUESTION
    }

    fn is_for_the_name(&self, reason: &str) -> bool {
        L::FOR_THE_NAME == reason
    }

    fn compare(&self, question: &Request<'_>) -> Result<Option<Judged>, String> {
        let Some(sent) = self.read(question.sent) else {
            return Ok(None);
        };
        let issued = Certificate::from_der(&question.sent[0]).ok();
        let issued = issued.and_then(|leaf| leaf.not_before());
        let permits_issuance =
            |date: Option<u64>| date.is_none_or(|date| issued.is_some_and(|issued| issued <= date));
        let with_conditions = self.all_loaded(&sent, question, true, &permits_issuance);
        let without_conditions = self.all_loaded(&sent, question, false, &permits_issuance);
        for (form, just_in_time) in self.just_in_time(&sent, question) {
            let all_loaded = if form.carries_conditions {
                &with_conditions
            } else {
                &without_conditions
            };
            let is_alike = just_in_time.is_ok() == all_loaded.is_ok();
            if !is_alike && !self.is_refused_for_number(&sent, &just_in_time) {
                let (library, form) = (L::NAME, form.name);
                return Err(format!(
                    "{library}, from a blob of {form}, says {just_in_time:?}; with all roots loaded it says {all_loaded:?}"
                ));
            }
        }
        Ok(Some(with_conditions))
    }
}
