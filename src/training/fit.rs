//! The training loop, the same for every recipe and device.

use super::divergence::{Divergence, NonFinite, has_finite_weights};
use super::objective::Objective;
pub use super::observer::{Observer, Partial, StepProgress};
use super::optimizer::RmsProp;
use super::schedule::{Schedule, has_stalled};
use super::step::{StepInput, TrainStep};
use super::validate::{Views, validate};
use crate::augment::augmentation::Augmentation;
use crate::batches::loader::Loader;
use crate::history::Epoch;
use crate::nn::network::Network;
use crate::stop::{Interrupted, Stop};
use anyhow::Result;
use std::ops::Range;
use std::time::Instant;
use tch::Device;

/// Steps between two looks at the loss on a GPU: each look waits for the device. On the CPU every
/// step is looked at.
const LOOK_EVERY: i64 = 32;

/// Everything that [`fit`](Trainer::fit) needs except the epochs.
#[derive(Debug)]
pub struct Trainer<'a> {
    /// The network to train.
    pub network: &'a Network,
    /// The optimizer of the network's parameters.
    pub optimizer: &'a mut RmsProp,
    /// Initial learning rate of the schedule.
    pub learning_rate: f64,
    /// Length of the schedule in epochs.
    pub epochs: i64,
    /// The training loss.
    pub objective: &'a Objective,
    /// Learning rate by epoch.
    pub schedule: Schedule,
    /// Epochs without a new lowest val_loss after which training ends; `None` trains all epochs.
    pub patience: Option<i64>,
    /// val_loss of the epochs trained so far; `fit` appends to it.
    pub val_losses: Vec<f64>,
    /// The part of the first epoch that is done already.
    pub partial: Partial,
    /// Steps within an epoch after which to call [`Observer::partial`]; `None` for never.
    pub checkpoint_every: Option<i64>,
    /// Training batches.
    pub train: &'a mut Loader,
    /// Augmentation of the training pictures.
    pub augmentation: &'a Augmentation,
    /// Validation batches.
    pub validation: &'a mut Loader,
    /// Whether to record steps as a CUDA graph: see [`TrainStep::new`].
    pub record: bool,
    /// Ends training after the current step, after [`Observer::partial`].
    pub stop: Stop,
}

/// Why [`fit`](Trainer::fit) returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs were trained.
    AllEpochs,
    /// val_loss had no new low for `patience` epochs.
    EarlyStop,
    /// A loss or weight is not finite. The epoch is not reported to the observer.
    Diverged(Divergence),
}

impl Trainer<'_> {
    /// Trains the given epochs (0-based) and validates after each. An epoch depends only on its
    /// number and on the state before it, so training 0..2 and then 2..4 equals training 0..4; so
    /// does continuing within an epoch from what [`Observer::partial`] got. Ends at the first loss
    /// or weight that is not finite.
    ///
    /// # Errors
    /// If a picture cannot be read, libtorch or the observer fails, or a stop was requested
    /// ([`Interrupted`]).
    pub fn fit(&mut self, epochs: Range<i64>, observer: &mut impl Observer) -> Result<Ended> {
        let mut train_step = TrainStep::new(self.network, self.objective, self.record)?;
        for epoch in epochs {
            if self.patience.is_some_and(|patience| has_stalled(&self.val_losses, patience)) {
                return Ok(Ended::EarlyStop);
            }
            let rate =
                self.schedule.learning_rate(self.learning_rate, self.epochs, &self.val_losses);
            self.optimizer.set_learning_rate(rate);
            let done = std::mem::take(&mut self.partial);
            let clock = Clock { start: Instant::now(), before: done.seconds };
            train_step.start_epoch(done.sums)?;
            if let Some(found) = self.train_epoch(epoch, &mut train_step, &clock, observer)? {
                return Ok(Ended::Diverged(found));
            }
            let running = train_step.running();
            let means = running.means()?;
            let train_seconds = clock.seconds();
            let (loss, views) = (self.objective.loss, Views::Picture);
            let (network, stop) = (self.network, &self.stop);
            let validated =
                validate(network, self.validation, loss, epoch, views, stop, |_, _| Ok(()));
            if validated.as_ref().is_err_and(|error| error.is::<Interrupted>()) {
                let done = Partial { sums: running.sums()?, seconds: train_seconds };
                observer.partial(&done, self.network, self.optimizer)?;
            }
            let val_means = validated?;
            if !val_means.loss.is_finite() {
                let (epoch, step) = (epoch + 1, running.batches());
                return Ok(Ended::Diverged(Divergence { what: NonFinite::ValLoss, epoch, step }));
            }
            let record = Epoch {
                epoch: epoch + 1,
                loss: means.loss,
                acc: means.accuracy,
                val_loss: val_means.loss,
                val_acc: val_means.accuracy,
                seconds: Some(clock.seconds()),
                images_per_second: Some(running.pictures() as f64 / train_seconds),
                learning_rate: Some(self.optimizer.learning_rate()),
            };
            self.val_losses.push(record.val_loss);
            observer.epoch(&record, self.network, self.optimizer)?;
        }
        Ok(Ended::AllEpochs)
    }

    /// Trains the steps of an epoch that are left. Returns where training diverged, if it did.
    fn train_epoch(
        &mut self,
        epoch: i64,
        train_step: &mut TrainStep,
        clock: &Clock,
        observer: &mut impl Observer,
    ) -> Result<Option<Divergence>> {
        let steps = self.train.steps_per_epoch();
        self.stop.check()?;
        let look_every = if self.network.device() == Device::Cpu { 1 } else { LOOK_EVERY };
        for step in train_step.running().batches()..steps {
            let batch = self.train.batch(epoch, step)?;
            let input = self.augmentation.input(&batch)?;
            let pictures = batch.labels.numel() as i64;
            let masks = self.network.dropout_masks(pictures, epoch * steps + step)?;
            let input = StepInput { input, labels: batch.labels, masks };
            train_step.run(&input, self.optimizer)?;
            if let Some(error) = train_step.take_failure() {
                observer.unrecorded(&error);
            }
            let (steps_done, running) = (step + 1, train_step.running());
            observer.step(&StepProgress { epoch: epoch + 1, steps_done, steps, running });
            let stops = self.stop.is_requested();
            let is_due = self.checkpoint_every.is_some_and(|every| steps_done % every == 0);
            let saves = stops || (is_due && steps_done < steps);
            if saves || steps_done == steps || steps_done % look_every == 0 {
                let finite = running.finite_batches()?;
                let found = match finite < steps_done {
                    true => Some((NonFinite::Loss, finite + 1)),
                    false if !saves && steps_done < steps => None,
                    false if has_finite_weights(self.network)? => None,
                    false => Some((NonFinite::Weight, steps_done)),
                };
                if let Some((what, step)) = found {
                    return Ok(Some(Divergence { what, epoch: epoch + 1, step }));
                }
            }
            if saves {
                let done = Partial { sums: running.sums()?, seconds: clock.seconds() };
                observer.partial(&done, self.network, self.optimizer)?;
            }
            if stops {
                return Err(Interrupted.into());
            }
        }
        Ok(None)
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
    use crate::batches::order::Order;
    use crate::keras::{Iteration, KerasProfile};
    use crate::machine::precision::Precision;
    use crate::nn::architecture::Architecture;
    use crate::nn::layer::Layer;
    use crate::random::Purpose;
    use crate::training::objective::ClassWeights;
    use crate::training::optimizer::RmsPropConfig;
    use tch::{Device, Kind, Tensor};

    struct Rates(Vec<f64>);

    impl Observer for Rates {
        fn epoch(&mut self, row: &Epoch, _: &Network, _: &RmsProp) -> Result<()> {
            self.0.extend(row.learning_rate);
            Ok(())
        }
    }

    /// 12 pictures of noise with unrelated labels.
    fn loader(order: Order) -> Loader {
        let noise = Tensor::arange(12 * 16, (Kind::Int64, Device::Cpu)) * 7919;
        let pixels = noise.remainder(251).to_kind(Kind::Uint8).reshape([12, 4, 4, 1]);
        let labels = Tensor::arange(12, (Kind::Int64, Device::Cpu)).remainder(2);
        let input = Input::Pixels(pixels);
        Loader::of_input(input, labels, 4, None, order, Iteration::Endless).unwrap()
    }

    /// Learning rates by epoch and the final weights, when training in these parts.
    fn trained(schedule: Schedule, parts: &[Range<i64>]) -> (Vec<f64>, Vec<Tensor>) {
        let layers = [Layer::Flatten, Layer::dense(5), Layer::classifier(2)];
        let architecture = Architecture::new([4, 4, 1], &layers).unwrap();
        let network = Network::new(architecture, Device::Cpu, Precision::Fp32, 1).unwrap();
        let config =
            RmsPropConfig { learning_rate: 0.1, ..RmsPropConfig::keras(KerasProfile::default()) };
        let mut optimizer = RmsProp::new(config, network.parameters(), network.leaves()).unwrap();
        let profile = KerasProfile::default();
        let augmentation = Augmentation::new(AugmentConfig::default(), profile, 1).unwrap();
        let objective = Objective::new(2, 0.0, ClassWeights::Equal, &[], Device::Cpu).unwrap();
        let shuffled = Order::Shuffled { seed: 1, purpose: Purpose::TrainOrder };
        let (mut train, mut validation) = (loader(shuffled), loader(Order::Sorted));
        let mut trainer = Trainer {
            network: &network,
            optimizer: &mut optimizer,
            learning_rate: config.learning_rate,
            epochs: parts.last().unwrap().end,
            objective: &objective,
            schedule,
            patience: None,
            val_losses: Vec::new(),
            partial: Partial::default(),
            checkpoint_every: None,
            train: &mut train,
            augmentation: &augmentation,
            validation: &mut validation,
            record: false,
            stop: Stop::default(),
        };
        let mut rates = Rates(Vec::new());
        for part in parts {
            assert_eq!(trainer.fit(part.clone(), &mut rates).unwrap(), Ended::AllEpochs);
        }
        let weights = network.tensors().into_iter().map(|(_, tensor)| tensor.detach().copy());
        (rates.0, weights.collect())
    }

    #[test]
    fn parts_follow_the_schedule_of_the_whole() {
        for schedule in [Schedule::Constant, Schedule::Cosine, Schedule::Plateau] {
            let whole = trained(schedule, &vec![0..40; 1]);
            assert_eq!(whole.0[39] < 0.1, schedule != Schedule::Constant, "{:?}", whole.0);
            for parts in [vec![0..2, 2..40], vec![0..20, 20..21, 21..40]] {
                assert_eq!(trained(schedule, &parts), whole, "{schedule:?} {parts:?}");
            }
        }
    }
}
