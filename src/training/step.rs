//! One training step. On CUDA it is recorded once as a graph, which later steps replay.

use super::metrics::{Running, Sums};
use super::objective::Objective;
use super::optimizer::RmsProp;
use crate::batches::batch::Input;
use crate::native::cuda::Graph;
use crate::nn::network::Network;
use anyhow::{Error, Result};
use tch::Tensor;

/// Plain steps before recording: libtorch first benchmarks convolution algorithms and allocates
/// workspaces, which cannot be recorded.
const PLAIN_STEPS: u32 = 3;

/// Inputs of a step, on the device.
#[derive(Debug)]
pub struct StepInput {
    /// Pixels or features.
    pub input: Input,
    /// Labels, `[N]` i64.
    pub labels: Tensor,
    /// [`Network::dropout_masks`] for the step.
    pub masks: Vec<Tensor>,
}

impl StepInput {
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        [self.input.values(), &self.labels].into_iter().chain(&self.masks)
    }

    /// A copy in separate memory, from which every replay of a recording reads.
    fn copied(&self) -> Result<Self> {
        // This keeps the memory format, such as channels-last.
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

/// A step recorded for one batch size and learning rate.
#[derive(Debug)]
struct Recorded {
    graph: Graph,
    input: StepInput,
    learning_rate: f64,
}

impl Recorded {
    /// Whether to keep the recording for `input`: its learning rate is current, and the batch is no
    /// larger. Smaller batches, such as the last of a pass, run without it.
    fn serves(&self, input: &StepInput, learning_rate: f64) -> bool {
        self.learning_rate == learning_rate && input.labels.numel() <= self.input.labels.numel()
    }
}

/// State of the recording.
#[derive(Debug)]
enum Recording {
    /// Not requested, or not on CUDA.
    Off,
    /// Recording failed; the error remains until it is taken.
    Failed(Option<Error>),
    /// Recording starts after this many more plain steps.
    After(u32),
    /// The step is recorded.
    On(Box<Recorded>),
}

impl Recording {
    fn failed(error: Error) -> Self {
        Self::Failed(Some(error))
    }
}

/// Runs training steps and sums up their loss and accuracy.
#[derive(Debug)]
pub struct TrainStep<'a> {
    network: &'a Network,
    objective: &'a Objective,
    running: Running,
    recording: Recording,
}

impl<'a> TrainStep<'a> {
    /// With `record`, steps are recorded as a CUDA graph; the calling thread must then use a stream
    /// other than the default
    /// ([`Machine::use_own_stream`](crate::machine::Machine::use_own_stream)).
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(network: &'a Network, objective: &'a Objective, record: bool) -> Result<Self> {
        let recording = if record { Recording::After(PLAIN_STEPS) } else { Recording::Off };
        let running = Running::new(objective.loss, network.device())?;
        Ok(Self { network, objective, running, recording })
    }

    /// Why recording failed; the error is returned once.
    pub fn take_failure(&mut self) -> Option<Error> {
        match &mut self.recording {
            Recording::Failed(error) => error.take(),
            _ => None,
        }
    }

    /// Sums of the epoch.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Starts an epoch after the batches of `sums`, usually none.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn start_epoch(&mut self, sums: Sums) -> Result<()> {
        self.running.set(sums)
    }

    /// Runs one step: forward, backward and update.
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
            // The last batch of a pass may be smaller, and is not replayed.
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

    /// Launches forward pass, loss, backward pass, update and sums.
    fn launch(&mut self, input: &StepInput, optimizer: &mut RmsProp) -> Result<()> {
        let logits = self.network.training_logits(&input.input, &input.masks)?;
        let mean_loss = self.objective.mean(&logits, &input.labels)?;
        optimizer.minimize(&mean_loss)?;
        self.running.add(&mean_loss, &logits, &input.labels)
    }
}
