//! Connectors for tokio, hyper and reqwest. A handshake that may wait for a store runs outside the executor.

mod connector;
#[cfg(feature = "hyper")]
mod https;
#[cfg(feature = "tower")]
mod layer;
mod read_ahead;

pub use connector::{TokioConnector, TokioTlsStream};
#[cfg(feature = "hyper")]
pub use https::{HttpsConnector, MaybeHttps};
#[cfg(feature = "tower")]
pub use layer::{Connect, ConnectLayer};

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use jit_trust_engine::{Gate, ShutDown, off_executor};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::context::HandshakeContext;

/// Drives a handshake outside the executor, each poll as a step of its connection.
async fn drive_off_executor<F>(
    future: F,
    context: &Arc<HandshakeContext>,
    gate: Option<&Gate>,
) -> Result<F::Output, ShutDown>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let steps = steps_of(context.clone(), future);
    off_executor(steps, context.cancellation(), spawn, gate).await
}

/// A future whose polls are steps of a connection.
async fn steps_of<F: Future>(context: Arc<HandshakeContext>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|task| context.drive(|| future.as_mut().poll(task))).await
}

fn spawn(job: Box<dyn FnOnce() + Send>) {
    let runtime = Handle::current();
    drop(spawn_blocking(move || {
        let _entered = runtime.enter();
        job();
    }));
}
