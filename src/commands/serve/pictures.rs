//! The pictures in a request: its body, or the files of a form.

use super::answer::Refusal;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;
use tokio::time::timeout;

/// Most files in a form.
const MOST: usize = 256;

/// Longest time to read what will not be used.
const DISCARDING: Duration = Duration::from_secs(2);

/// The pictures of a request.
pub enum Pictures {
    /// The whole body.
    One(Bytes),
    /// A form's files with their names.
    Several(Vec<(String, Bytes)>),
}

/// Reads the pictures of a request of at most `max_bytes` bytes within `longest`.
///
/// # Errors
/// If it is larger or takes longer, or holds something else.
pub async fn read(
    request: Request,
    max_bytes: usize,
    longest: Duration,
) -> Result<Pictures, Refusal> {
    let is_form = is_form(request.headers())?;
    let (head, mut body) = request.into_parts();
    let too_large = || {
        let error = format!("expected a request of at most {max_bytes} bytes, found a larger one");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    let length = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if length.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0) > max_bytes as u64 {
        discard(&head.headers, body).await;
        return Err(too_large());
    }
    let limited = Limited::new(&mut body, max_bytes);
    let Ok(read) = timeout(longest, limited.collect()).await else {
        let error = format!(
            "expected the request within {} seconds, found a part of it",
            longest.as_secs()
        );
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, error));
    };
    let bytes = match read {
        Ok(read) => read.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            discard(&head.headers, body).await;
            return Err(too_large());
        }
        Err(error) => {
            let error = format!("expected a whole request, found {error}");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, error));
        }
    };
    let pictures = match is_form {
        false => Pictures::One(bytes),
        true => {
            let form = Request::from_parts(head, Body::from(bytes));
            Pictures::Several(files(form).await?)
        }
    };
    let is_empty = match &pictures {
        Pictures::One(bytes) => bytes.is_empty(),
        Pictures::Several(files) => files.is_empty(),
    };
    match is_empty {
        true => Err(Refusal::new(StatusCode::BAD_REQUEST, "expected a picture, found none")),
        false => Ok(pictures),
    }
}

/// Whether the body is a form, and not a picture.
fn is_form(headers: &HeaderMap) -> Result<bool, Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing");
    let kind = kind.to_ascii_lowercase();
    if kind.starts_with("image/") {
        return Ok(false);
    }
    if kind.starts_with("multipart/form-data") {
        return Ok(true);
    }
    let error = format!(
        "expected a Content-Type of image/… or multipart/form-data, found {kind}; try image/jpeg"
    );
    Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error))
}

/// The files of a form, with their names or else those of their fields.
async fn files(form: Request) -> Result<Vec<(String, Bytes)>, Refusal> {
    let bad = |error: &dyn std::fmt::Display| {
        Refusal::new(StatusCode::BAD_REQUEST, format!("expected a form with files, found {error}"))
    };
    let mut form = Multipart::from_request(form, &()).await.map_err(|error| bad(&error))?;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| bad(&error.body_text()))? {
        if files.len() == MOST {
            let error = format!("expected at most {MOST} pictures in a request, found more");
            return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error));
        }
        let name = field.file_name().or(field.name()).unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| bad(&error.body_text()))?;
        files.push((name, bytes));
    }
    Ok(files)
}

/// Reads what a refused client still sends, since many read the answer only after that. A client that
/// waits to be asked for the body (`Expect: 100-continue`) is not.
pub async fn discard(headers: &HeaderMap, mut body: Body) {
    if headers.contains_key(EXPECT) {
        return;
    }
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    let _ = timeout(DISCARDING, all).await;
}
