//! Where the body goes.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use hyper::header::{CONTENT_LENGTH, HeaderMap};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use tempfile::NamedTempFile;
use tokio::io::{AsyncWriteExt, Stdout};

use crate::args::GetArgs;
use crate::exit::Failure;
use crate::terminal::stdout_is_terminal;

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
    /// A file that takes its place when it is whole. Dropped before, it is removed.
    File {
        temporary: NamedTempFile,
        path: PathBuf,
    },
    /// A device or a pipe, which nothing can take the place of.
    Device {
        file: File,
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
            Some(path) => (file(path)?, progress()),
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
                written.map_err(|error| Failure::writing("stdout", &error))
            }
            Target::File { temporary, path } => {
                let written = temporary.write_all(chunk);
                written.map_err(|error| Failure::writing_file(path, &error))
            }
            Target::Device { file, path } => {
                let written = file.write_all(chunk);
                written.map_err(|error| Failure::writing_file(path, &error))
            }
        }
    }

    /// The body is whole.
    pub(super) async fn finish(self) -> Result<(), Failure> {
        self.progress.finish_and_clear();
        match self.target {
            Target::Nowhere | Target::Device { .. } => Ok(()),
            Target::Stdout { mut stdout, .. } => {
                let flushed = stdout.flush().await;
                flushed.map_err(|error| Failure::writing("stdout", &error))
            }
            Target::File { temporary, path } => {
                let persisted = temporary.persist(&path);
                persisted.map_err(|error| Failure::writing_file(&path, &error.error))?;
                Ok(())
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
    let failed = |error: &std::io::Error| Failure::writing_file(path, error);
    let existing = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(&error)),
    };
    let Some(existing) = existing else {
        let path = path.to_owned();
        return temporary_for(&path, None).map_err(|error| failed(&error));
    };
    // Also fails for what may not be written to, though it could be replaced.
    let opened = OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|error| failed(&error))?;
    if !existing.is_file() {
        return Ok(Target::Device {
            file: opened,
            path: path.to_owned(),
        });
    }
    // What a link leads to is replaced, not the link.
    let path = fs::canonicalize(path).map_err(|error| failed(&error))?;
    temporary_for(&path, Some(existing.permissions())).map_err(|error| failed(&error))
}

/// A temporary file beside `path`, with the permissions of the file it is to replace, or those of any new file.
fn temporary_for(path: &Path, permissions: Option<fs::Permissions>) -> std::io::Result<Target> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".jit-trust-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666)); // less the umask
    }
    let temporary = builder.tempfile_in(directory.unwrap_or(Path::new(".")))?;
    if let Some(permissions) = permissions {
        temporary.as_file().set_permissions(permissions)?;
    }
    Ok(Target::File {
        temporary,
        path: path.to_owned(),
    })
}

/// A bar on a terminal, as long as it takes; indicatif shows nothing elsewhere.
fn progress() -> ProgressBar {
    let bar = ProgressBar::no_length().with_finish(ProgressFinish::AndClear);
    let style = ProgressStyle::with_template("{bytes} of {total_bytes}  {bytes_per_sec}  {wide_bar} {eta}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
