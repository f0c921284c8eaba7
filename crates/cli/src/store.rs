//! STORE: where a command's trust anchors come from.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jit_trust::{
    BlobError, BlobStore, FileStore, LookupKind, RemoteError, RemoteStore, StoreError, StoreFileError,
    TrustPolicy, TrustStore, WebrootStore,
};
use jit_trust_bundle::{BlobOptions, Input, NoteKind, Policy, RootList, encode_blob, fitting_version_2};
use rustls::crypto::aws_lc_rs;

use crate::args::{Pin, TrustBy};
use crate::exit::{Failure, causes};
use crate::lookups::OpenLookups;
use crate::shown::{joined, shown};
use crate::terminal::{say, warning};
use crate::{cache, certificates};

/// What to trust by, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) name: String,
    pub(crate) policy: TrustPolicy,
    /// Whether some of it is on a server, so that the number of roots is not known.
    pub(crate) is_remote: bool,
    /// What stores on servers have not answered yet.
    pub(crate) open_lookups: OpenLookups,
    pins: Vec<Pin>,
    /// The file of `--cache`, beside which it is remembered which generations were seen.
    pub(crate) cache: Option<String>,
}

impl Store {
    /// What to call that which decides about this host.
    pub(crate) fn name_for(&self, host: &str) -> String {
        if self.is_pinned(host) {
            return format!("the CAs that {} is pinned to", shown(host));
        }
        self.name.clone()
    }

    /// Whether nothing but a pin decides about this host.
    pub(crate) fn is_pinned(&self, host: &str) -> bool {
        self.pins.iter().any(|pin| pin.is_of(host))
    }
}

/// Opens a store of files to trust by.
pub(crate) fn open(path: &Path) -> Result<Store, Failure> {
    refuse_url(path)?;
    open_all(&TrustBy {
        trust: vec![path.to_owned()],
        ..TrustBy::default()
    })
}

/// Opens all that a connection is to be trusted by.
pub(crate) fn open_all(args: &TrustBy) -> Result<Store, Failure> {
    let name = joined(args.trust.iter().map(|path| name_of(path)), " and ");
    let mut policy = TrustPolicy::builder();
    let (remote, local): (Vec<_>, Vec<_>) = args.trust.iter().partition(|path| is_url(path));
    // Other stores beside it are asked by name.
    let is_of_key_ids = |path: &Path| path.join("by-skid").is_dir() && !path.join("by-subject").is_dir();
    let by_key_id = |path: &Path| args.ask_by_key_id && is_of_key_ids(path);
    // One of several stores may be empty: a part of what is trusted. All of them may not, if nothing else decides.
    let mut is_empty = remote.is_empty() && args.pin.is_empty();
    for path in &local {
        if by_key_id(path) {
            let webroot = WebrootStore::open_by_key_id(path).map_err(|error| not_opened(path, &error))?;
            say_that_conditions_are_lost(path);
            policy = policy.store(webroot);
            is_empty = false;
            continue;
        }
        let store = open_local(path)?;
        is_empty &= store.anchor_count() == Some(0);
        policy = policy.store(store);
    }
    if is_empty {
        return Err(no_root(&name));
    }
    if args.trust_ca.is_some() && remote.is_empty() {
        return Err(Failure::bad_input(
            "--trust-ca: expected with it a --trust https://…, whose server it is for",
        ));
    }
    if args.ask_by_key_id && remote.is_empty() && !local.iter().any(|path| by_key_id(path)) {
        return Err(Failure::bad_input(
            "--ask-by-key-id: expected with it a --trust https://…, or a webroot of another tool, which is asked so",
        ));
    }
    let kind = match args.ask_by_key_id {
        true => LookupKind::KeyIdentifier,
        false => LookupKind::Subject,
    };
    let open_lookups = OpenLookups::default();
    for url in &remote {
        if args.ask_by_key_id {
            say_that_conditions_are_lost(url);
        }
        let store = remote_store(url, args.trust_ca.as_deref(), kind)?;
        policy = policy.deferred_store(open_lookups.to(store));
    }
    for pin in &args.pin {
        let authorities = certificates::read_authorities(&pin.authorities)?;
        let pinned = policy.pin(&pin.host, authorities.iter().map(|der| der.to_vec()));
        policy =
            pinned.map_err(|error| Failure::bad_input(format!("--pin: {}", shown(error.to_string()))))?;
    }
    if let Some(path) = &args.cache {
        let (cache, guard) = cache::open(path)?;
        if let Some(cache) = cache {
            policy = policy.host_cache(cache);
        }
        if let Some(guard) = guard {
            policy = policy.rollback_guard(guard);
        }
    }
    Ok(Store {
        name,
        policy: policy.build(),
        is_remote: !remote.is_empty(),
        open_lookups,
        pins: args.pin.clone(),
        cache: args.cache.as_deref().map(name_of),
    })
}

fn say_that_conditions_are_lost(webroot: &Path) {
    warning(format_args!(
        "{}: asked by key identifier for bare certificates, which carry none of Mozilla's conditions",
        name_of(webroot)
    ));
}

/// Whether it is a URL, whatever may be wrong with it, and no file.
pub(crate) fn is_url(path: &Path) -> bool {
    let path = path.to_string_lossy();
    let scheme = path.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
}

fn remote_store(url: &Path, authorities: Option<&Path>, kind: LookupKind) -> Result<RemoteStore, Failure> {
    let name = name_of(url);
    let certificates = authorities.map(certificates::read_authorities).transpose()?;
    let store = RemoteStore::builder(&url.to_string_lossy())
        .trust_certificates(certificates.unwrap_or_default())
        .kind(kind)
        .provider(aws_lc_rs::default_provider().into())
        .build();
    store.map_err(|error| match (error, authorities) {
        (RemoteError::NoTrust, _) => Failure::bad_input(format!(
            "{name}: expected --trust-ca CA.pem with it: the CA that issued its certificate, and for no other server"
        )),
        (RemoteError::Trust(cause), Some(path)) => {
            Failure::bad_input(format!("--trust-ca {}: {}", name_of(path), causes(&cause)))
        }
        (error, _) => Failure::bad_input(format!("{name}: {}", causes(&error))),
    })
}

/// A store that is to be read whole, or kept to for good, cannot be on a server.
fn refuse_url(path: &Path) -> Result<(), Failure> {
    if !is_url(path) {
        return Ok(());
    }
    Err(Failure::bad_input(format!(
        "{}: expected a file or directory: only `get` and `verify` ask a webroot on a server",
        name_of(path)
    )))
}

/// What to call a store: without user and password, if it is a URL that has them.
fn name_of(path: &Path) -> String {
    let name = path.to_string_lossy();
    let parts = name.split_once("://").filter(|_| is_url(path));
    let Some((scheme, rest)) = parts else {
        return shown(name).to_string();
    };
    let authority_len = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(authority_len);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    shown(format!("{scheme}://{host}{behind}")).to_string()
}

/// A blob, a webroot and the compiled-in list stay where they are; any other form is read whole.
fn open_local(path: &Path) -> Result<Arc<dyn TrustStore>, Failure> {
    refuse_url(path)?;
    match open_in_place(path)? {
        Some(anchors) => Ok(anchors),
        None => {
            let list = read(path)?;
            warn_of_list(&list);
            Ok(Arc::new(in_memory(&name_of(path), &list)?))
        }
    }
}

// Trust blobs of version 1 and webroots that consist of them cannot carry the conditions under which Mozilla trusts some
// roots, though there is a form in their place that loses nothing: that they lose conditions is said whenever one is used.
// Certificates in PEM, in DER or in a directory are how people give a CA of their own, which has no conditions: these stores
// are used without a word, unless one of their roots is one that Mozilla, as the list compiled in has it, trusts under a
// condition. Then the root and the condition are named.

/// The last version of the trust blob that carries no conditions.
const VERSION_1: u16 = 1;

/// The most files of a webroot that are looked at to find a blob.
const MAX_LOOKED_AT: usize = 16;

fn warn_of_list(list: &RootList) {
    let is_of_mozilla = |kind: &NoteKind| matches!(kind, NoteKind::ConditionsOfMozilla { .. });
    let notes = list.notes().iter();
    notes.filter(|note| is_of_mozilla(&note.kind)).for_each(warning);
}

fn warn_of_blob(name: &str, blob: &FileStore) {
    if blob.version() <= VERSION_1 && !blob.is_empty() {
        warning(format_args!("{name}: {}", NoteKind::CarriesNoConditions));
    }
}

/// Looks at one of the webroot's blobs, which are all of one version.
fn warn_of_webroot(name: &str, directory: &Path) {
    let by_subject = directory.join("by-subject");
    // What cannot be read is an error when the store is asked.
    let Ok(blobs) = fs::read_dir(&by_subject) else {
        return;
    };
    let mut blobs = blobs.take(MAX_LOOKED_AT);
    let first = blobs.find_map(|entry| FileStore::open(entry.ok()?.path()).ok());
    if let Some(blob) = first {
        warn_of_blob(name, &blob);
    }
}

/// The store, if it is of a form that can be looked up in where it is.
fn open_in_place(path: &Path) -> Result<Option<Arc<dyn TrustStore>>, Failure> {
    if is_mozilla(path) {
        return Ok(Some(Arc::new(jit_trust::mozilla())));
    }
    let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    if metadata.is_dir() {
        match WebrootStore::open(path) {
            Ok(webroot) => {
                warn_of_webroot(&name_of(path), path);
                return Ok(Some(Arc::new(webroot)));
            }
            Err(StoreError::File(StoreFileError::NotAWebroot { .. })) => {}
            Err(error) => return Err(not_opened(path, &error)),
        }
    } else if metadata.is_file() {
        match FileStore::open(path) {
            Ok(blob) => {
                warn_of_blob(&name_of(path), &blob);
                return Ok(Some(Arc::new(blob)));
            }
            Err(StoreError::File(
                StoreFileError::Blob {
                    error: BlobError::NotABlob,
                    ..
                }
                | StoreFileError::TooLarge { .. },
            )) => {}
            Err(error) => return Err(not_opened(path, &error)),
        }
    }
    Ok(None)
}

fn not_opened(path: &Path, error: &StoreError) -> Failure {
    match error {
        StoreError::File(StoreFileError::Io { error, .. }) => Failure::reading(path, error),
        StoreError::File(StoreFileError::ByKeyIdOnly { .. }) => Failure::bad_input(format!(
            "{}; --ask-by-key-id does that where a command has it",
            shown(error.to_string())
        )),
        error => Failure::bad_input(shown(error.to_string())),
    }
}

/// The list as a trust blob of version 2, so that its conditions are kept to as those of any other store. What does not
/// fit is left out, with a warning: the rest of the store is trusted all the same.
fn in_memory(name: &str, list: &RootList) -> Result<BlobStore<Vec<u8>>, Failure> {
    let bad_input = |error: &dyn std::error::Error| Failure::bad_input(format!("{name}: {error}"));
    let generation = 0; // it is not asked for
    let (fitting, left_out) = fitting_version_2(list.roots());
    for error in left_out {
        warning(format_args!("{name}: {error}; left out"));
    }
    // Not one that was meant to be empty.
    if fitting.is_empty() {
        return Err(no_root(name));
    }
    let blob = encode_blob(&fitting, generation, BlobOptions::default());
    let blob = blob.map_err(|error| bad_input(&error))?;
    BlobStore::new(blob.bytes).map_err(|error| bad_input(&error))
}

/// Reads a store to look into. What it holds but should not is said on stderr.
pub(crate) fn read(path: &Path) -> Result<RootList, Failure> {
    refuse_url(path)?;
    let list = jit_trust_bundle::read(&[Input::named(path)], Policy::Store)?;
    for left_out in list.left_out() {
        warning(format_args!("{left_out}; left out"));
    }
    for note in list.notes() {
        match &note.kind {
            NoteKind::OtherSection { label } if label == "X509 CRL" => {
                warning(format_args!("{note}; revocation is not checked"));
            }
            NoteKind::NotACa { .. }
            | NoteKind::DatedElsewhere { .. }
            | NoteKind::ConstrainedElsewhere { .. }
            | NoteKind::MissingColumn { .. } => warning(note),
            NoteKind::PassedOver(passed_over) if passed_over.may_hold_certificates() => warning(note),
            NoteKind::PassedOver(passed_over) if !passed_over.is_only_copies() => {
                say(format_args!("note: {note}"));
            }
            _ => {}
        }
    }
    Ok(list)
}

/// That a store is valid, but holds nothing to trust by.
pub(crate) fn no_root(name: &str) -> Failure {
    Failure::bad_input(format!("{name}: there is no root in it: expected at least one"))
}

/// Whether people have nothing to call the roots of this list by.
pub(crate) fn holds_no_names(list: &RootList) -> bool {
    !list.roots().is_empty() && list.roots().iter().all(|root| root.subject().is_none())
}

/// Says how to make a store of this name, which holds no names, one that does.
pub(crate) fn say_that_it_holds_no_names(name: &str) {
    say(format_args!(
        "note: {name} holds no names; `jit-trust bundle --names` makes a blob with them, from a list that has them"
    ));
}

/// When the store that this list was read from was made, in Unix time, if it says so.
pub(crate) fn generation(path: &Path, list: &RootList) -> Option<u32> {
    let compiled_in = || jit_trust::mozilla().blob().generation();
    list.generation().or_else(|| is_mozilla(path).then(compiled_in))
}

fn is_mozilla(path: &Path) -> bool {
    path.as_os_str() == "mozilla"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// To trust by, the list of the library is taken; to look into, that of `jit-trust-bundle`, which has the names and
    /// certificates.
    #[test]
    fn the_list_that_is_shown_as_mozilla_is_the_one_that_is_trusted() {
        let shown = read(Path::new("mozilla")).expect("the compiled-in list");
        let trusted: Vec<_> = jit_trust::mozilla().blob().entries().collect();
        assert_eq!(shown.roots().len(), trusted.len());
        for (root, trusted) in shown.roots().iter().zip(&trusted) {
            let shown = root.entry();
            assert_eq!(shown.name_hash(), trusted.name_hash());
            assert_eq!(shown.spki_value(), trusted.spki_value());
            assert_eq!(shown.subject_key_id(), trusted.subject_key_id());
            assert_eq!(shown.serial(), trusted.serial());
            assert_eq!(shown.profile(), trusted.profile());
            assert_eq!(shown.distrust_after(), trusted.distrust_after());
            assert_eq!(shown.name_constraints(), trusted.name_constraints());
            assert!(root.subject().is_some() && root.der().is_some());
        }
        assert_eq!(
            generation(Path::new("mozilla"), &shown),
            Some(jit_trust::mozilla().blob().generation())
        );
    }
}
