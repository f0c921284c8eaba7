//! The file that a report is written to, in the place of stdout.

use std::path::Path;

use jit_trust_file::StagedFile;

use crate::exit::Failure;

/// A file that appears whole or not at all.
#[derive(Debug)]
pub(crate) struct ReportFile {
    staged: StagedFile,
}

impl ReportFile {
    /// The one that `--output` names; none where that is stdout. To be made before the work begins, so that nothing is done
    /// for a file that cannot be written.
    pub(crate) fn create(output: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(path) = output.filter(|path| path.as_os_str() != "-") else {
            return Ok(None);
        };
        Ok(Some(Self {
            staged: StagedFile::create(path).map_err(Failure::failed)?,
        }))
    }

    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        self.staged.write(text.as_bytes()).map_err(Failure::failed)
    }
}
