//! Where the body goes.

use std::path::{Path, PathBuf};

use hyper::header::{CONTENT_LENGTH, HeaderMap};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish};
use jit_trust_file::StagedFile;
use tokio::io::{AsyncWriteExt, Stdout};

use super::args::GetArgs;
use crate::exit::Failure;
use crate::terminal::{progress, stdout_is_terminal};

/// Where the body goes, and how much of it has gone there.
pub(super) struct Output {
    target: Target,
    progress: ProgressBar,
}

enum Target {
    Nowhere,
    Stdout {
        stdout: Stdout,
        /// A terminal would be messed up by binary data; `-o -` insists.
        text_only: bool,
    },
    /// A file that takes its place when it is whole, or a device or a pipe, which is written to.
    File {
        staged: Box<StagedFile>,
        /// The same, written to from another thread: a pipe may make a writer wait for ever.
        file: tokio::fs::File,
        path: PathBuf,
    },
}

impl Output {
    /// Opens what --output says, before anything is asked of a server.
    pub(super) fn open(args: &GetArgs) -> Result<Self, Failure> {
        let hidden = || ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let (target, progress) = match &args.output {
            None if args.json => (Target::Nowhere, hidden()),
            None => (stdout(stdout_is_terminal()), hidden()),
            Some(path) if path.as_os_str() == "-" => (stdout(false), hidden()),
            Some(path) => {
                let bar = ProgressBar::no_length().with_finish(ProgressFinish::AndClear);
                let template = "{bytes} of {total_bytes}  {bytes_per_sec}  {wide_bar} {eta}";
                (file(path)?, progress(bar, template))
            }
        };
        Ok(Self { target, progress })
    }

    /// What the answer says of the body's length.
    pub(super) fn expect(&self, headers: &HeaderMap) {
        let len = headers
            .get(CONTENT_LENGTH)
            .and_then(|len| len.to_str().ok()?.parse().ok());
        if let Some(len) = len {
            self.progress.set_length(len);
        }
    }

    pub(super) async fn write(&mut self, chunk: &[u8]) -> Result<(), Failure> {
        self.progress.inc(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        match &mut self.target {
            Target::Nowhere => Ok(()),
            Target::Stdout { text_only: true, .. } if chunk.contains(&0) => Err(Failure::failed(
                "stdout: the body is not text, which a terminal would not show; --output FILE saves it, \
                 --output - writes it all the same",
            )),
            Target::Stdout { stdout, .. } => {
                let written = stdout.write_all(chunk).await;
                written.map_err(|error| Failure::writing_stdout(&error))
            }
            Target::File { file, path, .. } => {
                let written = file.write_all(chunk).await;
                written.map_err(|error| Failure::writing_file(path, &error))
            }
        }
    }

    /// The body is whole.
    pub(super) async fn finish(self) -> Result<(), Failure> {
        self.progress.finish_and_clear();
        match self.target {
            Target::Nowhere => Ok(()),
            Target::Stdout { mut stdout, .. } => {
                let flushed = stdout.flush().await;
                flushed.map_err(|error| Failure::writing_stdout(&error))
            }
            Target::File {
                staged,
                mut file,
                path,
            } => {
                let flushed = file.flush().await;
                flushed.map_err(|error| Failure::writing_file(&path, &error))?;
                staged.commit().map_err(Failure::failed)
            }
        }
    }
}

fn stdout(text_only: bool) -> Target {
    Target::Stdout {
        stdout: tokio::io::stdout(),
        text_only,
    }
}

fn file(path: &Path) -> Result<Target, Failure> {
    let staged = StagedFile::create(path).map_err(Failure::failed)?;
    // What may not be written to is not replaced either, though it could be.
    staged
        .check_that_replaced_is_writable()
        .map_err(Failure::failed)?;
    let file = staged.file().try_clone();
    let file = file.map_err(|error| Failure::writing_file(path, &error))?;
    Ok(Target::File {
        staged: Box::new(staged),
        file: file.into(),
        path: path.to_owned(),
    })
}
