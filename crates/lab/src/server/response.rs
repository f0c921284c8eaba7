//! Answers, whole or spoilt.

use std::time::Duration;

use http_body_util::{BodyExt, Channel, Full, combinators::BoxBody};
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderValue};

/// The error with which a body breaks off.
pub(super) type BodyError = std::io::Error;

/// An answer to a request.
#[derive(Clone, Debug)]
#[must_use = "a response is to be returned to the server"]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    delivery: Delivery,
}

/// The way in which the body is sent.
#[derive(Clone, Copy, Debug)]
enum Delivery {
    Whole,
    Chunked { size: usize, delay: Duration },
    Cut { after: usize },
    Endless,
    Never,
}

impl Response {
    /// 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200).body(body)
    }

    /// This status, without a body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            delivery: Delivery::Whole,
        }
    }

    /// A redirect, such as 302, to an absolute or relative URL.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status).header("location", location)
    }

    /// No answer: the request is read and then nothing happens.
    pub fn never() -> Self {
        Self {
            delivery: Delivery::Never,
            ..Self::status(200)
        }
    }

    /// One more header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Bytes::from(body.into()),
            ..self
        }
    }

    /// The body in chunks of `size` bytes (at least one) with no length announced, and `delay` before each.
    pub fn chunked(self, size: usize, delay: Duration) -> Self {
        Self {
            delivery: Delivery::Chunked {
                size: size.max(1),
                delay,
            },
            ..self
        }
    }

    /// The whole body's length is announced, but the connection (HTTP/1.1) or stream (HTTP/2) breaks off
    /// after `after` bytes.
    pub fn cut_after(self, after: usize) -> Self {
        Self {
            delivery: Delivery::Cut {
                after: after.min(self.body.len()),
            },
            ..self
        }
    }

    /// The body again and again, without end.
    pub fn endless(self) -> Self {
        Self {
            delivery: Delivery::Endless,
            ..self
        }
    }

    pub(super) fn is_never(&self) -> bool {
        matches!(self.delivery, Delivery::Never)
    }

    /// The response for hyper; a body that takes time is sent by a task.
    pub(super) fn into_hyper(self) -> hyper::Response<BoxBody<Bytes, BodyError>> {
        let mut response = hyper::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        let mut response = response
            .body(self.delivered())
            .expect("a test's response has a status and header fields that HTTP knows");
        if let Delivery::Cut { .. } = self.delivery {
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        response
    }

    fn delivered(&self) -> BoxBody<Bytes, BodyError> {
        let whole = self.body.clone();
        match self.delivery {
            Delivery::Whole | Delivery::Never => Full::new(whole).map_err(|never| match never {}).boxed(),
            Delivery::Chunked { size, delay } => {
                let (mut sender, body) = Channel::new(1);
                tokio::spawn(async move {
                    for chunk in whole.chunks(size) {
                        tokio::time::sleep(delay).await;
                        // It fails when the client has disconnected, and then there is no one to report to.
                        if sender.send_data(Bytes::copy_from_slice(chunk)).await.is_err() {
                            return;
                        }
                    }
                });
                body.boxed()
            }
            Delivery::Endless => {
                let (mut sender, body) = Channel::new(1);
                tokio::spawn(async move { while sender.send_data(whole.clone()).await.is_ok() {} });
                body.boxed()
            }
            Delivery::Cut { after } => {
                let (mut sender, body) = Channel::new(1);
                tokio::spawn(async move {
                    let _ = sender.send_data(whole.slice(..after)).await;
                    // Time for what precedes the cut to be sent: an error drops what is still in a buffer.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    sender.abort(BodyError::other("cut on request"));
                });
                body.boxed()
            }
        }
    }
}
