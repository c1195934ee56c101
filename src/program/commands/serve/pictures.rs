//! The pictures in a request: its body, or the files of a form.

use super::refusal::Refusal;
use super::state::State;
use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use petite::text::numbers::cut;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
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

/// Reads the pictures of a request within the limits of its size and time.
///
/// # Errors
/// If it is larger or takes longer, or holds something else, or stops coming while the server ends.
pub async fn read(request: Request, state: &State) -> Result<Pictures, Refusal> {
    let (max_bytes, longest) = (state.max_bytes, state.timeout);
    let (head, mut body) = request.into_parts();
    let is_form = match is_form(&head.headers) {
        Ok(is_form) => is_form,
        Err(refusal) => return Err(refused(&head.headers, body, refusal).await),
    };
    let too_large = || {
        let error = format!("expected a request of at most {max_bytes} bytes, found a larger one");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    let length = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if length.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0) > max_bytes as u64 {
        return Err(refused(&head.headers, body, too_large()).await);
    }
    let Ok(read) = timeout(longest, all_of(&mut body, state)).await else {
        let error = format!(
            "expected the request within {} seconds, found a part of it",
            longest.as_secs()
        );
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, error));
    };
    let bytes = match read? {
        Ok(bytes) => Bytes::from(bytes),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(refused(&head.headers, body, too_large()).await);
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

/// The bytes of a body.
async fn all_of(body: &mut Body, state: &State) -> Result<Result<Vec<u8>, BoxError>, Refusal> {
    let mut limited = Limited::new(body, state.max_bytes);
    let mut bytes = Vec::new();
    loop {
        let (mut frame, mut end) = (limited.frame(), pin!(state.end()));
        let frame = poll_fn(|context| match Pin::new(&mut frame).poll(context) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending => end.as_mut().poll(context).map(|()| {
                let error = "expected the rest of the request, found none while the server ends";
                Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, error))
            }),
        });
        let frame = frame.await?;
        match frame {
            Some(Ok(frame)) => bytes.extend(frame.into_data().unwrap_or_default()),
            Some(Err(error)) => return Ok(Err(error)),
            None => return Ok(Ok(bytes)),
        }
    }
}

/// Whether the body is a form, and not a picture, which is recognized by its content.
fn is_form(headers: &HeaderMap) -> Result<bool, Refusal> {
    let Some(kind) = headers.get(CONTENT_TYPE) else { return Ok(false) };
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("image/") || kind.starts_with("application/octet-stream") {
        return Ok(false);
    }
    if kind.starts_with("multipart/form-data") {
        return Ok(true);
    }
    let error = format!(
        "expected a Content-Type of image/… or multipart/form-data, or none, found {}; try image/jpeg",
        cut(&kind)
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

/// Refuses `request`, after [what its client still sends](refused).
pub async fn refuse(request: Request, refusal: Refusal) -> Refusal {
    let (head, body) = request.into_parts();
    refused(&head.headers, body, refusal).await
}

/// The refusal, after what its client still sends, since many read the answer only after that. A client
/// that waits to be asked for the body (`Expect: 100-continue`) is not.
async fn refused(headers: &HeaderMap, mut body: Body, refusal: Refusal) -> Refusal {
    if !headers.contains_key(EXPECT) {
        let all = async { while let Some(Ok(_)) = body.frame().await {} };
        let _ = timeout(DISCARDING, all).await;
    }
    refusal
}
