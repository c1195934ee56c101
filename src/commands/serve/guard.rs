//! Keeps web pages of other servers, which run in a visitor's browser, from using this one.

use super::answer::Refusal;
use super::state::State;
use axum::extract::{Request, State as Shared};
use axum::http::header::{HOST, HeaderName, HeaderValue, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Headers of every answer. There are none that let other servers' pages read it.
const HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Adds [`HEADERS`].
pub async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        let (name, value) = (HeaderName::from_static(name), HeaderValue::from_static(value));
        response.headers_mut().insert(name, value);
    }
    response
}

/// Refuses requests under a name that is not the server's, and those that another server's page sends.
pub async fn own_pages_only(
    Shared(state): Shared<Arc<State>>,
    request: Request,
    next: Next,
) -> Response {
    match check(&state, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(state: &State, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(HOST) else {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "expected a Host header, found none; try HTTP/1.1",
        ));
    };
    if !state.is_own_name(name_of(host)) {
        return Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!(
                "expected a request to localhost or a numeric address, found one to {host}; try --allow-host {}",
                name_of(host)
            ),
        ));
    }
    // Browsers send it with every POST. Behind a proxy the scheme may be another.
    let own = |origin: &str| {
        let authority = origin.split_once("://").map(|(_, authority)| authority);
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    match text(ORIGIN) {
        Some(origin) if !own(origin) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            format!("expected a request from the server's own page, found one from {origin}"),
        )),
        _ => Ok(()),
    }
}

/// `NAME:PORT` without the port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn ports_are_no_part_of_names() {
        for (host, name) in [
            ("localhost:8080", "localhost"),
            ("localhost", "localhost"),
            ("127.0.0.1:1", "127.0.0.1"),
            ("[::1]:8080", "[::1]"),
            ("[::1]", "[::1]"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(name_of(host), name);
        }
    }
}
