//! `POST /predict` and `GET /health`.

use super::answer::{AllTold, Outcome, Told, claimed_json};
use super::pictures::{self, Pictures};
use super::refusal::{Refusal, json};
use super::state::State;
use crate::program::commands::prediction_output::Probabilities;
use axum::body::Bytes;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use petite::report::heat_map::overlay_original;
use petite::run::predict::classifier::{self, Reply};
use petite::text::numbers::cut;
use petite::{Error, ErrorKind, Stop};
use serde::Serialize;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::{JoinHandle, spawn, spawn_blocking};
use tokio::time::{Instant, timeout_at};

/// Longer side of a picture with its heat map, in pixels, unless the picture is smaller.
const LONGEST: usize = 512;

/// The part of the address behind `?`.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    /// Number of classes.
    top: Option<NonZeroUsize>,
    /// Whether to show what speaks for the class.
    grad_cam: bool,
}

impl Wanted {
    fn of(uri: &Uri) -> Result<Self, Refusal> {
        let bad = |expected: &str, found: &str| {
            let found = if found.is_empty() { "nothing" } else { found };
            let error = format!("expected {expected}, found {}", cut(found));
            Refusal::new(StatusCode::BAD_REQUEST, error)
        };
        let Query(pairs): Query<Vec<(String, String)>> = Query::try_from_uri(uri)
            .map_err(|_| bad("top=K or grad_cam=true behind ?", uri.query().unwrap_or_default()))?;
        let mut wanted = Self::default();
        for (name, value) in &pairs {
            match name.as_str() {
                "top" => {
                    let top = value.parse();
                    wanted.top = Some(top.map_err(|_| bad("a number of 1 or more as top", value))?);
                }
                "grad_cam" => {
                    let shown = value.parse();
                    wanted.grad_cam = shown.map_err(|_| bad("true or false as grad_cam", value))?;
                }
                _ => return Err(bad("top=K or grad_cam=true behind ?", name)),
            }
        }
        Ok(wanted)
    }
}

/// A heat map as PNG in base64, with a claim to its memory.
type Drawn = (String, OwnedSemaphorePermit);

/// What is known of a picture, with its heat map, or why it cannot be used.
type Predicted = Result<(Reply, Option<Drawn>), Failed>;

/// Why a picture is not predicted.
enum Failed {
    Predicting(Error),
    /// The whole request is refused.
    Answering(Refusal),
}

pub async fn predict(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    answer(&state, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answer(state: &Arc<State>, request: Request) -> Result<Response, Refusal> {
    let until = Instant::now() + state.timeout;
    // Until the answer is ready, also if the client goes away or the time is up before that.
    let Some(_place) = state.place() else {
        return Err(pictures::refuse(request, too_many(state.max_parallel())).await);
    };
    let wanted = match Wanted::of(request.uri()) {
        Ok(wanted) => wanted,
        Err(refusal) => return Err(pictures::refuse(request, refusal).await),
    };
    let given = pictures::read(request, state).await?;
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
        let work = predicted(Arc::clone(state), name.clone(), bytes, wanted, leaving.0.clone());
        waiting.push((name, spawn(work)));
    }
    let (pictures, claims) = outcomes(state, waiting, wanted, until).await?;
    let is_usable = |told: &Told<'_>| !matches!(told.outcome, Outcome::Unusable { .. });
    let usable = pictures.iter().any(is_usable);
    let status = if usable { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    if is_form {
        let error = (!usable).then_some("expected a picture that can be used, found none");
        return claimed_json(status, &AllTold { error, pictures }, claims, state);
    }
    let told = pictures.first().ok_or_else(|| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "expected a prediction, found none")
    })?;
    claimed_json(status, told, claims, state)
}

/// What becomes of the pictures, in order, and the claims to memory of what is told; all of them must be
/// done by `until`.
async fn outcomes(
    state: &State,
    waiting: Vec<(Option<String>, JoinHandle<Predicted>)>,
    wanted: Wanted,
    until: Instant,
) -> Result<(Vec<Told<'_>>, Vec<OwnedSemaphorePermit>), Refusal> {
    let mut pictures = Vec::with_capacity(waiting.len());
    let mut claims = Vec::new();
    for (name, reply) in waiting {
        let predicted = timeout_at(until, reply).await.map_err(|_| {
            let error = format!(
                "expected a prediction within {} seconds, found more to do; try again later",
                state.timeout.as_secs()
            );
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error)
        })?;
        let outcome = match predicted.unwrap_or_else(|_| Err(lost())) {
            Ok((reply, drawn)) => {
                state.count();
                let (grad_cam, claim) = drawn.unzip();
                claims.extend(claim);
                told(state, &reply, grad_cam, wanted)
            }
            Err(Failed::Predicting(error)) if error.kind() == ErrorKind::BadPictures => {
                Outcome::Unusable { error: error.to_string() }
            }
            Err(Failed::Predicting(error)) => return Err(internal(error)),
            Err(Failed::Answering(refusal)) => return Err(refusal),
        };
        pictures.push(Told { name, outcome });
    }
    Ok((pictures, claims))
}

/// Requests a stop when it is dropped.
struct Leaving(Stop);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.request();
    }
}

/// Gives a picture to the network once there is a place for it, and draws its heat map. Pictures and maps
/// are large, so no more of them exist at a time than there are places.
async fn predicted(
    state: Arc<State>,
    name: Option<String>,
    bytes: Bytes,
    wanted: Wanted,
    stop: Stop,
) -> Predicted {
    let _place = state.place_of_picture().await.ok_or_else(lost)?;
    let (sender, receiver) = oneshot::channel();
    let request = classifier::Request {
        name: name.unwrap_or_default().into(),
        bytes: bytes.into(),
        heat_map: wanted.grad_cam.then_some(LONGEST),
        stop,
        // No one waits any more if that fails.
        reply: Box::new(move |reply| drop(sender.send(reply))),
    };
    state.classifier.submit(request).map_err(Failed::Predicting)?;
    let reply = receiver.await.map_err(|_| lost())?;
    let mut reply = reply.map_err(Failed::Predicting)?;
    let map = reply.prediction.heat_map.take();
    let (Some(map), Some(picture)) = (map, reply.picture.take()) else {
        return Ok((reply, None));
    };
    let target = state.classifier.target();
    let drawn = spawn_blocking(move || {
        let png = overlay_original(&picture, &map, target).to_png()?;
        anyhow::Ok(Base64::encode_string(&png))
    });
    let drawn =
        drawn.await.map_err(|_| lost())?.map_err(|error| Failed::Predicting(error.into()))?;
    let claim = state.memory(drawn.len()).map_err(Failed::Answering)?;
    Ok((reply, Some((drawn, claim))))
}

fn lost() -> Failed {
    Failed::Predicting(anyhow::anyhow!("expected a prediction, found a lost thread").into())
}

fn told<'a>(
    state: &'a State,
    reply: &Reply,
    grad_cam: Option<String>,
    wanted: Wanted,
) -> Outcome<'a> {
    let classes = state.classifier.classes();
    let top = wanted.top.map(|top| top.get().min(classes.len()));
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
