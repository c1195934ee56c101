//! The training loop, the same for every recipe and device.

use super::config::TrainingConfig;
use super::divergence::{Divergence, NonFinite};
use super::learner::Learner;
pub use super::observer::{Observer, Partial, StepProgress};
use super::optimizer::OptimizerConfig;
use super::schedule::{Schedule, has_stalled};
use super::step::{StepInput, TrainStep};
use super::validate::validate;
use crate::augment::augmentation::Augmentation;
use crate::batches::loader::Loader;
use crate::history::Epoch;
use crate::stop::Stop;
use anyhow::Result;
use std::ops::ControlFlow::{self, Break, Continue};
use std::ops::Range;
use std::time::Instant;

/// The pictures that a network is trained on.
#[derive(Debug)]
pub struct Batches {
    /// Training batches.
    pub train: Loader,
    /// Augmentation of the training pictures.
    pub augmentation: Augmentation,
    /// Validation batches.
    pub validation: Loader,
}

/// Everything that [`fit`](Trainer::fit) needs.
#[derive(Debug)]
pub struct Trainer<'a> {
    /// The network to train, its loss and its update.
    pub learner: &'a Learner,
    /// The pictures.
    pub batches: &'a mut Batches,
    /// Number of epochs of the whole training and of the schedule, and the patience.
    pub training: &'a TrainingConfig,
    /// The initial learning rate.
    pub optimizer: &'a OptimizerConfig,
    /// Learning rate by epoch.
    pub schedule: Schedule,
    /// Steps within an epoch after which to call [`Observer::partial`]; `None` for never.
    pub checkpoint_every: Option<i64>,
    /// val_loss of the epochs trained so far; `fit` appends to it.
    pub val_losses: Vec<f64>,
    /// The part of the next epoch that is done already.
    pub partial: Partial,
    /// Whether to record steps as a CUDA graph: see [`TrainStep::new`].
    pub record: bool,
    /// Ends training after the current step, after [`Observer::partial`].
    pub stop: Stop,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs are trained.
    AllEpochs,
    /// val_loss had no new low for `patience` epochs.
    EarlyStop,
    /// A stop was requested. Training can be continued.
    Interrupted,
    /// A loss or weight is not finite. The epoch is not reported to the observer; the files of a run
    /// are those after the last epoch before.
    Diverged(Divergence),
}

impl Trainer<'_> {
    /// Trains the epochs that are left and validates after each. An epoch depends only on its number
    /// and on the state before it, so training in parts equals training at once; so does continuing
    /// within an epoch from what [`Observer::partial`] got.
    ///
    /// # Errors
    /// If a picture cannot be read, or libtorch or the observer fails.
    pub fn fit(&mut self, observer: &mut impl Observer) -> Result<Ended> {
        let TrainingConfig { epochs, patience, .. } = *self.training;
        let rate = self.optimizer.learning_rate;
        let mut train_step = TrainStep::new(self.learner, rate, self.record)?;
        for epoch in self.val_losses.len() as i64..epochs {
            if patience.is_some_and(|patience| has_stalled(&self.val_losses, patience)) {
                return Ok(Ended::EarlyStop);
            }
            if self.stop.is_requested() {
                return Ok(Ended::Interrupted);
            }
            if let Break(ended) = self.epoch(epoch, &mut train_step, observer)? {
                return Ok(ended);
            }
        }
        Ok(Ended::AllEpochs)
    }

    /// Trains what is left of an epoch, and validates.
    fn epoch(
        &mut self,
        epoch: i64,
        train_step: &mut TrainStep,
        observer: &mut impl Observer,
    ) -> Result<ControlFlow<Ended>> {
        let (initial, epochs) = (self.optimizer.learning_rate, self.training.epochs);
        let rate = self.schedule.learning_rate(initial, epochs, &self.val_losses);
        let done = std::mem::take(&mut self.partial);
        let clock = Clock { start: Instant::now(), before: done.seconds };
        train_step.start_epoch(rate, done.steps, done.sums)?;
        let steps = done.steps..self.batches.train.steps_per_epoch();
        if let Break(ended) = self.steps(epoch, steps, train_step, &clock, observer)? {
            return Ok(Break(ended));
        }
        let (steps, running) = (self.batches.train.steps_per_epoch(), train_step.means());
        let (means, train_seconds) = (running.means()?, clock.seconds());
        let Learner { network, objective, .. } = self.learner;
        let (loss, stop) = (objective.loss, &self.stop);
        let validated = validate(network, &mut self.batches.validation, loss, epoch, stop)?;
        let Some(val_means) = validated else {
            let done = Partial { steps, sums: running.sums()?, seconds: train_seconds };
            observer.partial(&done, &self.learner.saved())?;
            return Ok(Break(Ended::Interrupted));
        };
        let epoch = epoch + 1;
        if !val_means.loss.is_finite() {
            let found = Divergence { what: NonFinite::ValLoss, epoch, step: steps };
            return Ok(Break(Ended::Diverged(found)));
        }
        let record = Epoch {
            epoch,
            loss: means.loss,
            acc: means.accuracy,
            val_loss: val_means.loss,
            val_acc: val_means.accuracy,
            seconds: Some(clock.seconds()),
            images_per_second: Some(running.pictures() as f64 / train_seconds),
            learning_rate: Some(rate),
        };
        self.val_losses.push(record.val_loss);
        observer.epoch(&record, &self.learner.saved())?;
        Ok(Continue(()))
    }

    /// Trains these steps, from 0, of an epoch.
    fn steps(
        &mut self,
        epoch: i64,
        steps: Range<i64>,
        train_step: &mut TrainStep,
        clock: &Clock,
        observer: &mut impl Observer,
    ) -> Result<ControlFlow<Ended>> {
        let network = &self.learner.network;
        let all = steps.end;
        for step in steps {
            let batch = self.batches.train.batch(epoch, step)?;
            let input = self.batches.augmentation.input(&batch)?;
            let masks = network.dropout_masks(batch.targets.pictures(), epoch * all + step)?;
            train_step.run(&StepInput { input, targets: batch.targets, masks })?;
            if let Some(error) = train_step.take_failure() {
                observer.unrecorded(&error);
            }
            let (epoch, done, running) = (epoch + 1, step + 1, train_step.means());
            observer.step(&StepProgress { epoch, steps_done: done, steps: all, running });
            let stops = self.stop.is_requested();
            let is_due = self.checkpoint_every.is_some_and(|every| done % every == 0);
            let saves = stops || (is_due && done < all);
            let looked_at = (saves || done == all).then_some(network);
            if let Some(found) = train_step.watch().found(epoch, done, looked_at)? {
                return Ok(Break(Ended::Diverged(found)));
            }
            if saves {
                let done = Partial { steps: done, sums: running.sums()?, seconds: clock.seconds() };
                observer.partial(&done, &self.learner.saved())?;
            }
            if stops {
                return Ok(Break(Ended::Interrupted));
            }
        }
        Ok(Continue(()))
    }
}

/// Measures the duration of an epoch.
struct Clock {
    start: Instant,
    /// Seconds before `start`, in an earlier process.
    before: f64,
}

impl Clock {
    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::config::AugmentConfig;
    use crate::batches::batch::Input;
    use crate::batches::order::{Batching, Order};
    use crate::keras::{Iteration, KerasProfile};
    use crate::machine::precision::Precision;
    use crate::nn::architecture::Architecture;
    use crate::nn::chain::Chain;
    use crate::nn::layer::Flatten;
    use crate::nn::network::Network;
    use crate::random::Purpose;
    use crate::training::objective::{ClassWeights, Objective};
    use crate::training::saved::Saved;
    use tch::{Device, Kind, Tensor};

    /// The learning rate of every epoch; requests a stop after epoch `until`.
    struct Rates {
        rates: Vec<f64>,
        until: i64,
        stop: Stop,
    }

    impl Observer for Rates {
        fn epoch(&mut self, row: &Epoch, saved: &[Saved]) -> Result<()> {
            assert_eq!(saved.iter().map(|part| part.prefix).next(), Some(Saved::WEIGHTS));
            self.rates.extend(row.learning_rate);
            if row.epoch == self.until {
                self.stop.request();
            }
            Ok(())
        }
    }

    /// 12 pictures of noise with unrelated labels.
    fn loader(order: Order) -> Loader {
        let noise = Tensor::arange(12 * 16, (Kind::Int64, Device::Cpu)) * 7919;
        let pixels = noise.remainder(251).to_kind(Kind::Uint8).reshape([12, 4, 4, 1]);
        let labels = Tensor::arange(12, (Kind::Int64, Device::Cpu)).remainder(2);
        let input = Input::Pixels(pixels);
        let batching = Batching { order, iteration: Iteration::Endless, ..Batching::sorted(4) };
        Loader::of_input(input, labels, batching).unwrap()
    }

    /// Learning rates by epoch and the final weights of 40 epochs, when training stops after these.
    fn trained(schedule: Schedule, stops: &[i64]) -> (Vec<f64>, Vec<Tensor>) {
        let layers = [Chain::of(Flatten), Chain::dense_relu(5), Chain::classifier(2)];
        let architecture = Architecture::new([4, 4, 1], &layers).unwrap();
        let network = Network::new(architecture, Device::Cpu, Precision::Fp32, 1).unwrap();
        let profile = KerasProfile::default();
        let objective = Objective::new(2, 0.0, ClassWeights::Equal, &[], Device::Cpu).unwrap();
        let config = OptimizerConfig { learning_rate: 0.1, ..OptimizerConfig::keras(profile) };
        let learner = Learner::new(network, objective, &config).unwrap();
        let shuffled = Order::Shuffled { seed: 1, purpose: Purpose::TrainOrder };
        let mut trainer = Trainer {
            learner: &learner,
            batches: &mut Batches {
                train: loader(shuffled),
                augmentation: Augmentation::new(AugmentConfig::default(), profile, 1).unwrap(),
                validation: loader(Order::Sorted),
            },
            training: &TrainingConfig { epochs: 40, ..TrainingConfig::default() },
            optimizer: &config,
            schedule,
            checkpoint_every: None,
            val_losses: Vec::new(),
            partial: Partial::default(),
            record: false,
            stop: Stop::default(),
        };
        let mut rates = Vec::new();
        for &until in stops {
            trainer.stop = Stop::default();
            let mut observer = Rates { rates, until, stop: trainer.stop.clone() };
            let ended = trainer.fit(&mut observer).unwrap();
            assert_eq!(ended == Ended::AllEpochs, until == 40, "{ended:?}");
            assert_eq!(trainer.val_losses.len() as i64, until);
            rates = observer.rates;
        }
        let tensors = learner.network.tensors().into_iter();
        (rates, tensors.map(|(_, tensor)| tensor.detach().copy()).collect())
    }

    #[test]
    fn parts_follow_the_schedule_of_the_whole() {
        for schedule in [Schedule::Constant, Schedule::Cosine, Schedule::Plateau] {
            let whole = trained(schedule, &[40]);
            assert_eq!(whole.0[39] < 0.1, schedule != Schedule::Constant, "{:?}", whole.0);
            for stops in [&[2, 40][..], &[20, 21, 40]] {
                assert_eq!(trained(schedule, stops), whole, "{schedule:?} {stops:?}");
            }
        }
    }
}
