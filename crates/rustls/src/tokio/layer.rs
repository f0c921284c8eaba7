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

/// A layer around a connector that uses one of our configurations, for reqwest's `connector_layer`. A handshake that waits
/// for a store does so outside the executor, so that other tasks run meanwhile.
///
/// The connections are not tracked: they are not listed, and the idle grace of an imported anchor begins with the
/// verification.
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

/// A connector whose handshakes run outside the executor.
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
        // Without a server, because it makes two connections through a proxy.
        let context = Arc::new(HandshakeContext::default());
        let connecting = context.drive(|| self.0.call(request));
        Box::pin(async move {
            drive_off_executor(connecting, &context, None)
                .await?
                .map_err(Into::into)
        })
    }
}
