//! `petite serve`

mod answer;
mod guard;
mod listener;
mod names;
mod page;
mod patient;
mod pictures;
mod predict;
mod refusal;
mod state;

use crate::program::cli::ServeArgs;
use crate::program::console::{say, warn};
use crate::program::signals::Signals;
use anyhow::{Context, Result};
use petite::stop::Interrupted;
use petite::text::numbers::{listed, with_thousands};
use petite::{Classifier, text::shown::shown};
use state::State;
use std::net::{TcpListener, ToSocketAddrs};
use std::sync::Arc;

/// Threads for what takes longer than a moment, such as writing PNGs.
const HELPERS: usize = 2;

pub fn run(args: &ServeArgs, signals: &Signals) -> Result<()> {
    let how = args.view.inference(&args.settings)?;
    let listener = listen(args)?;
    let address = listener.local_addr().context("cannot tell the address")?;
    let classifier = Classifier::with(args.run.path(), how)?;
    classifier.odd().iter().for_each(|odd| warn(format_args!("warning: {odd}")));
    // From the first line on, clients may come, and a signal waits for them.
    let stop = signals.stop();
    say(format_args!("http://{address}/"));
    say(format_args!(
        "serving {}, classes {}, {}, at most {} requests at a time",
        shown(args.run.path()),
        listed(classifier.classes()),
        classifier.machine(),
        args.max_parallel
    ));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(HELPERS)
        .build()
        .context("cannot start the server")?;
    let state = Arc::new(State::new(classifier, args));
    runtime.block_on(listener::serve(listener, Arc::clone(&state), &stop))?;
    // It ends at a signal only, and with the signal's exit code.
    let text = match state.counts().pictures {
        1 => "answered 1 picture".to_owned(),
        count => format!("answered {} pictures", with_thousands(count as i64)),
    };
    Err(anyhow::Error::new(Interrupted).context(text))
}

/// Listens on the address that the flags say.
fn listen(args: &ServeArgs) -> Result<TcpListener> {
    let named = (args.host.as_str(), args.port);
    let cannot = || {
        let (host, port) = named;
        format!("cannot listen on {host}, port {port}; try another --port or --host")
    };
    let addresses: Vec<_> = named.to_socket_addrs().with_context(cannot)?.collect();
    let listener = TcpListener::bind(&addresses[..]).with_context(cannot)?;
    listener.set_nonblocking(true).with_context(cannot)?;
    Ok(listener)
}
