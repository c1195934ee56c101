//! What a person sees while work goes on: bars on a terminal, plain lines elsewhere.

use crate::commands::say;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use petite::history::Epoch;
use petite::training::fit::StepProgress;
use std::time::{Duration, Instant};

/// How often a bar is drawn; its figures are read from the device no more often.
const REFRESH: Duration = Duration::from_millis(200);

/// A bar over `count` pictures being decoded; invisible when standard error is no terminal.
pub fn decoding_bar(count: usize, split: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<11} {bar:30} {pos}/{len} pictures read")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(count as u64).with_style(style).with_message(split.to_owned())
}

/// A bar for the steps of an epoch, and one line for each epoch done.
#[derive(Debug)]
pub struct TrainingProgress {
    bar: ProgressBar,
    epochs: i64,
    last_drawn: Instant,
}

impl TrainingProgress {
    pub fn new(epochs: i64) -> Self {
        let template = "epoch {prefix} {bar:24} {pos}/{len}  {msg}";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self { bar: bar.with_style(style), epochs, last_drawn: Instant::now() }
    }

    pub fn step(&mut self, progress: &StepProgress) -> Result<()> {
        if self.bar.is_hidden() {
            return Ok(());
        }
        if progress.steps_done == 1 {
            self.bar.set_length(progress.steps as u64);
            self.bar.set_prefix(self.numbered(progress.epoch));
            self.bar.set_message("");
            self.bar.reset();
        }
        let training_done = progress.steps_done == progress.steps;
        if self.last_drawn.elapsed() < REFRESH && !training_done {
            return Ok(());
        }
        self.last_drawn = Instant::now();
        let means = progress.running.means()?;
        let seconds = self.bar.elapsed().as_secs_f64();
        let images_per_second = progress.running.pictures() as f64 / seconds;
        let steps_left = (progress.steps - progress.steps_done) as f64;
        let next = if training_done {
            "validating".to_owned()
        } else {
            format!("{:.0} s left", seconds / progress.steps_done as f64 * steps_left)
        };
        self.bar.set_position(progress.steps_done as u64);
        self.bar.set_message(format!(
            "loss {:.4}  acc {:.4}  {images_per_second:.0} pictures/s  {next}",
            means.loss, means.accuracy
        ));
        Ok(())
    }

    pub fn epoch(&mut self, record: &Epoch) {
        let line = format!(
            "epoch {}  loss {:.4}  acc {:.4}  val_loss {:.4}  val_acc {:.4}  {:.1} s  {:.0} pictures/s",
            self.numbered(record.epoch),
            record.loss,
            record.acc,
            record.val_loss,
            record.val_acc,
            record.seconds.unwrap_or(f64::NAN),
            record.images_per_second.unwrap_or(f64::NAN)
        );
        self.bar.suspend(|| say(line));
    }

    pub fn warn(&self, text: &str) {
        self.bar.suspend(|| eprintln!("warning: {text}"));
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// ` 3/30`
    fn numbered(&self, epoch: i64) -> String {
        let width = self.epochs.to_string().len();
        format!("{epoch:>width$}/{}", self.epochs)
    }
}
