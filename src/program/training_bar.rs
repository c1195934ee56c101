//! The line below the epochs while training: how far the epoch is, and when the run will end.

use crate::program::duration;
use crate::program::estimate::Estimate;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use petite::history::Epoch;
use petite::training::fit::StepProgress;
use ratatui::crossterm::terminal;
use std::time::{Duration, Instant};

/// Shortest time between redraws: each one reads the means from the device, which waits for it.
const REFRESH: Duration = Duration::from_millis(200);
/// Width of the bar where there is room, and the least that shows something, in columns.
const BAR: [usize; 2] = [24, 8];

/// A line on standard error; hidden unless that is a terminal.
#[derive(Debug)]
pub struct TrainingBar {
    line: ProgressBar,
    epochs: i64,
    estimate: Estimate,
    /// The lowest val_loss so far, and its epoch.
    best: Option<(f64, i64)>,
    epoch: i64,
    /// Steps and pictures of the epoch when its first step in this process had ended, and when that
    /// was.
    seen: (i64, i64, Instant),
    last_drawn: Instant,
}

impl TrainingBar {
    /// A line that is not shown yet.
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self {
            line: line.with_style(style),
            epochs: 0,
            estimate: Estimate::default(),
            best: None,
            epoch: 0,
            seen: (0, 0, Instant::now()),
            last_drawn: Instant::now(),
        }
    }

    /// A run of `epochs` epochs starts.
    pub fn start(&mut self, epochs: i64) {
        self.epochs = epochs;
        (self.estimate, self.best, self.epoch) = Default::default();
    }

    /// An epoch has ended, in this process or before it.
    pub fn epoch(&mut self, row: &Epoch) {
        self.estimate.add(row);
        if self.best.is_none_or(|(val_loss, _)| row.is_better_than(val_loss)) {
            self.best = Some((row.val_loss, row.epoch));
        }
    }

    /// A step has ended.
    pub fn step(&mut self, progress: &StepProgress) {
        if self.line.is_hidden() {
            return;
        }
        let StepProgress { epoch, steps_done, steps, running } = *progress;
        if self.epoch != epoch {
            (self.epoch, self.seen) = (epoch, (steps_done, running.pictures(), Instant::now()));
            if self.line.is_finished() {
                // With the run before.
                self.line.set_message("");
                self.line.reset();
            }
        }
        let is_last = steps_done == steps;
        if self.last_drawn.elapsed() < REFRESH && !is_last {
            return;
        }
        self.last_drawn = Instant::now();
        // If the device failed, the next step fails too and reports it.
        let Ok(means) = running.means() else { return };
        let (first, pictures, since) = self.seen;
        let elapsed = since.elapsed().as_secs_f64();
        let speed = (running.pictures() - pictures) as f64 / elapsed;
        let done = (steps_done - first) as f64 / steps as f64;
        // Steps that an earlier process did count as if this one had done them.
        let elapsed = elapsed * steps_done as f64 / (steps_done - first).max(1) as f64;
        let steps_left = (steps - steps_done) as f64 / steps as f64;
        let seconds = self.estimate.left(self.epochs - epoch, elapsed, steps_left);
        let state = State {
            epoch,
            epochs: self.epochs,
            steps: (steps_done, steps),
            means: (means.loss, means.accuracy),
            speed: (done > 0.0).then_some(speed),
            left: (done > 0.0).then_some(seconds),
            best: self.best,
        };
        let width = terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        self.line.set_message(state.line(width.saturating_sub(1)));
    }

    /// Calls `print` with the line out of the way.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.line.suspend(print);
    }

    /// Removes the line.
    pub fn clear(&self) {
        self.line.finish_and_clear();
    }
}

/// What the line shows.
#[derive(Debug, Clone, Copy)]
struct State {
    epoch: i64,
    epochs: i64,
    /// Steps done of the epoch's.
    steps: (i64, i64),
    /// Mean loss and accuracy so far.
    means: (f64, f64),
    /// Pictures per second.
    speed: Option<f64>,
    /// Seconds to the end of the run.
    left: Option<f64>,
    best: Option<(f64, i64)>,
}

impl State {
    /// As much of it as fits into `width` columns. Loss and accuracy go first, and then the bar.
    fn line(&self, width: usize) -> String {
        let forms = [
            (true, Some(BAR[0]), true),
            (true, Some(BAR[1]), true),
            (true, Some(BAR[1]), false),
            (true, None, false),
            (false, None, false),
        ];
        let lines = forms.map(|(has_steps, bar, has_means)| self.form(has_steps, bar, has_means));
        let fits = |line: &&String| line.chars().count() <= width;
        let line = lines.iter().find(fits).or(lines.last()).map_or("", String::as_str);
        line.chars().take(width).collect()
    }

    fn form(&self, has_steps: bool, bar: Option<usize>, has_means: bool) -> String {
        let (done, steps) = self.steps;
        let digits = self.epochs.to_string().len();
        let mut line = format!("epoch {:>digits$}/{}", self.epoch, self.epochs);
        if let Some(width) = bar {
            let filled = (width as i64 * done / steps.max(1)) as usize;
            line += &format!(" {}{}", "█".repeat(filled), "░".repeat(width - filled));
        }
        if has_steps {
            let digits = steps.to_string().len();
            line += &format!(" {done:>digits$}/{steps}");
        }
        let mut parts = Vec::new();
        if has_means {
            parts.push(format!("loss {:.4}  acc {:.4}", self.means.0, self.means.1));
        }
        parts.extend(self.speed.map(|speed| format!("{speed:.0} pictures/s")));
        if done == steps {
            parts.push("validating".to_owned());
        }
        parts.extend(self.left.map(|left| format!("{} left", duration::shown(left))));
        parts.extend(self.best.map(|(loss, epoch)| match has_means {
            true => format!("best val_loss {loss:.4} in epoch {epoch}"),
            false => format!("best {loss:.4} ({epoch})"),
        }));
        parts.iter().fold(line, |line, part| format!("{line}  {part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: State = State {
        epoch: 3,
        epochs: 30,
        steps: (25, 100),
        means: (0.65432, 0.61),
        speed: Some(51.4),
        left: Some(4500.0),
        best: Some((0.746, 2)),
    };

    #[test]
    fn the_line_shows_what_fits() {
        assert_eq!(
            STATE.line(200),
            "epoch  3/30 ██████░░░░░░░░░░░░░░░░░░  25/100  loss 0.6543  acc 0.6100  51 pictures/s  1 h 15 min left  best val_loss 0.7460 in epoch 2"
        );
        assert_eq!(
            STATE.line(79),
            "epoch  3/30 ██░░░░░░  25/100  51 pictures/s  1 h 15 min left  best 0.7460 (2)"
        );
        assert_eq!(STATE.line(60), "epoch  3/30  51 pictures/s  1 h 15 min left  best 0.7460 (2)");
        for width in 0..140 {
            assert!(STATE.line(width).chars().count() <= width);
        }
        let first = State { speed: None, left: None, best: None, steps: (1, 100), ..STATE };
        assert_eq!(first.line(60), "epoch  3/30 ░░░░░░░░   1/100  loss 0.6543  acc 0.6100");
    }

    #[test]
    fn validation_follows_the_last_step() {
        let state = State { steps: (100, 100), left: Some(30.0), ..STATE };
        let line = state.line(200);
        assert!(line.contains("100/100") && line.contains("validating  30 s left"), "{line}");
    }
}
