//! The one training loop, for every recipe and device.

use super::metrics::Running;
use super::objective::Objective;
use super::optimizer::RmsProp;
use super::schedule::{Schedule, has_stalled};
use super::step::{StepInput, TrainStep};
use super::validate::{Views, validate};
use crate::augment::augmentation::Augmentation;
use crate::batches::loader::Loader;
use crate::history::Epoch;
use crate::nn::network::Network;
use crate::stop::Stop;
use anyhow::Result;
use std::ops::Range;
use std::time::Instant;

/// Where an epoch stands.
#[derive(Debug)]
pub struct StepProgress<'a> {
    /// From 1.
    pub epoch: i64,
    /// Training steps done in this epoch.
    pub steps_done: i64,
    pub steps: i64,
    /// Reading its means waits for the device: read them on a clock, not every step.
    pub running: &'a Running,
}

/// Told of what the loop does; everything that prints or writes files is one.
pub trait Observer {
    /// After a training step.
    fn step(&mut self, _progress: &StepProgress) {}

    /// When steps cannot be recorded as a CUDA graph and go on one by one, with the same results.
    fn unrecorded(&mut self, _error: &anyhow::Error) {}

    /// After an epoch, validation included.
    ///
    /// # Errors
    /// An error ends the training.
    fn epoch(&mut self, record: &Epoch, network: &Network, optimizer: &RmsProp) -> Result<()>;
}

/// What is trained, on what, and how: all that [`fit`](Trainer::fit) needs but the epochs.
#[derive(Debug)]
pub struct Trainer<'a> {
    pub network: &'a Network,
    pub optimizer: &'a mut RmsProp,
    /// The learning rate that the schedule starts from.
    pub learning_rate: f64,
    /// The number of epochs that the schedule is made for.
    pub epochs: i64,
    pub objective: &'a Objective,
    pub schedule: Schedule,
    /// Epochs without a new lowest val_loss after which training ends.
    pub patience: Option<i64>,
    /// val_loss of the epochs that were trained before.
    pub val_losses: Vec<f64>,
    pub train: &'a mut Loader,
    /// What the training pictures go through.
    pub augmentation: &'a Augmentation,
    pub validation: &'a mut Loader,
    /// Whether steps are recorded as a CUDA graph: see [`TrainStep::new`].
    pub record: bool,
    /// Ends training after the step at hand.
    pub stop: Stop,
}

/// Why [`fit`](Trainer::fit) came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs were trained.
    AllEpochs,
    /// val_loss found no new low for the epochs of `patience`.
    EarlyStop,
}

impl Trainer<'_> {
    /// Trains for the `epochs` (0-based) and measures on the validation pictures after each. An
    /// epoch's result depends on its number and on the state before it, so training 0..2 and then
    /// 2..4 is the same as training 0..4.
    ///
    /// # Errors
    /// If libtorch fails, an observer does, or a stop was requested
    /// ([`Interrupted`](crate::stop::Interrupted)).
    pub fn fit(&mut self, epochs: Range<i64>, observer: &mut impl Observer) -> Result<Ended> {
        let steps = self.train.steps_per_epoch();
        let mut train_step = TrainStep::new(self.network, self.objective, self.record)?;
        for epoch in epochs {
            if self.patience.is_some_and(|patience| has_stalled(&self.val_losses, patience)) {
                return Ok(Ended::EarlyStop);
            }
            let rate =
                self.schedule.learning_rate(self.learning_rate, self.epochs, &self.val_losses);
            self.optimizer.set_learning_rate(rate);
            let start = Instant::now();
            train_step.start_epoch()?;
            for step in 0..steps {
                self.stop.check()?;
                let batch = self.train.batch(epoch, step)?;
                let input = self.augmentation.images(&batch)?;
                let pictures = batch.labels.numel() as i64;
                let masks = self.network.dropout_masks(pictures, epoch * steps + step)?;
                let input = StepInput { input, labels: batch.labels, masks };
                train_step.run(&input, self.optimizer)?;
                if let Some(error) = train_step.take_failure() {
                    observer.unrecorded(&error);
                }
                observer.step(&StepProgress {
                    epoch: epoch + 1,
                    steps_done: step + 1,
                    steps,
                    running: train_step.running(),
                });
            }
            let running = train_step.running();
            let means = running.means()?;
            let train_seconds = start.elapsed().as_secs_f64();
            let loss = self.objective.loss;
            let val_means = validate(
                self.network,
                self.validation,
                loss,
                epoch,
                Views::Picture,
                &self.stop,
                |_, _| Ok(()),
            )?;
            let record = Epoch {
                epoch: epoch + 1,
                loss: means.loss,
                acc: means.accuracy,
                val_loss: val_means.loss,
                val_acc: val_means.accuracy,
                seconds: Some(start.elapsed().as_secs_f64()),
                images_per_second: Some(running.pictures() as f64 / train_seconds),
                learning_rate: Some(self.optimizer.learning_rate()),
            };
            self.val_losses.push(record.val_loss);
            observer.epoch(&record, self.network, self.optimizer)?;
        }
        Ok(Ended::AllEpochs)
    }
}
