//! The page where pictures are dropped: one file that loads nothing from elsewhere.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("page.html");

pub async fn page() -> Response {
    let kind = "text/html; charset=utf-8".to_owned();
    let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, policy())];
    (headers, PAGE).into_response()
}

/// Allows the page's own style and script, by their hashes, pictures that it makes itself, and requests
/// to this server: nothing else, whatever a name or a class contains.
fn policy() -> String {
    let hash = |element: &str| {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let text = PAGE.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
        let text = text.map_or("", |(text, _)| text);
        format!("'sha256-{}'", Base64::encode_string(&Sha256::digest(text)))
    };
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src blob: data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("style"),
        hash("script")
    )
}
