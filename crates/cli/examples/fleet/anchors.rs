//! Which anchor each host needs, and how large the file is that has it.

use jit_trust_bundle::{BlobOptions, Input, Policy, Root, encode_blob, read};

use crate::Result;
use crate::assumptions::{HOSTS, ROOTS};
use crate::random::Random;

/// The anchors of the fleet's hosts.
#[derive(Debug)]
pub(crate) struct Anchors {
    /// For each host the place in `blob_lens` of its anchor, or of the name that the store does not have.
    of_hosts: Vec<usize>,
    /// The length of each answer; `None` is "not found".
    blob_lens: Vec<Option<u64>>,
    /// The length of a blob with the whole list.
    pub(crate) whole_blob_len: u64,
}

impl Anchors {
    /// Draws an anchor of Mozilla's list for each host, by the shares that are assumed. Each host of a CA that is not in
    /// the list has one of its own.
    pub(crate) fn of_mozilla(random: &mut Random) -> Result<Self> {
        let list = read(&[Input::Mozilla], Policy::Strict)?;
        let blob_len = |roots: &[Root]| -> Result<u64> {
            Ok(encode_blob(roots, 1, BlobOptions::default())?
                .bytes
                .len()
                .try_into()?)
        };
        let mut blob_lens = Vec::new();
        for (name, _) in ROOTS {
            let subject = |root: &Root| root.subject().map(|subject| subject.to_string());
            let named = list
                .roots()
                .iter()
                .filter_map(subject)
                .find(|subject| subject.contains(name));
            let named = named.ok_or_else(|| format!("the list has no {name}: put another into ROOTS"))?;
            let of_name = list
                .roots()
                .iter()
                .filter(|root| subject(root).as_ref() == Some(&named));
            blob_lens.push(Some(blob_len(&of_name.cloned().collect::<Vec<_>>())?));
        }
        let mut of_hosts = Vec::new();
        for _ in 0..HOSTS {
            of_hosts.push(drawn(random).unwrap_or(blob_lens.len()));
            if of_hosts.last() == Some(&blob_lens.len()) {
                blob_lens.push(None);
            }
        }
        Ok(Self {
            of_hosts,
            blob_lens,
            whole_blob_len: blob_len(list.roots())?,
        })
    }

    /// Of these hosts and answers.
    #[cfg(test)]
    pub(crate) fn new(of_hosts: &[usize], blob_lens: &[Option<u64>]) -> Self {
        Self {
            of_hosts: of_hosts.to_vec(),
            blob_lens: blob_lens.to_vec(),
            whole_blob_len: 0,
        }
    }

    /// How many anchors there are, those included that the store does not have.
    pub(crate) fn count(&self) -> usize {
        self.blob_lens.len()
    }

    pub(crate) fn hosts(&self) -> usize {
        self.of_hosts.len()
    }

    /// The anchor that a host needs.
    pub(crate) fn of(&self, host: usize) -> usize {
        self.of_hosts[host]
    }

    /// The length of the store's answer, if it has the anchor.
    pub(crate) fn blob_len(&self, anchor: usize) -> Option<u64> {
        self.blob_lens[anchor]
    }
}

/// A root by the shares, or none.
fn drawn(random: &mut Random) -> Option<usize> {
    let mut place = random.below(1_000);
    ROOTS.iter().position(|(_, share)| {
        let is_here = place < *share;
        place = place.saturating_sub(*share);
        is_here
    })
}
