//! The list of roots that is made of all inputs.

use std::collections::HashMap;

use jit_trust_core::mozilla::with_conditions;
use pki_types::CertificateDer;

use crate::distrust::{Distrusted, Number};
use crate::input::OtherForm;
use crate::passed_over::Kind;
use crate::{
    BlobVersion, Conditions, Fingerprint, InputError, Note, NoteKind, PassedOver, Place, Problem, Root,
};

/// What happens to a certificate that cannot be read, says that it is no CA, or is distrusted elsewhere in the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The first one refuses the input: for making a list.
    #[default]
    Strict,
    /// Each one is left out, and listed in [`RootList::left_out`].
    SkipInvalid,
    /// For using a list that is there: every certificate that can be read is an anchor, as webpki has it. One that
    /// says that it is no CA gets a note; one that cannot be read, or that is distrusted elsewhere in the list, is left
    /// out, and listed; damage around a certificate, such as bad Base64, refuses the input.
    ///
    /// Conditions are those that bind whoever looks roots up in the store. A webroot is asked for its blobs, and those
    /// of version 1 carry none: what its `index.json` says beside them is for making other lists, and is taken only
    /// under the other policies.
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
    /// One of CCADB's reports in CSV, with PEM.
    Ccadb,
    /// p11-kit's own form: PEM, and what it says of each certificate.
    P11Kit,
    /// PKCS #7, or CMS: certificates without a signature.
    SignedData,
    /// A trust blob.
    Blob,
    /// A webroot.
    Webroot,
    /// A webroot of another tool, without an `index.json`: bare certificates.
    BareWebroot,
    /// Mozilla's list as it was compiled in.
    Mozilla,
}

/// One of the inputs that a list was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The path as it was given, or `mozilla`.
    pub name: String,
    /// The form it was found to have.
    pub form: Form,
    /// The version of the trust blob, or of those of the webroot: the oldest, if there are several.
    pub blob_version: Option<BlobVersion>,
    /// When the store was made, in Unix time, if it is one that says so.
    pub generation: Option<u32>,
    carries_conditions: bool,
}

impl Source {
    /// Whether the source says under which conditions a root is trusted: `mozilla`, `certdata.txt`, CCADB's reports with
    /// such columns, p11-kit's list, a webroot with its `index.json`, and whatever has trust blobs of version 2. Under [`Policy::Store`] a webroot with
    /// blobs of version 1 does not.
    pub fn carries_conditions(&self) -> bool {
        self.carries_conditions
    }
}

/// Roots in the order of the inputs, each once. There is at least one, but under [`Policy::Store`], where trust blobs may
/// hold none: parts of a store are blobs of their own.
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
    /// Where each root stood first.
    places: Vec<Place>,
    /// Of each root, whether one of its inputs could have said its conditions.
    spoken_of: Vec<bool>,
    /// Where in the list each certificate is.
    by_certificate: HashMap<Fingerprint, usize>,
    /// Where in the list each anchor is: two certificates of one are one root.
    by_anchor: HashMap<Fingerprint, usize>,
    /// What the inputs so far distrust themselves.
    distrusted: Distrusted,
    /// The certificates that were taken, merged ones included, each with its key.
    numbers: Vec<(Number, Fingerprint)>,
    /// What was passed over in the directory that is being read; none outside of one.
    passed_over: Option<PassedOver>,
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
            places: Vec::new(),
            spoken_of: Vec::new(),
            by_certificate: HashMap::new(),
            by_anchor: HashMap::new(),
            distrusted: Distrusted::default(),
            numbers: Vec::new(),
            passed_over: None,
        }
    }

    /// What follows is in a directory, where more stands than certificates.
    pub(crate) fn enter_directory(&mut self) {
        self.passed_over = Some(PassedOver::default());
    }

    /// The file at this place, in the directory that was entered, is passed over.
    pub(crate) fn pass_over(&mut self, kind: Kind, place: &Place) {
        if let Some(passed_over) = &mut self.passed_over {
            passed_over.add(kind, place.source());
        }
    }

    /// The end of the directory at this place. What was passed over in it is told in one note.
    pub(crate) fn leave_directory(&mut self, place: &Place) {
        let passed_over = self.passed_over.take();
        if let Some(passed_over) = passed_over.filter(|passed_over| !passed_over.is_empty()) {
            self.note(place.clone(), NoteKind::PassedOver(passed_over));
        }
    }

    /// An input turned out to have this form.
    pub(crate) fn source(&mut self, place: &Place, form: Form) {
        self.store(place, form, None, None);
    }

    /// An input turned out to be a store, with blobs of this version, made at this time.
    pub(crate) fn store(
        &mut self,
        place: &Place,
        form: Form,
        blob_version: Option<BlobVersion>,
        generation: Option<u32>,
    ) {
        let carries_conditions = self.takes_conditions(form, blob_version);
        self.add_source(place, form, blob_version, generation, carries_conditions);
    }

    /// An input turned out to be a report of this form, which says under which conditions roots are trusted, or does not.
    pub(crate) fn report(&mut self, place: &Place, form: Form, carries_conditions: bool) {
        self.add_source(place, form, None, None, carries_conditions);
    }

    fn add_source(
        &mut self,
        place: &Place,
        form: Form,
        blob_version: Option<BlobVersion>,
        generation: Option<u32>,
        carries_conditions: bool,
    ) {
        if !carries_conditions {
            self.note(place.clone(), NoteKind::CarriesNoConditions);
        }
        self.list.sources.push(Source {
            name: place.source().to_owned(),
            form,
            blob_version,
            generation,
            carries_conditions,
        });
    }

    /// Whether conditions are taken from an input of this form, with blobs of this version.
    pub(crate) fn takes_conditions(&self, form: Form, blob_version: Option<BlobVersion>) -> bool {
        let in_itself = match form {
            Form::Mozilla | Form::Certdata | Form::Ccadb | Form::P11Kit => true,
            Form::Webroot => self.policy != Policy::Store,
            _ => false,
        };
        in_itself || blob_version.is_some_and(BlobVersion::carries_conditions)
    }

    pub(crate) fn note(&mut self, place: Place, kind: NoteKind) {
        let in_directory = self.passed_over.as_mut();
        if in_directory.is_some_and(|passed_over| passed_over.takes_note(&place, &kind)) {
            return;
        }
        self.list.notes.push(Note { place, kind });
    }

    /// An input says itself that these are not to be trusted for servers. That binds in the whole list, wherever else
    /// they stand in it: a copy that says nothing does not take it back.
    pub(crate) fn distrust(&mut self, distrusted: Distrusted) {
        self.distrusted.merge(distrusted);
    }

    /// A certificate that the input trusts for servers.
    pub(crate) fn offer(
        &mut self,
        place: Place,
        der: impl Into<CertificateDer<'static>>,
        conditions: Conditions,
    ) -> Result<(), InputError> {
        let der = der.into();
        match Root::new(der.clone(), conditions) {
            Ok(root) => self.offer_root(place, root),
            Err(error) => {
                let other = OtherForm::of_content(&der).map(Problem::from);
                self.reject(other.unwrap_or(Problem::Certificate(error)).at(place))
            }
        }
    }

    /// A root that the input trusts for servers.
    pub(crate) fn offer_root(&mut self, place: Place, root: Root) -> Result<(), InputError> {
        if let Some(first) = self.take(&place, root)? {
            self.note(place, NoteKind::Duplicate { of: first });
        }
        Ok(())
    }

    /// The same as in another part of the input, which is worth no note.
    pub(crate) fn offer_again(&mut self, place: &Place, root: Root) -> Result<(), InputError> {
        self.take(place, root).map(|_| ())
    }

    /// Takes a root into the list; where it stood first, if it is there already.
    fn take(&mut self, place: &Place, root: Root) -> Result<Option<Place>, InputError> {
        let anchor = root.anchor_fingerprint();
        let Some(index) = self.find(&root, anchor) else {
            self.add(place, root, anchor)?;
            return Ok(None);
        };
        self.remember(&root, anchor, index);
        let speaks = self.reads_conditions();
        if let Some(spoken_of) = self.spoken_of.get_mut(index) {
            *spoken_of |= speaks;
        }
        let first = self.places.get(index).cloned().unwrap_or_else(|| place.clone());
        if let Some(known) = self.list.roots.get_mut(index) {
            match known.clone().and(root) {
                Some(both) => *known = both,
                None => return Err(Problem::ConflictingConstraints { first }.at(place.clone())),
            }
        }
        Ok(Some(first))
    }

    fn add(&mut self, place: &Place, root: Root, anchor: Option<Fingerprint>) -> Result<(), InputError> {
        if root.says_it_is_no_ca() {
            let subject = root.label();
            if self.policy != Policy::Store {
                return self.reject(Problem::NotACa { subject }.at(place.clone()));
            }
            self.note(place.clone(), NoteKind::NotACa { subject });
        }
        self.remember(&root, anchor, self.list.roots.len());
        self.places.push(place.clone());
        self.spoken_of.push(self.reads_conditions());
        self.list.roots.push(root);
        Ok(())
    }

    /// Whether the input that is being read says the conditions of its roots.
    fn reads_conditions(&self) -> bool {
        let source = self.list.sources.last();
        source.is_some_and(Source::carries_conditions)
    }

    /// Where in the list a root is: the same certificate, or the same anchor, which version 2 holds once.
    fn find(&self, root: &Root, anchor: Option<Fingerprint>) -> Option<usize> {
        let same_certificate = root.fingerprint().and_then(|of| self.by_certificate.get(&of));
        let same_anchor = || self.by_anchor.get(&anchor?);
        same_certificate.or_else(same_anchor).copied()
    }

    fn remember(&mut self, root: &Root, anchor: Option<Fingerprint>, index: usize) {
        if let Some(certificate) = root.fingerprint() {
            self.by_certificate.insert(certificate, index);
        }
        if let Some(certificate) = root.certificate() {
            let known = (Number::of(&certificate), root.spki_fingerprint());
            self.numbers.push(known);
        }
        if let Some(anchor) = anchor {
            self.by_anchor.entry(anchor).or_insert(index);
        }
    }

    /// One certificate is invalid: the policy says whether that is the end.
    pub(crate) fn reject(&mut self, error: InputError) -> Result<(), InputError> {
        let in_directory = self.passed_over.as_mut();
        if in_directory.is_some_and(|passed_over| passed_over.takes_error(&error)) {
            return Ok(());
        }
        let may_be_left_out = match self.policy {
            Policy::Strict => false,
            Policy::SkipInvalid => true,
            Policy::Store => matches!(
                error.problem,
                Problem::Certificate(_) | Problem::OtherForm(_) | Problem::Distrusted { .. }
            ),
        };
        if !may_be_left_out {
            return Err(error);
        }
        self.list.left_out.push(error);
        Ok(())
    }

    /// The list, unless it is empty.
    pub(crate) fn finish(mut self) -> Result<RootList, InputError> {
        self.leave_out_distrusted()?;
        if !self.list.roots.is_empty() || self.is_of_stores_without_anchors() {
            self.note_keys_with_and_without(
                |conditions| conditions.distrust_after.is_some(),
                |subject, dated, dated_at| NoteKind::DatedElsewhere {
                    subject,
                    dated,
                    dated_at,
                },
            );
            self.note_keys_with_and_without(
                |conditions| conditions.name_constraints.is_some(),
                |subject, constrained, constrained_at| NoteKind::ConstrainedElsewhere {
                    subject,
                    constrained,
                    constrained_at,
                },
            );
            self.note_conditions_of_mozilla();
            return Ok(self.list);
        }
        let sources = self.list.sources.as_slice();
        let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let is_directory = |source: &Source| matches!(source.form, Form::Directory | Form::BareWebroot);
        if names.is_empty() {
            Err(self.no_roots().at(Place::whole("no input")))
        } else if self.list.left_out.is_empty() && sources.iter().all(is_directory) {
            // Every file in them would have given a root, or have been refused or left out.
            let passed_over = self.passed_over_in_all();
            Err(Problem::EmptyDirectory { passed_over }.at(Place::whole(names.join(", "))))
        } else {
            Err(self.no_roots().at(Place::whole(names.join(", "))))
        }
    }

    /// Takes the roots out whose keys one of the inputs distrusts, whichever of them came first.
    fn leave_out_distrusted(&mut self) -> Result<(), InputError> {
        let distrusted = std::mem::take(&mut self.distrusted);
        if distrusted.is_empty() {
            return Ok(());
        }
        let keys = distrusted.into_keys(&self.numbers);
        let roots = std::mem::take(&mut self.list.roots);
        let places = std::mem::take(&mut self.places);
        let spoken_of = std::mem::take(&mut self.spoken_of);
        for ((root, place), spoken_of) in roots.into_iter().zip(places).zip(spoken_of) {
            if let Some(at) = keys.get(&root.spki_fingerprint()) {
                let (subject, at) = (root.label(), Box::new(at.clone()));
                self.reject(Problem::Distrusted { subject, at }.at(place))?;
                continue;
            }
            self.list.roots.push(root);
            self.places.push(place);
            self.spoken_of.push(spoken_of);
        }
        Ok(())
    }

    /// Whether nothing is missing though there is no root.
    fn is_of_stores_without_anchors(&self) -> bool {
        let sources = &self.list.sources;
        self.policy == Policy::Store
            && self.list.left_out.is_empty()
            && !sources.is_empty()
            && sources.iter().all(|source| source.form == Form::Blob)
    }

    fn passed_over_in_all(&self) -> PassedOver {
        let mut in_all = PassedOver::default();
        for note in &self.list.notes {
            if let NoteKind::PassedOver(passed_over) = &note.kind {
                in_all.merge(passed_over);
            }
        }
        in_all
    }

    /// That nothing is left, and why: of all that was left out or passed over.
    fn no_roots(&self) -> Problem {
        let left_out = self.list.left_out.iter().map(ToString::to_string);
        let notes = self.list.notes.iter().filter(|note| note.is_of_certificates());
        let reasons = left_out.chain(notes.map(ToString::to_string));
        Problem::NoRoots {
            reasons: reasons.collect(),
        }
    }

    /// A key that is trusted under this condition in one certificate is trusted without in another.
    fn note_keys_with_and_without(
        &mut self,
        has_it: impl Fn(&Conditions) -> bool,
        kind: impl Fn(String, String, Place) -> NoteKind,
    ) {
        let roots = || self.list.roots.iter().zip(&self.places);
        let mut by_key = HashMap::new();
        for (root, place) in roots().filter(|(root, _)| has_it(root.conditions())) {
            by_key.entry(root.spki_fingerprint()).or_insert((root, place));
        }
        if by_key.is_empty() {
            return;
        }
        let mut notes = Vec::new();
        for (root, place) in roots().filter(|(root, _)| !has_it(root.conditions())) {
            let Some((other, other_at)) = by_key.get(&root.spki_fingerprint()) else {
                continue;
            };
            let kind = kind(root.label(), other.label(), (*other_at).clone());
            let place = place.clone();
            notes.push(Note { place, kind });
        }
        self.list.notes.extend(notes);
    }

    /// A root that Mozilla trusts under a condition only, as the list compiled in has it, came from inputs that cannot
    /// say so, and none of them was read that can.
    fn note_conditions_of_mozilla(&mut self) {
        let roots = self.list.roots.iter().zip(&self.places).zip(&self.spoken_of);
        let unspoken = roots.filter_map(|(root, spoken_of)| (!spoken_of).then_some(root));
        let notes = unspoken.filter_map(|(root, place)| {
            let entry = root.entry();
            let conditional = with_conditions(entry);
            let distrust_after = conditional.distrust_after();
            let name_constraints = conditional.name_constraints();
            let missing = Conditions {
                distrust_after: distrust_after.filter(|_| distrust_after != entry.distrust_after()),
                name_constraints: name_constraints
                    .filter(|_| name_constraints != entry.name_constraints())
                    .map(<[u8]>::to_vec),
            };
            (!missing.is_empty()).then(|| Note {
                place: place.clone(),
                kind: NoteKind::ConditionsOfMozilla {
                    subject: root.label(),
                    conditions: missing,
                },
            })
        });
        let notes: Vec<Note> = notes.collect();
        self.list.notes.extend(notes);
    }
}
