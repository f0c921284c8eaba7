//! The list of roots that is made of all inputs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use pki_types::CertificateDer;

use crate::{Conditions, Fingerprint, InputError, Note, NoteKind, Place, Problem, Root};

/// What happens to a certificate that cannot be read or says that it is no CA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The first one refuses the input: for making a list.
    #[default]
    Strict,
    /// Each one is left out, and listed in [`RootList::left_out`].
    SkipInvalid,
    /// For using a list that is there: every certificate that can be read is an anchor, as webpki has it. One that
    /// says that it is no CA gets a note; one that cannot be read is left out, and listed; damage around a
    /// certificate, such as bad Base64, refuses the input.
    Store,
}

/// The form an input was found to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// PEM (RFC 7468).
    Pem,
    /// One certificate in DER.
    Der,
    /// A directory of PEM and DER files.
    Directory,
    /// NSS's `certdata.txt`.
    Certdata,
    /// CCADB's report in CSV, with PEM.
    Ccadb,
    /// A trust blob.
    Blob,
    /// A webroot.
    Webroot,
    /// A webroot of another tool, without an `index.json`: bare certificates.
    BareWebroot,
    /// Mozilla's list as it was compiled in.
    Mozilla,
}

impl Form {
    /// Whether the form says under which conditions a root is trusted. `certdata.txt` says up to which date, but not
    /// for which domains: NSS has those in its code.
    pub fn carries_conditions(self) -> bool {
        matches!(self, Self::Certdata | Self::Ccadb | Self::Webroot)
    }
}

/// One of the inputs that a list was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The path as it was given, or `mozilla`.
    pub name: String,
    /// The form it was found to have.
    pub form: Form,
    /// When the store was made, in Unix time, if it is one that says so.
    pub generation: Option<u32>,
}

/// Roots in the order of the inputs, each once, and never none.
#[derive(Debug)]
pub struct RootList {
    roots: Vec<Root>,
    sources: Vec<Source>,
    left_out: Vec<InputError>,
    notes: Vec<Note>,
}

impl RootList {
    /// The roots.
    pub fn roots(&self) -> &[Root] {
        &self.roots
    }

    /// What was read, in order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What was left out because it is invalid, where it stands, and why.
    pub fn left_out(&self) -> &[InputError] {
        &self.left_out
    }

    /// What else was noticed.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The newest generation among the inputs that have one.
    pub fn generation(&self) -> Option<u32> {
        self.sources.iter().filter_map(|source| source.generation).max()
    }
}

/// A list while it is being read.
#[derive(Debug)]
pub(crate) struct Collector {
    policy: Policy,
    list: RootList,
    /// Where in the list each certificate is, and where it stood first.
    known: HashMap<Fingerprint, (usize, Place)>,
}

impl Collector {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            policy,
            list: RootList {
                roots: Vec::new(),
                sources: Vec::new(),
                left_out: Vec::new(),
                notes: Vec::new(),
            },
            known: HashMap::new(),
        }
    }

    /// An input turned out to have this form.
    pub(crate) fn source(&mut self, place: &Place, form: Form, generation: Option<u32>) {
        self.list.sources.push(Source {
            name: place.source().to_owned(),
            form,
            generation,
        });
        if !form.carries_conditions() {
            self.note(place.clone(), NoteKind::CarriesNoConditions);
        }
    }

    pub(crate) fn note(&mut self, place: Place, kind: NoteKind) {
        self.list.notes.push(Note { place, kind });
    }

    /// A certificate that the input trusts for servers.
    pub(crate) fn offer(
        &mut self,
        place: Place,
        der: impl Into<CertificateDer<'static>>,
        conditions: Conditions,
    ) -> Result<(), InputError> {
        let root = match Root::new(der, conditions) {
            Ok(root) => root,
            Err(error) => return self.reject(Problem::Certificate(error).at(place)),
        };
        let certificate = root.certificate();
        if certificate.says_it_is_no_ca() {
            let subject = certificate.subject().to_string();
            if self.policy != Policy::Store {
                return self.reject(Problem::NotACa { subject }.at(place));
            }
            self.note(place.clone(), NoteKind::NotACa { subject });
        }
        self.insert(place, root)
    }

    fn insert(&mut self, place: Place, root: Root) -> Result<(), InputError> {
        let first = match self.known.entry(root.fingerprint()) {
            Entry::Vacant(vacant) => {
                vacant.insert((self.list.roots.len(), place));
                self.list.roots.push(root);
                return Ok(());
            }
            Entry::Occupied(known) => {
                let (index, first) = known.get().clone();
                if let Some(known) = self.list.roots.get_mut(index) {
                    match known.conditions().clone().and(root.conditions().clone()) {
                        Some(both) => known.set_conditions(both),
                        None => return Err(Problem::ConflictingConstraints { first }.at(place)),
                    }
                }
                first
            }
        };
        self.note(place, NoteKind::Duplicate { of: first });
        Ok(())
    }

    /// One certificate is invalid: the policy says whether that is the end.
    pub(crate) fn reject(&mut self, error: InputError) -> Result<(), InputError> {
        let may_be_left_out = match self.policy {
            Policy::Strict => false,
            Policy::SkipInvalid => true,
            Policy::Store => matches!(error.problem, Problem::Certificate(_)),
        };
        if !may_be_left_out {
            return Err(error);
        }
        self.list.left_out.push(error);
        Ok(())
    }

    /// The list, unless it is empty.
    pub(crate) fn finish(self) -> Result<RootList, InputError> {
        if !self.list.roots.is_empty() {
            return Ok(self.list);
        }
        let sources = self.list.sources.iter().map(|source| source.name.as_str());
        let sources: Vec<&str> = sources.collect();
        let place = match sources.as_slice() {
            [] => "no input".to_owned(),
            sources => sources.join(", "),
        };
        Err(Problem::NoRoots.at(Place::whole(place)))
    }
}
