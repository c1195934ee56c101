//! Requests that are refused: a status and an error in JSON.

use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Seconds after which a refused client may try again.
const RETRY: HeaderValue = HeaderValue::from_static("1");

pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A request that is not answered with predictions: `{"error": …}`.
#[derive(Debug)]
pub struct Refusal {
    pub status: StatusCode,
    pub error: String,
}

impl Refusal {
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Told {
            error: String,
        }
        let mut response = json(self.status, &Told { error: self.error });
        let headers = response.headers_mut();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY);
        }
        // What is left of the request is not read.
        if [StatusCode::PAYLOAD_TOO_LARGE, StatusCode::REQUEST_TIMEOUT].contains(&self.status) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// `value` as the JSON of a response.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(value) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    (status, [(CONTENT_TYPE, JSON)], body).into_response()
}

pub async fn not_found(uri: Uri) -> Refusal {
    let error = format!("expected /, /predict or /health, found {}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, error)
}

pub async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let expected = if uri.path() == "/predict" { "POST" } else { "GET" };
    let error = format!("expected {expected} {}, found {method}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, error)
}
