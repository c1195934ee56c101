//! What all requests share: the network, the limits and the counts.

use super::names::Names;
use super::refusal::Refusal;
use crate::program::cli::ServeArgs;
use axum::http::StatusCode;
use petite::Classifier;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

/// Largest size of all answers that are written at a time, in KiB: answers with heat maps are large.
const ANSWERS: usize = 256 << 10;

/// How long a request may pause once the server is to end.
const GRACE: Duration = Duration::from_secs(2);

/// What all requests share.
#[derive(Debug)]
pub struct State {
    pub classifier: Classifier,
    /// Largest request in bytes.
    pub max_bytes: usize,
    /// Longest time for a request.
    pub timeout: Duration,
    /// Names by which the server may be called.
    pub names: Names,
    max_parallel: usize,
    free: Arc<Semaphore>,
    /// Pictures that may be decoded, computed or drawn at a time, of all requests.
    in_flight: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    ending: watch::Sender<bool>,
    pictures: AtomicU64,
    refused: AtomicU64,
}

/// What has been done so far.
pub struct Counts {
    /// Requests for predictions that are being worked on.
    pub running: usize,
    /// Pictures predicted.
    pub pictures: u64,
    /// Requests refused because there were too many.
    pub refused: u64,
}

impl State {
    pub fn new(classifier: Classifier, args: &ServeArgs) -> Self {
        let max_parallel = usize::from(args.max_parallel);
        // One batch is computed while the next is decoded.
        let in_flight = Arc::new(Semaphore::new(2 * classifier.batch_size()));
        Self {
            classifier,
            max_bytes: args.max_bytes as usize,
            timeout: Duration::from_secs(args.timeout.into()),
            names: Names::new(&args.host, &args.allow_host, &args.allow_origin),
            max_parallel,
            free: Arc::new(Semaphore::new(max_parallel)),
            in_flight,
            answers: Arc::new(Semaphore::new(ANSWERS)),
            ending: watch::Sender::new(false),
            pictures: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Largest number of requests for predictions at a time.
    pub fn max_parallel(&self) -> usize {
        self.max_parallel
    }

    /// A place among the requests at a time, or `None`, which is counted, if all are taken.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.free).try_acquire_owned().ok();
        if place.is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        place
    }

    /// Waits for a place among the pictures at a time.
    pub async fn place_of_picture(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.in_flight).acquire_owned().await.ok()
    }

    /// Memory for `bytes` of an answer, until it is written.
    ///
    /// # Errors
    /// If all answers together are too large.
    pub fn memory(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let kibibytes = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
        Arc::clone(&self.answers).try_acquire_many_owned(kibibytes).map_err(|_| {
            let error = format!(
                "expected answers of at most {} MiB at a time, found more; try again later, or with fewer pictures",
                ANSWERS >> 10
            );
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error)
        })
    }

    /// Tells requests whose body does not come that the server is to end.
    pub fn stop(&self) {
        self.ending.send_replace(true);
    }

    /// Whether no request is worked on and no answer is written.
    pub fn is_idle(&self) -> bool {
        self.counts().running == 0 && self.answers.available_permits() == ANSWERS
    }

    /// Waits until the server is to end, and then for the time that a request may pause.
    pub async fn end(&self) {
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
        sleep(GRACE).await;
    }

    /// Counts a picture that was predicted.
    pub fn count(&self) {
        self.pictures.fetch_add(1, Ordering::Relaxed);
    }

    pub fn counts(&self) -> Counts {
        Counts {
            running: self.max_parallel - self.free.available_permits(),
            pictures: self.pictures.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}
