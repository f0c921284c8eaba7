//! Running what waits for the network, until it is done or a signal ends it.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::exit::Failure;

/// The signals that end a command early.
pub(crate) const SIGHUP: u8 = 1;
const SIGINT: u8 = 2;
#[cfg(unix)]
const SIGTERM: u8 = 15;

/// Runs `work` to its end. Ctrl-C, SIGTERM and SIGHUP end it early, and whatever it holds is dropped as on any other way
/// out: temporary files are removed.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_to_its_end(async {
        tokio::select! {
            result = work => result,
            number = signal() => Err(Failure::Signal(number)),
        }
    })
}

/// Runs `work`, which asks for signals itself, to its end.
pub(crate) fn run_to_its_end<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(work);
    // The system's resolver cannot be interrupted; its answer is not waited for.
    runtime.shutdown_background();
    result
}

/// Runs `work` for so long, or to its end if the limit is zero; `None` where the time was over.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    if limit.is_zero() {
        return Some(work.await);
    }
    timeout(limit, work).await.ok()
}

/// Waits for one of the signals above and gives its number. Once this has been asked for, no other end of the command
/// comes of them.
#[cfg(unix)]
pub(crate) async fn signal() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers, signals do what they always did.
        return std::future::pending().await;
    };
    tokio::select! {
        () = hang_up() => SIGHUP,
        _ = interrupt.recv() => SIGINT,
        _ = terminate.recv() => SIGTERM,
    }
}

/// Ends with SIGHUP, unless that is ignored.
#[cfg(unix)]
async fn hang_up() {
    use tokio::signal::unix::{SignalKind, signal};

    if !ignores_hang_up() {
        if let Ok(mut hang_up) = signal(SignalKind::hangup()) {
            hang_up.recv().await;
            return;
        }
    }
    std::future::pending::<()>().await;
}

/// Whether the parent process has SIGHUP ignored, as nohup does. Where that cannot be known, it is assumed.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & 1 != 0)
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn signal() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => SIGINT,
        Err(_) => std::future::pending().await,
    }
}
