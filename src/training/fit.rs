//! The training loop, the same for every recipe and device.

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

/// Progress within an epoch.
#[derive(Debug)]
pub struct StepProgress<'a> {
    /// Number of the epoch, from 1.
    pub epoch: i64,
    /// Training steps done in this epoch.
    pub steps_done: i64,
    /// Training steps per epoch.
    pub steps: i64,
    /// Sums over the epoch so far. [`Running::means`] waits for the device: call it at intervals,
    /// not after every step.
    pub running: &'a Running,
}

/// Follows the training loop. All printing and writing of files is left to observers.
pub trait Observer {
    /// Called after each training step.
    fn step(&mut self, _progress: &StepProgress) {}

    /// Called if steps cannot be recorded as a CUDA graph. Training continues without one, with the
    /// same results.
    fn unrecorded(&mut self, _error: &anyhow::Error) {}

    /// Called after each epoch, including its validation.
    ///
    /// # Errors
    /// An error ends training.
    fn epoch(&mut self, record: &Epoch, network: &Network, optimizer: &RmsProp) -> Result<()>;
}

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
    /// Training batches.
    pub train: &'a mut Loader,
    /// Augmentation of the training pictures.
    pub augmentation: &'a Augmentation,
    /// Validation batches.
    pub validation: &'a mut Loader,
    /// Whether to record steps as a CUDA graph: see [`TrainStep::new`].
    pub record: bool,
    /// Ends training after the current step.
    pub stop: Stop,
}

/// Why [`fit`](Trainer::fit) returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All epochs were trained.
    AllEpochs,
    /// val_loss had no new low for `patience` epochs.
    EarlyStop,
}

impl Trainer<'_> {
    /// Trains the given epochs (0-based) and validates after each. An epoch depends only on its
    /// number and on the state before it, so training 0..2 and then 2..4 equals training 0..4.
    ///
    /// # Errors
    /// If a picture cannot be read, libtorch or the observer fails, or a stop was requested
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
                let input = self.augmentation.input(&batch)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::config::AugmentConfig;
    use crate::batches::batch::Input;
    use crate::batches::order::Order;
    use crate::keras::{Iteration, KerasProfile};
    use crate::nn::architecture::Architecture;
    use crate::nn::layer::Layer;
    use crate::precision::Precision;
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
