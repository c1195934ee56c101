//! Answers in JSON.

use super::refusal::{JSON, Refusal};
use super::state::State;
use crate::program::commands::prediction_output::Probabilities;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;

/// Bytes to write at a time.
const CHUNK: usize = 64 << 10;

/// The body of an answer, with claims to memory that end once all of it is written.
struct Claimed {
    bytes: Bytes,
    _claims: Vec<OwnedSemaphorePermit>,
}

/// `value` as JSON, with the claims to memory of its parts and one for the rest.
///
/// # Errors
/// If all answers together are too large.
pub fn claimed_json(
    status: StatusCode,
    value: &impl Serialize,
    mut claims: Vec<OwnedSemaphorePermit>,
    state: &State,
) -> Result<Response, Refusal> {
    let Ok(bytes) = serde_json::to_vec(value) else {
        return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    };
    let claimed: usize = claims.iter().map(|claim| claim.num_permits() << 10).sum();
    claims.push(state.memory(bytes.len().saturating_sub(claimed))?);
    let body = Body::new(Claimed { bytes: bytes.into(), _claims: claims });
    Ok((status, [(CONTENT_TYPE, JSON)], body).into_response())
}

impl hyper::body::Body for Claimed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.bytes.len().min(CHUNK);
        let next = self.bytes.split_to(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

/// What is said of one picture.
#[derive(Serialize)]
pub struct Told<'a> {
    /// The name of its file, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(flatten)]
    pub outcome: Outcome<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub enum Outcome<'a> {
    Predicted {
        class: &'a str,
        probabilities: Probabilities<'a>,
        /// A PNG in base64.
        #[serde(skip_serializing_if = "Option::is_none")]
        grad_cam: Option<String>,
    },
    Unusable {
        error: String,
    },
}

/// What is said of several pictures.
#[derive(Serialize)]
pub struct AllTold<'a> {
    /// If none can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    pub pictures: Vec<Told<'a>>,
}
