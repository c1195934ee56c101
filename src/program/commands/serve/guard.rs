//! Keeps web pages of other servers, which run in a visitor's browser, from using this one, except for
//! those of `--allow-origin`.

use super::pictures;
use super::state::State;
use axum::extract::{Request, State as Shared};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, VARY,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Headers of every answer.
const HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    (POLICY, "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// The header that says whose pages may load the answer.
const POLICY: &str = "cross-origin-resource-policy";

/// What a browser wants to know before a page of another origin sends a picture (a preflight request).
const PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "GET, POST"),
    ("access-control-allow-headers", "content-type"),
    ("access-control-max-age", "600"),
];

/// Adds [`HEADERS`], and for pages of an allowed origin that they may read the answer.
pub async fn with_headers(
    Shared(state): Shared<Arc<State>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(HeaderName::from_static(name), value);
    for (name, value) in HEADERS {
        set(name, HeaderValue::from_static(value));
    }
    let allowed =
        origin.filter(|origin| origin.to_str().is_ok_and(|text| state.names.is_allowed(text)));
    if let Some(origin) = allowed {
        set(POLICY, HeaderValue::from_static("cross-origin"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    if state.names.has_origins() {
        headers.insert(VARY, HeaderValue::from_static("origin"));
    }
    response
}

/// Refuses what [`Names::check`](super::names::Names::check) refuses, and answers preflight requests.
pub async fn own_pages_only(
    Shared(state): Shared<Arc<State>>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let (host, origin) = (text(headers, HOST), text(headers, ORIGIN));
    if let Err(refusal) = state.names.check(request.uri().path(), host, origin) {
        // Else the connection is closed while a proxy still sends the body, and it answers 502 itself.
        return pictures::refuse(request, refusal).await.into_response();
    }
    let is_allowed = origin.is_some_and(|origin| state.names.is_allowed(origin));
    if is_allowed
        && request.method() == Method::OPTIONS
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
    {
        return (StatusCode::NO_CONTENT, PREFLIGHT).into_response();
    }
    next.run(request).await
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}
