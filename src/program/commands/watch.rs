//! `petite watch`

use crate::program::cli::WatchArgs;
use crate::program::console::{is_lost, say};
use crate::program::watch::followed::{self, Followed};
use crate::program::watch::screen;
use crate::program::wording;
use anyhow::{Context, Result};
use petite::Stop;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

/// Time between two looks at the runs' files, and at most after a signal.
const REFRESH: Duration = Duration::from_millis(250);

pub fn run(args: &WatchArgs, stop: &Stop) -> Result<()> {
    let runs = args.runs.paths();
    // Before the screen is cleared for nothing.
    followed::read(&runs)?;
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if !std::io::stdout().is_terminal() || is_dumb {
        return print(&runs, stop);
    }
    let mut screen = Screen::open()?;
    while screen.show(&runs, stop)? {}
    Ok(())
}

/// The terminal, which is as before once this is dropped; also after a panic.
struct Screen {
    terminal: DefaultTerminal,
    is_unicode: bool,
}

impl Screen {
    fn open() -> Result<Self> {
        let terminal = ratatui::try_init().context("cannot draw on the terminal")?;
        Ok(Self { terminal, is_unicode: is_unicode() })
    }

    /// Draws the runs and waits for a key. Returns whether to go on.
    fn show(&mut self, paths: &[PathBuf], stop: &Stop) -> Result<bool> {
        stop.check()?;
        let runs = followed::read(paths)?;
        let draw = |frame: &mut ratatui::Frame<'_>| {
            screen::draw(&runs, self.is_unicode, frame.buffer_mut());
        };
        self.terminal.draw(draw).context("cannot draw on the terminal")?;
        let cannot_read = "cannot read the keyboard";
        if !event::poll(REFRESH).context(cannot_read)? {
            return Ok(true);
        }
        let Event::Key(key) = event::read().context(cannot_read)? else { return Ok(true) };
        Ok(match key.code {
            KeyCode::Char('q') | KeyCode::Esc => false,
            KeyCode::Char('c') => !key.modifiers.contains(KeyModifiers::CONTROL),
            _ => true,
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = ratatui::try_restore();
    }
}

/// Whether the terminal shows characters beyond ASCII, by the settings of the C library.
fn is_unicode() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
    let locale = set.into_iter().find(|value| !value.is_empty()).unwrap_or_default();
    let locale = locale.to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Prints each epoch once, until the runs have ended or nobody reads on.
fn print(paths: &[PathBuf], stop: &Stop) -> Result<()> {
    let mut printed: HashMap<String, usize> = HashMap::new();
    loop {
        let runs = followed::read(paths)?;
        for Followed { name, config, rows, .. } in &runs {
            let done = printed.entry(name.clone()).or_default();
            let width = runs.iter().map(|run| run.name.len()).max().unwrap_or(0);
            // A resumed run may have gone back.
            for row in rows.iter().skip(*done) {
                let line = wording::epoch(row, config.training.epochs);
                match runs.len() {
                    1 => say(line),
                    _ => say(format_args!("{name:<width$}  {line}")),
                }
            }
            *done = rows.len();
        }
        if is_lost() || (runs.len() >= paths.len() && runs.iter().all(Followed::is_done)) {
            return Ok(());
        }
        std::thread::sleep(REFRESH);
        stop.check()?;
    }
}
