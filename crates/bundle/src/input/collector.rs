//! The list of roots while it is being read.

use std::collections::HashMap;

use jit_trust_core::mozilla::with_conditions;
use pki_types::CertificateDer;

use crate::distrust::{Distrusted, Number};
use crate::passed_over::Kind;
use crate::{
    BlobVersion, Conditions, Fingerprint, Form, InputError, Note, NoteKind, OtherForm, PassedOver, Place,
    Policy, Problem, Root, RootList, Source,
};

/// A list while it is being read.
#[derive(Debug, Default)]
pub(super) struct Collector {
    policy: Policy,
    /// The list, without its roots.
    list: RootList,
    taken: Vec<Taken>,
    /// The position of each certificate in the list.
    by_certificate: HashMap<Fingerprint, usize>,
    /// The position of each anchor in the list: two certificates of one anchor are one root.
    by_anchor: HashMap<Fingerprint, usize>,
    /// The roots that the inputs so far distrust.
    distrusted: Distrusted,
    /// The certificates that were added, merged ones included, each with its key.
    numbers: Vec<(Number, Fingerprint)>,
    /// The files that were skipped in the directory that is being read; `None` outside of a directory.
    passed_over: Option<PassedOver>,
}

/// A root of the list.
#[derive(Debug)]
struct Taken {
    root: Root,
    /// The place where it was first.
    place: Place,
    /// Whether one of its inputs is in a form that can hold conditions.
    is_spoken_of: bool,
}

impl Collector {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy,
            ..Self::default()
        }
    }

    /// Enters a directory, which may hold more than certificates.
    pub(super) fn enter_directory(&mut self) {
        self.passed_over = Some(PassedOver::default());
    }

    /// The file at this place, in the directory that was entered, is passed over.
    pub(super) fn pass_over(&mut self, kind: Kind, place: &Place) {
        self.counts(Some(kind), place);
    }

    /// Whether something of a kind that is no reason to refuse or to list anything in a directory was counted there.
    fn counts(&mut self, kind: Option<Kind>, place: &Place) -> bool {
        let (Some(passed_over), Some(kind)) = (&mut self.passed_over, kind) else {
            return false;
        };
        passed_over.add(kind, place.source());
        true
    }

    /// The end of the directory at this place. What was passed over in it is told in one note.
    pub(super) fn leave_directory(&mut self, place: &Place) {
        let passed_over = self.passed_over.take();
        if let Some(passed_over) = passed_over.filter(|passed_over| !passed_over.is_empty()) {
            self.note(place.clone(), NoteKind::PassedOver(passed_over));
        }
    }

    /// An input turned out to have this form.
    pub(super) fn source(&mut self, place: &Place, form: Form) {
        self.store(place, form, None, None);
    }

    /// An input turned out to be a store, with blobs of this version, made at this time.
    pub(super) fn store(
        &mut self,
        place: &Place,
        form: Form,
        blob_version: Option<BlobVersion>,
        generation: Option<u32>,
    ) {
        self.add_source(Source {
            name: place.source().to_owned(),
            form,
            blob_version,
            generation,
            carries_conditions: self.takes_conditions(form, blob_version),
        });
    }

    /// An input turned out to be a report of CCADB's, which says under which conditions roots are trusted, or does not.
    pub(super) fn report(&mut self, place: &Place, carries_conditions: bool) {
        self.add_source(Source {
            name: place.source().to_owned(),
            form: Form::Ccadb,
            blob_version: None,
            generation: None,
            carries_conditions,
        });
    }

    fn add_source(&mut self, source: Source) {
        if !source.carries_conditions {
            self.note(Place::whole(&source.name), NoteKind::CarriesNoConditions);
        }
        self.list.sources.push(source);
    }

    /// Whether conditions are taken from an input of this form, with blobs of this version.
    pub(super) fn takes_conditions(&self, form: Form, blob_version: Option<BlobVersion>) -> bool {
        let in_itself = match form {
            Form::Mozilla | Form::Certdata | Form::Ccadb | Form::P11Kit => true,
            Form::Webroot => self.policy != Policy::Store,
            _ => false,
        };
        in_itself || blob_version.is_some_and(BlobVersion::carries_conditions)
    }

    pub(super) fn note(&mut self, place: Place, kind: NoteKind) {
        let counted = match kind {
            NoteKind::Duplicate { .. } => Some(Kind::Copy),
            NoteKind::OtherSection { .. } => Some(Kind::OtherSection),
            _ => None,
        };
        if self.counts(counted, &place) {
            return;
        }
        self.list.notes.push(Note { place, kind });
    }

    /// So many certificates of the input are not trusted for servers.
    pub(super) fn note_not_for_servers(&mut self, place: &Place, count: usize) {
        if count > 0 {
            self.note(place.clone(), NoteKind::NotForServers { count });
        }
    }

    /// Adds roots that an input distrusts for servers. That applies to the whole list: a copy of such a root in another input
    /// does not lift it.
    pub(super) fn distrust(&mut self, distrusted: Distrusted) {
        self.distrusted.merge(distrusted);
    }

    /// A certificate that the input trusts for servers.
    pub(super) fn offer(
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
    pub(super) fn offer_root(&mut self, place: Place, root: Root) -> Result<(), InputError> {
        if let Some(first) = self.take(&place, root)? {
            self.note(place, NoteKind::Duplicate { of: first });
        }
        Ok(())
    }

    /// The same as in another part of the input, which is worth no note.
    pub(super) fn offer_again(&mut self, place: &Place, root: Root) -> Result<(), InputError> {
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
        let Some(known) = self.taken.get_mut(index) else {
            return Ok(None);
        };
        known.is_spoken_of |= speaks;
        let first = known.place.clone();
        match known.root.clone().and(root) {
            Some(both) => known.root = both,
            None => return Err(Problem::ConflictingConstraints { first }.at(place.clone())),
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
        self.remember(&root, anchor, self.taken.len());
        self.taken.push(Taken {
            root,
            place: place.clone(),
            is_spoken_of: self.reads_conditions(),
        });
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
    pub(super) fn reject(&mut self, error: InputError) -> Result<(), InputError> {
        let counted = match error.problem {
            Problem::NoCertificate { .. } => Some(Kind::NoCertificate),
            Problem::OtherForm(_) => Some(Kind::OtherForm),
            Problem::NotACa { .. } => Some(Kind::NotACa),
            _ => None,
        };
        if self.counts(counted, &error.place) {
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
    pub(super) fn finish(mut self) -> Result<RootList, InputError> {
        self.leave_out_distrusted()?;
        if !self.taken.is_empty() || self.is_of_stores_without_anchors() {
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
            self.list.roots = self.taken.into_iter().map(|taken| taken.root).collect();
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

    /// Removes the roots whose keys one of the inputs distrusts, in any order of the inputs.
    fn leave_out_distrusted(&mut self) -> Result<(), InputError> {
        let distrusted = std::mem::take(&mut self.distrusted);
        if distrusted.is_empty() {
            return Ok(());
        }
        let keys = distrusted.into_keys(&self.numbers);
        for taken in std::mem::take(&mut self.taken) {
            if let Some(at) = keys.get(&taken.root.spki_fingerprint()) {
                let (subject, at) = (taken.root.label(), Box::new(at.clone()));
                self.reject(Problem::Distrusted { subject, at }.at(taken.place))?;
            } else {
                self.taken.push(taken);
            }
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
        let (with, without): (Vec<_>, Vec<_>) = self
            .taken
            .iter()
            .partition(|taken| has_it(taken.root.conditions()));
        let mut by_key = HashMap::new();
        for taken in with {
            by_key.entry(taken.root.spki_fingerprint()).or_insert(taken);
        }
        let notes = without.into_iter().filter_map(|Taken { root, place, .. }| {
            let other = by_key.get(&root.spki_fingerprint())?;
            Some(Note {
                place: place.clone(),
                kind: kind(root.label(), other.root.label(), other.place.clone()),
            })
        });
        self.list.notes.extend(notes);
    }

    /// Notes each root that Mozilla trusts only under a condition, by the compiled-in list, and that came only from inputs whose
    /// forms cannot hold conditions.
    fn note_conditions_of_mozilla(&mut self) {
        let unspoken = self.taken.iter().filter(|taken| !taken.is_spoken_of);
        let notes = unspoken.filter_map(|Taken { root, place, .. }| {
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
        self.list.notes.extend(notes);
    }
}
