//! `POST /predict` and `GET /health`.

use super::answer::{AllTold, Outcome, Refusal, Told, json};
use super::pictures::{self, Pictures};
use super::state::State;
use crate::commands::prediction_output::Probabilities;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use petite::report::heat_map::overlay_original;
use petite::run::classifier::{self, Reply};
use petite::{Error, ErrorKind, Stop};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

/// Longer side of a picture with its heat map, in pixels, unless the picture is smaller.
const LONGEST: usize = 512;

/// The part of the address behind `?`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Number of classes.
    top: Option<NonZeroU32>,
    /// Whether to show what speaks for the class.
    #[serde(default)]
    grad_cam: bool,
}

/// What is known of a picture, or why it cannot be used; and its heat map as PNG in base64.
type Predicted = Result<(Reply, Option<String>), Error>;

pub async fn predict(
    Shared(state): Shared<Arc<State>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Response {
    answer(&state, wanted, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(
    state: &Arc<State>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let until = Instant::now() + state.timeout;
    // Until the answer is ready, also if the client goes away or the time is up before that.
    let Some(_place) = state.place() else {
        let (head, body) = request.into_parts();
        pictures::discard(&head.headers, body).await;
        return Err(too_many(state.max_parallel()));
    };
    let Query(wanted) = wanted.map_err(|error| {
        let error = error.body_text();
        Refusal::new(
            StatusCode::BAD_REQUEST,
            format!("expected top=K and grad_cam=true or false, found another query: {error}"),
        )
    })?;
    let given = pictures::read(request, state.max_bytes, state.timeout).await?;
    let (named, is_form) = match given {
        Pictures::One(bytes) => (vec![(None, bytes)], false),
        Pictures::Several(files) => {
            (files.into_iter().map(|(name, bytes)| (Some(name), bytes)).collect(), true)
        }
    };
    // Stops what is left to do once this function ends, however it ends.
    let leaving = Leaving(Stop::default());
    let mut waiting = Vec::with_capacity(named.len());
    for (name, bytes) in named {
        let reply = submit(state, &name, bytes, wanted.grad_cam, &leaving.0);
        waiting.push((name, reply.map_err(internal)?));
    }
    let pictures = outcomes(state, waiting, wanted, until).await?;
    let is_usable = |told: &Told<'_>| !matches!(told.outcome, Outcome::Unusable { .. });
    let usable = pictures.iter().any(is_usable);
    let status = if usable { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    if is_form {
        let error = (!usable).then_some("expected a picture that can be used, found none");
        return Ok(json(status, &AllTold { error, pictures }));
    }
    pictures.first().map(|told| json(status, told)).ok_or_else(|| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "expected a prediction, found none")
    })
}

/// What becomes of the pictures, in order; all of them must be done by `until`.
async fn outcomes(
    state: &State,
    waiting: Vec<(Option<String>, impl Future<Output = Predicted>)>,
    wanted: Wanted,
    until: Instant,
) -> Result<Vec<Told<'_>>, Refusal> {
    let mut pictures = Vec::with_capacity(waiting.len());
    for (name, reply) in waiting {
        let predicted = timeout_at(until, reply).await.map_err(|_| {
            let error = format!(
                "expected a prediction within {} seconds, found more to do; try again later",
                state.timeout.as_secs()
            );
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error)
        })?;
        let outcome = match predicted {
            Ok((reply, grad_cam)) => {
                state.count();
                told(state, &reply, grad_cam, wanted)
            }
            Err(error) if error.kind() == ErrorKind::BadPictures => {
                Outcome::Unusable { error: error.to_string() }
            }
            Err(error) => return Err(internal(error)),
        };
        pictures.push(Told { name, outcome });
    }
    Ok(pictures)
}

/// Requests a stop when it is dropped.
struct Leaving(Stop);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.request();
    }
}

/// Gives a picture to the network, and returns what waits for the reply.
fn submit(
    state: &Arc<State>,
    name: &Option<String>,
    bytes: Bytes,
    grad_cam: bool,
    stop: &Stop,
) -> Result<impl Future<Output = Predicted> + use<>, Error> {
    let (sender, receiver) = oneshot::channel();
    state.classifier.submit(classifier::Request {
        name: name.clone().unwrap_or_default().into(),
        bytes: bytes.into(),
        heat_map: grad_cam.then_some(LONGEST),
        stop: stop.clone(),
        // No one waits any more if that fails.
        reply: Box::new(move |reply| drop(sender.send(reply))),
    })?;
    let target = state.classifier.target();
    Ok(async move {
        let lost = || Error::from(anyhow::anyhow!("expected a prediction, found a lost thread"));
        let mut reply = receiver.await.map_err(|_| lost())??;
        let map = reply.prediction.heat_map.take();
        let (Some(map), Some(picture)) = (map, reply.picture.take()) else {
            return Ok((reply, None));
        };
        let drawn = spawn_blocking(move || {
            let png = overlay_original(&picture, &map, target).to_png()?;
            anyhow::Ok(Base64::encode_string(&png))
        });
        Ok((reply, Some(drawn.await.map_err(|_| lost())??)))
    })
}

fn told<'a>(
    state: &'a State,
    reply: &Reply,
    grad_cam: Option<String>,
    wanted: Wanted,
) -> Outcome<'a> {
    let classes = state.classifier.classes();
    let top = wanted.top.map(|top| (top.get() as usize).min(classes.len()));
    Outcome::Predicted {
        class: &classes[reply.prediction.label],
        probabilities: Probabilities::of(&reply.prediction, classes, top),
        grad_cam,
    }
}

/// A request beyond those at a time.
fn too_many(most: usize) -> Refusal {
    let error = format!("expected at most {most} requests at a time, found more; try again later");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error)
}

/// A failure that is not the client's.
fn internal(error: Error) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

pub async fn health(Shared(state): Shared<Arc<State>>) -> Response {
    #[derive(Serialize)]
    struct Health<'a> {
        status: &'static str,
        version: &'static str,
        classes: &'a [String],
        running: usize,
        max_parallel: usize,
        max_bytes: usize,
        pictures: u64,
        refused: u64,
    }
    let counts = state.counts();
    let health = Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        classes: state.classifier.classes(),
        running: counts.running,
        max_parallel: state.max_parallel(),
        max_bytes: state.max_bytes,
        pictures: counts.pictures,
        refused: counts.refused,
    };
    json(StatusCode::OK, &health)
}
