//! A layer for connectors of other crates.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::drive_off_executor;
use crate::context::HandshakeContext;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A layer around whatever makes connections with one of our configurations, as reqwest's `connector_layer` takes it: a
/// handshake that waits for a store does so outside the executor, so that other tasks go on.
///
/// The connections themselves stay the connector's. They are not listed, and the grace of an anchor that was fetched for
/// one counts from its verification.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let policy = jit_trust::TrustPolicy::new(jit_trust::mozilla());
/// let client = reqwest::Client::builder()
///     .tls_backend_preconfigured(jit_trust::client_config(policy))
///     .connector_layer(jit_trust::ConnectLayer::default())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ConnectLayer;

impl<S> Layer<S> for ConnectLayer {
    type Service = Connect<S>;

    fn layer(&self, inner: S) -> Connect<S> {
        Connect(inner)
    }
}

/// A connector whose handshakes may wait.
#[derive(Clone, Copy, Debug)]
pub struct Connect<S>(S);

impl<S, R> Service<R> for Connect<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        // By way of a proxy it makes two connections.
        let context = Arc::new(HandshakeContext::default());
        let connecting = context.drive(|| self.0.call(request));
        Box::pin(async move {
            drive_off_executor(connecting, &context, None)
                .await?
                .map_err(Into::into)
        })
    }
}
