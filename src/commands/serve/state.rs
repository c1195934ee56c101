//! What all requests share: the network, the limits and the counts.

use crate::cli::ServeArgs;
use petite::Classifier;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What all requests share.
#[derive(Debug)]
pub struct State {
    pub classifier: Classifier,
    /// Largest request in bytes.
    pub max_bytes: usize,
    /// Longest time for a request.
    pub timeout: Duration,
    /// Names by which the server may be called, apart from numeric addresses.
    names: Vec<String>,
    max_parallel: usize,
    free: Arc<Semaphore>,
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
        let names = ["localhost".to_owned(), args.host.clone()].into_iter();
        Self {
            classifier,
            max_bytes: args.max_bytes as usize,
            timeout: Duration::from_secs(args.timeout.into()),
            names: names.chain(args.allow_host.iter().cloned()).collect(),
            max_parallel,
            free: Arc::new(Semaphore::new(max_parallel)),
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

    /// Whether the server may be called by this name, which a numeric address always may: a web page
    /// can make a browser send requests here under the page's own name (DNS rebinding), not under a
    /// number.
    pub fn is_own_name(&self, name: &str) -> bool {
        let number = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        number.parse::<IpAddr>().is_ok()
            || self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}
