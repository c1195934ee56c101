//! Accepts connections until a stop is requested.

use super::patient::Patient;
use super::state::State;
use super::{guard, page, predict, refusal};
use anyhow::{Context, Result};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use petite::Stop;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// How often a requested stop is looked for.
const POLL: Duration = Duration::from_millis(50);

/// Connections beyond those of the requests at a time: to refuse others, and of browsers that keep
/// them open.
const SPARE_CONNECTIONS: usize = 128;

/// Longest time for the head of a request, and between two requests on a connection.
const HEAD: Duration = Duration::from_secs(10);

/// Longest time for which a client reads nothing of an answer.
const UNREAD: Duration = Duration::from_secs(10);

/// Largest head of a request, in bytes.
const MAX_HEAD: usize = 64 << 10;

/// Answers requests until `stop` is requested, then finishes those that have begun and go on coming.
///
/// # Errors
/// If `listener` cannot be used.
pub async fn serve(listener: std::net::TcpListener, state: Arc<State>, stop: &Stop) -> Result<()> {
    let listener = TcpListener::from_std(listener).context("cannot listen")?;
    let connections = Arc::new(Semaphore::new(state.max_parallel() + SPARE_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let router = router(Arc::clone(&state));
    while !stop.is_requested() {
        // More connections wait in the system's queue.
        let free = timeout(POLL, Arc::clone(&connections).acquire_owned()).await;
        let Ok(Ok(place)) = free else { continue };
        let stream = match timeout(POLL, listener.accept()).await {
            Ok(Ok((stream, _))) => stream,
            Ok(Err(_)) => {
                // One that was closed already, or too many open files, which pass.
                sleep(POLL).await;
                continue;
            }
            Err(_) => continue,
        };
        let connection = graceful.watch(connection(stream, router.clone()));
        tokio::spawn(async move {
            // Why a connection ended early is of no use to anyone.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    state.stop();
    // Part of a head, or nothing at all, is not waited for.
    let pausing = async {
        state.end().await;
        while !state.is_idle() {
            sleep(POLL).await;
        }
    };
    let mut ended = pin!(timeout(state.timeout, graceful.shutdown()));
    let mut pausing = pin!(pausing);
    poll_fn(|context| match ended.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(()),
        Poll::Pending => pausing.as_mut().poll(context),
    })
    .await;
    Ok(())
}

/// A connection whose requests `router` answers.
fn connection(
    stream: TcpStream,
    router: Router,
) -> http1::Connection<TokioIo<Patient<TcpStream>>, TowerToHyperService<Router>> {
    // An answer is written at once; nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(
            TokioIo::new(Patient::new(stream, UNREAD)),
            TowerToHyperService::new(router),
        )
}

fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/health", get(predict::health))
        .route("/predict", post(predict::predict))
        .fallback(refusal::not_found)
        .method_not_allowed_fallback(refusal::wrong_method)
        .layer(from_fn_with_state(Arc::clone(&state), guard::own_pages_only))
        .layer(from_fn_with_state(Arc::clone(&state), guard::with_headers))
        // The limit is `--max-bytes`, not axum's 2 MB.
        .layer(DefaultBodyLimit::disable())
        .with_state(state)
}
