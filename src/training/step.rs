//! One update from one batch; on CUDA recorded once and launched as a whole from then on.

use super::metrics::Running;
use super::objective::Objective;
use super::optimizer::RmsProp;
use crate::batches::batch::Input;
use crate::native::cuda::Graph;
use crate::nn::network::Network;
use anyhow::{Error, Result};
use tch::Tensor;

/// Plain steps before the recording: libtorch tries convolution algorithms and makes workspaces at
/// first, which cannot be recorded.
const PLAIN_STEPS: u32 = 3;

/// What a step takes, on the device.
#[derive(Debug)]
pub struct StepInput {
    /// Pixels or features.
    pub input: Input,
    /// `[N]` i64.
    pub labels: Tensor,
    /// [`Network::dropout_masks`] of the step.
    pub masks: Vec<Tensor>,
}

impl StepInput {
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        [self.input.values(), &self.labels].into_iter().chain(&self.masks)
    }

    /// The same in memory of its own, which a recording can read again and again.
    fn copied(&self) -> Result<Self> {
        // The order in memory stays, and with it channels-last.
        let copy = |tensor: &Tensor| -> Result<Tensor> { Ok(tensor.f_empty_like()?) };
        let input = Self {
            input: self.input.map(copy)?,
            labels: copy(&self.labels)?,
            masks: self.masks.iter().map(copy).collect::<Result<_>>()?,
        };
        input.fill(self)?;
        Ok(input)
    }

    fn fits(&self, other: &Self) -> bool {
        self.tensors().map(Tensor::size).eq(other.tensors().map(Tensor::size))
    }

    fn fill(&self, from: &Self) -> Result<()> {
        for (to, from) in self.tensors().zip(from.tensors()) {
            to.shallow_clone().f_copy_(from)?;
        }
        Ok(())
    }
}

/// A step that was recorded for one batch size and learning rate.
#[derive(Debug)]
struct Recorded {
    graph: Graph,
    input: StepInput,
    learning_rate: f64,
}

impl Recorded {
    /// Whether batches such as `input` may go by it, or step by step as the smaller last one of a
    /// pass does. The rate is part of what was recorded.
    fn serves(&self, input: &StepInput, learning_rate: f64) -> bool {
        self.learning_rate == learning_rate && input.labels.numel() <= self.input.labels.numel()
    }
}

/// Where the recording stands.
#[derive(Debug)]
enum Recording {
    /// Every step is launched piece by piece: not on CUDA, or not wanted.
    Off,
    /// As well, since it failed; why, until that is asked for.
    Failed(Option<Error>),
    After(u32),
    On(Box<Recorded>),
}

impl Recording {
    fn failed(error: Error) -> Self {
        Self::Failed(Some(error))
    }
}

/// Runs training steps and keeps their sums.
#[derive(Debug)]
pub struct TrainStep<'a> {
    network: &'a Network,
    objective: &'a Objective,
    running: Running,
    recording: Recording,
}

impl<'a> TrainStep<'a> {
    /// `record` has the step recorded as a CUDA graph, for which this thread's work must be on a
    /// stream of its own ([`Machine::use_own_stream`](crate::machine::Machine::use_own_stream)).
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(network: &'a Network, objective: &'a Objective, record: bool) -> Result<Self> {
        let recording = if record { Recording::After(PLAIN_STEPS) } else { Recording::Off };
        let running = Running::new(objective.loss, network.device())?;
        Ok(Self { network, objective, running, recording })
    }

    /// Why steps are not recorded though they should be, once.
    pub fn take_failure(&mut self) -> Option<Error> {
        match &mut self.recording {
            Recording::Failed(error) => error.take(),
            _ => None,
        }
    }

    /// Sums since the last [`TrainStep::start_epoch`].
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Begins new sums.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn start_epoch(&mut self) -> Result<()> {
        self.running.reset()
    }

    /// One update.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn run(&mut self, input: &StepInput, optimizer: &mut RmsProp) -> Result<()> {
        let pictures = input.labels.numel() as i64;
        if let Recording::On(recorded) = &self.recording
            && !recorded.serves(input, optimizer.learning_rate())
        {
            self.recording = Recording::After(0);
        }
        match &mut self.recording {
            Recording::After(0) => {
                let recorded = self.record(input, optimizer);
                self.recording = recorded.map_or_else(Recording::failed, Recording::On);
            }
            Recording::After(plain) => *plain -= 1,
            _ => {}
        }
        match &self.recording {
            // The last batch of a pass may be smaller.
            Recording::On(recorded) if recorded.input.fits(input) => {
                recorded.input.fill(input)?;
                recorded.graph.replay()?;
            }
            _ => self.launch(input, optimizer)?,
        }
        self.running.count(pictures);
        Ok(())
    }

    fn record(&mut self, input: &StepInput, optimizer: &mut RmsProp) -> Result<Box<Recorded>> {
        let input = input.copied()?;
        let graph = Graph::capture(|| self.launch(&input, optimizer))?;
        Ok(Box::new(Recorded { graph, input, learning_rate: optimizer.learning_rate() }))
    }

    /// Forward, loss, backward, update, sums.
    fn launch(&mut self, input: &StepInput, optimizer: &mut RmsProp) -> Result<()> {
        let logits = self.network.training_logits(&input.input, &input.masks)?;
        let mean_loss = self.objective.mean(&logits, &input.labels)?;
        optimizer.minimize(&mean_loss)?;
        self.running.add(&mean_loss, &logits, &input.labels)
    }
}
