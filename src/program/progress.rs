//! Progress output: bars on a terminal, plain lines everywhere.

use crate::program::bad_list;
use crate::program::console::{say, warn};
use crate::program::duration;
use crate::program::remedy::with_flags;
use crate::program::training_bar::TrainingBar;
use crate::program::wording;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use petite::history::Epoch;
use petite::machine::Machine;
use petite::machine::device;
use petite::run::folder::Versions;
use petite::text::numbers::{listed, with_thousands};
use petite::training::fit::StepProgress;
use petite::{Config, Events, Note, Outcome, Progress, Stop, Warning, text::shown::shown};
use std::fmt::Write;

/// Prints a run's events to the terminal.
#[derive(Debug)]
pub struct Terminal {
    stop: Stop,
    /// Whether reading pictures has a bar.
    shows_reading: bool,
    /// The bar of what is done with pictures.
    reading: Option<ProgressBar>,
    training: TrainingBar,
    runs: u32,
    /// Whether notes are printed.
    shows_notes: bool,
    /// Whether the data set of the run has test pictures.
    pub has_test: bool,
}

impl Terminal {
    /// Prints the events of work that ends once `stop` is requested.
    pub fn new(stop: &Stop) -> Self {
        Self {
            stop: stop.clone(),
            shows_reading: true,
            reading: None,
            training: TrainingBar::new(),
            runs: 1,
            shows_notes: true,
            has_test: false,
        }
    }

    /// Prints no notes, where standard output is for other things.
    pub fn hide_notes(&mut self) {
        self.shows_notes = false;
    }

    /// Shows no bar for reading pictures, so that none is torn by lines printed meanwhile.
    pub fn hide_reading(&mut self) {
        self.shows_reading = false;
    }

    /// A bar for a pass over `count` pictures; hidden unless standard error is a terminal.
    pub fn bar(name: &str, count: usize) -> ProgressBar {
        let style = ProgressStyle::with_template(
            "{msg:<11} {bar:20} {pos}/{len} pictures  {rate}/s  {left} left",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("rate", |state: &ProgressState, text: &mut dyn Write| {
            let _ = write!(text, "{:.0}", state.per_sec());
        })
        .with_key("left", |state: &ProgressState, text: &mut dyn Write| {
            let _ = text.write_str(&duration::shown(state.eta().as_secs_f64()));
        });
        ProgressBar::new(count as u64).with_style(style).with_message(name.to_owned())
    }
}

impl Events for Terminal {
    fn stop(&self) -> Stop {
        self.stop.clone()
    }

    fn note(&mut self, note: &Note<'_>) {
        if !self.shows_notes {
            return;
        }
        match note {
            Note::Repeat { number, of, out } => {
                self.runs = *of;
                say(format_args!("run {number}/{of}     {}", out.display()));
            }
            Note::Start { config, machine } => {
                self.training.start(config.training.epochs);
                say_start(config, *machine);
            }
            Note::DataSet { data, path, split } => {
                let parts = split.map_or(&data.folders[..], |split| split.folders);
                self.has_test = parts.iter().any(|it| it.name == "test" && !it.samples.is_empty());
                let layout = wording::layout(data, *split);
                say(format_args!("data        {}: {layout}", path.display()));
            }
            Note::Depth(levels) => {
                say(format_args!("depth       {levels}: what the training pictures use of 16 bits"))
            }
            Note::Cache { folder, bytes, free } => say(wording::cache(folder, *bytes, *free)),
            Note::Split { name, pictures, classes, origin } => {
                let classes = match *name {
                    "train" => format!(" of {}", listed(classes)),
                    _ => String::new(),
                };
                let pictures = with_thousands(*pictures as i64);
                say(format_args!(
                    "{name:<11} {pictures} pictures{classes}{}",
                    wording::origin(*origin)
                ));
            }
            Note::Pass { of, split, pictures, seconds } => {
                say(wording::pass(of, *split, *pictures, *seconds));
            }
            Note::WholePass { steps, asked } => say(format_args!(
                "epoch       {steps} steps, not {asked}: in Keras 3 an epoch ends with the pass over the pictures"
            )),
            Note::Weights { path, said } => {
                say(format_args!("weights     {}: {said}", shown(path)));
            }
            Note::Network { config, parameters, trained } => {
                say_network(config, *parameters, *trained);
            }
            Note::Continuing { epochs, steps, history } => {
                history.iter().for_each(|row| self.training.epoch(row));
                say(format_args!("continuing after {}", wording::done(*epochs, *steps)));
            }
            Note::Complete { epochs } => say(format_args!(
                "the run already has all its {epochs} epochs; continue it with --epochs {}",
                epochs + 10
            )),
            _ => {}
        }
    }

    fn warning(&mut self, warning: &Warning<'_>) {
        let text = match warning {
            // The program's own build profiles optimize; there is nothing to do for its user.
            Warning::Unoptimized => return,
            Warning::PassedOver(_) => warning.to_string(),
            Warning::Skipped(bad) => bad_list::skipping(bad),
            // Most name settings of training, that of a result not stored a flag of `evaluate`.
            _ => with_flags(&with_flags(&format!("warning: {warning}"), "train"), "evaluate"),
        };
        self.training.suspend(|| warn(text));
    }

    fn progress(&mut self, progress: Progress<'_>) {
        if !self.shows_reading {
            return;
        }
        let Progress { activity, done, of } = progress;
        let name = activity.to_string();
        // One that ended early may have left its bar.
        let bar = self.reading.take().filter(|bar| bar.message() == name);
        let bar = bar.unwrap_or_else(|| Self::bar(&name, of));
        bar.set_position(done as u64);
        match done == of {
            true => bar.finish_and_clear(),
            false => self.reading = Some(bar),
        }
    }

    fn step(&mut self, progress: &StepProgress) {
        self.training.step(progress);
    }

    fn epoch(&mut self, row: &Epoch, epochs: i64) {
        let line = wording::epoch(row, epochs);
        self.training.epoch(row);
        self.training.suspend(|| say(line));
    }

    fn end(&mut self, _: &Outcome) {
        self.training.clear();
        if self.runs > 1 {
            say("");
        }
    }
}

fn say_start(config: &Config, machine: Machine) {
    let versions = Versions::current();
    say(format_args!(
        "petite {}, libtorch {}, {}, {}, seed {}, as Keras {}",
        versions.petite,
        versions.libtorch,
        device::describe(machine.device),
        machine.precision.name(),
        config.seed,
        config.keras.name()
    ));
}

fn say_network(config: &Config, parameters: i64, trained: i64) {
    if config.augmentation.is_active() {
        say(format_args!("augmented   {}", config.augmentation));
    }
    say(format_args!(
        "network     {}, {} parameters, pictures of {}",
        config.network.model.name(),
        with_thousands(parameters),
        config.pictures.image_size
    ));
    if let Some(run) = &config.from {
        say(format_args!("from        {}, its last weights", shown(run)));
    }
    if let Some(on_base) = config.on_base() {
        let through = on_base.through.as_ref();
        let frozen = on_base.unfreeze_from.as_ref();
        say(format_args!(
            "base        {}{}; {} trainable parameters",
            through.map_or("whole".to_owned(), |last| format!("through {last}")),
            frozen.map_or(", frozen".to_owned(), |layer| format!(", frozen before {layer}")),
            with_thousands(trained)
        ));
    }
}
