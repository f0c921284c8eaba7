//! The webroot: the store as static files.

pub(crate) mod index;
mod occupant;
pub(crate) mod plan;
mod remove;
mod staged;
mod swap;

use std::path::Path;

use jit_trust_file::{Directory, Place};

use super::error::{LostConditions, OutputError};
use super::options::{BlobOptions, KeyEntries, Replace};
use crate::Root;
use occupant::{Occupant, Rule, is_link_to_generation};
use plan::Plan;

/// A webroot that was written, and the conditions that it cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrittenWebroot {
    /// The number of its files and links.
    pub files: usize,
    /// The roots that cannot be found by one of their keys, because another root has the same key or the key is too long for a
    /// file name; one line each. `index.json` has the same.
    pub unreachable: Vec<String>,
    /// The conditions of these roots that blobs of version 1 cannot hold; `index.json` has them. With blobs of
    /// version 2 there are none: clients that look anchors up by name get the conditions there. Clients that read bare
    /// certificates from `der`, `by-skid` or `by-iss` get no conditions, with either version.
    pub lost: Vec<LostConditions>,
    /// The rest of the old webroot that could not be deleted, with its place and the reason; one line.
    pub left_behind: Option<String>,
}

/// Writes a webroot of these roots: whole, into a directory of its own, `TARGET.<generation>-<16 hex digits>`, and then
/// makes `TARGET` a link to that in one step, so that a reader finds the old webroot or the new one. The directory that the
/// link led to before is deleted. When that fails, the old webroot is as it was, unless the error says otherwise.
///
/// What another program puts in the place of the old link or directory until the last moment keeps the place, and nothing is
/// replaced ([`FileError::Changed`](jit_trust_file::FileError::Changed)); where the system cannot exchange two names in one
/// step, only until just before that.
///
/// Such a link, by its name, its target's and the `index.json` there, is the only one that is ever replaced. Any other link
/// is followed and stays: the webroot is written where it leads.
///
/// A webroot that is a directory itself, or an empty directory, is exchanged for the link, in one step on most file systems
/// of Linux, Android and Apple's systems. Elsewhere, it is moved away first: a reader, or a crash, may come between the two,
/// and the old one is then in `.jit-trust-…/old` beside its place. A mount point, and a directory in a lower layer of an
/// overlay, cannot be replaced at all ([`OutputError::CannotStepAside`]). Where the file system has no links, every webroot
/// is such a directory.
///
/// Of several runs at the same time, the first one that ends replaces the webroot. The others find that it has changed, and
/// change nothing.
///
/// A run that is interrupted may leave a directory `.jit-trust-…`, or one that no link leads to: they can be deleted.
///
/// The new webroot gets the permissions of the directory that it replaces, and all of it and the link the owner and group,
/// as far as the user may give them away; see [`jit_trust_file::take_over`]. The documentation of [`jit_trust_file`] describes
/// the guarantees where other users may write.
///
/// | path | what |
/// |---|---|
/// | `der/<SHA-256 of the certificate, lower-case hex>.der` | each root's certificate |
/// | `by-skid/<SKID, upper-case hex>` | link to the certificate with this subject key identifier |
/// | `by-iss/<name hash of the issuer>-<serial, lower-case hex>` | link to the certificate with this issuer and serial number |
/// | `by-subject/<name hash>.tblb` | a trust blob with every root of this name, as the options say |
/// | `bundle.tblb` | a trust blob with all roots, as the options say |
/// | `index.json` | what the webroot holds and when it was made |
///
/// Several roots may share a key; the first one gets the entry. An entry whose file name would be longer than 255 bytes is not
/// made. The index lists both. It is one object:
///
/// | member | what |
/// |---|---|
/// | `format`, `version` | `jit-trust webroot`, 2 |
/// | `generation`, `generated_at` | when the store was made, in Unix time and in RFC 3339 |
/// | `bundle` | `path`, `len` and `sha256` of the blob with all roots; the `version` of that and all other blobs, and whether they have `names` and `certificates` sections |
/// | `roots` | in the order of the list: `subject`, `skid`, `sha256`, `spki_sha256`, `not_before` and `not_after` as in a [`Record`](crate::Record); the [`Conditions`](crate::Conditions), `distrust_after` (Unix time) and `name_constraints` (lower-case hex), each `null` where there is none; the paths `der` and `by_subject`; and `keys`, the paths under which its certificate is found |
/// | `collisions` | the keys that several roots share: `key`, the `der` that is found there, and those that are `hidden` |
/// | `without_key` | the roots (`der`) without an entry in a `folder`, and the `reason`: `absent` or `too-long` |
///
/// The same roots, generation and options give the same files.
///
/// A webroot with an index of version 1, of which all blobs are of version 1 and the conditions are dates and domains
/// (`applied_constraints`), is still read, and replaced.
///
/// # Errors
/// When the list does not fit into a trust blob, the certificate of a root is not known, the system refuses
/// something, there is a webroot of a newer generation that may not be replaced, or the target is neither empty nor a
/// webroot and nothing else: only files that the
/// `index.json` there lists are ever deleted. They are told by their names, not by their content, and what is put
/// there while the new webroot is being written is looked at too.
pub fn write_webroot(
    target: &Path,
    roots: &[Root],
    generation: u32,
    options: BlobOptions,
    key_entries: KeyEntries,
    replace: Replace,
) -> Result<WrittenWebroot, OutputError> {
    let roots: Vec<&Root> = roots.iter().collect();
    let plan = Plan::of(&roots, generation, options, key_entries)?;
    let place = Place::of_directory(target, &is_link_to_generation)?;
    let rule = Rule {
        place: &place,
        target: place.path(),
        generation,
        replace,
    };
    let occupant = rule.check(place.directory(), place.name())?;
    let staged = staged::write(&plan, &place, occupant.as_ref().and_then(Occupant::directory))?;
    let left_behind = swap::put_in_force(staged, occupant.as_ref(), &rule, Directory::exchange)?;
    Ok(WrittenWebroot {
        files: plan.files.len(),
        unreachable: plan.unreachable,
        lost: LostConditions::of(&roots, options.version),
        left_behind,
    })
}
