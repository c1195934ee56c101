//! One training step. On CUDA it is recorded once as a graph, which later steps replay.

use super::divergence::Watch;
use super::learner::Learner;
use super::metrics::{Running, Sums};
use crate::batches::batch::{Input, Targets};
use crate::native::cuda::Graph;
use anyhow::{Error, Result};
use tch::{Kind, Tensor};

/// Plain steps before recording: libtorch first benchmarks convolution algorithms and allocates
/// workspaces, which cannot be recorded.
const PLAIN_STEPS: u32 = 3;

/// Inputs of a step, on the device.
#[derive(Debug)]
pub struct StepInput {
    /// Pixels or features.
    pub input: Input,
    /// What the network is to say of them.
    pub targets: Targets,
    /// [`Network::dropout_masks`](crate::nn::network::Network::dropout_masks) for the step.
    pub masks: Vec<Tensor>,
}

impl StepInput {
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        [self.input.values()].into_iter().chain(self.targets.tensors()).chain(&self.masks)
    }

    /// A copy in separate memory, from which every replay of a recording reads.
    fn copied(&self) -> Result<Self> {
        // This keeps the memory format, such as channels-last.
        let copy = |tensor: &Tensor| -> Result<Tensor> { Ok(tensor.f_empty_like()?) };
        let input = Self {
            input: self.input.map(copy)?,
            targets: self.targets.map(copy)?,
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

/// A step recorded for one batch size.
#[derive(Debug)]
struct Recorded {
    graph: Graph,
    input: StepInput,
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
    learner: &'a Learner,
    /// The learning rate, an f32 scalar on the device, where a CUDA graph reads it.
    rate: Tensor,
    means: Running,
    watch: Watch,
    recording: Recording,
}

impl<'a> TrainStep<'a> {
    /// Steps of `learner` at this learning rate. With `record`, they are recorded as a CUDA graph; the
    /// calling thread must then use a stream other than the default
    /// ([`Machine::use_own_stream`](crate::machine::Machine::use_own_stream)).
    ///
    /// # Errors
    /// If the device is out of memory.
    pub fn new(learner: &'a Learner, rate: f64, record: bool) -> Result<Self> {
        let device = learner.network.device();
        Ok(Self {
            learner,
            rate: Tensor::f_full([], in_f32(rate), (Kind::Float, device))?,
            means: Running::new(learner.objective.loss, device)?,
            watch: Watch::new(device)?,
            recording: if record { Recording::After(PLAIN_STEPS) } else { Recording::Off },
        })
    }

    /// Why recording failed; the error is returned once.
    pub fn take_failure(&mut self) -> Option<Error> {
        match &mut self.recording {
            Recording::Failed(error) => error.take(),
            _ => None,
        }
    }

    /// Sums of the epoch.
    pub fn means(&self) -> &Running {
        &self.means
    }

    /// What is not finite in the epoch.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Starts an epoch at this learning rate, after `steps` steps of it with these sums; usually none.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn start_epoch(&mut self, rate: f64, steps: i64, sums: Sums) -> Result<()> {
        let _ = self.rate.f_fill_(in_f32(rate))?;
        self.watch.start(steps)?;
        self.means.set(sums)
    }

    /// Runs one step: forward, backward and update.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn run(&mut self, input: &StepInput) -> Result<()> {
        let pictures = input.targets.pictures();
        match &mut self.recording {
            // A smaller batch, such as the last of a pass, runs without the recording.
            Recording::On(recorded) if pictures > recorded.input.targets.pictures() => {
                self.record(input);
            }
            Recording::After(0) => self.record(input),
            Recording::After(plain) => *plain -= 1,
            _ => {}
        }
        match &self.recording {
            Recording::On(recorded) if recorded.input.fits(input) => {
                recorded.input.fill(input)?;
                recorded.graph.replay()?;
            }
            _ => self.launch(input)?,
        }
        self.means.count(pictures);
        Ok(())
    }

    fn record(&mut self, input: &StepInput) {
        // Frees the memory of an earlier recording.
        self.recording = Recording::Off;
        let recorded = input.copied().and_then(|input| {
            let graph = Graph::capture(|| self.launch(&input))?;
            Ok(Box::new(Recorded { graph, input }))
        });
        self.recording = recorded.map_or_else(Recording::failed, Recording::On);
    }

    /// Launches the step.
    fn launch(&mut self, input: &StepInput) -> Result<()> {
        let Learner { network, objective, update, world } = self.learner;
        let StepInput { input, targets, masks } = input;
        let logits = network.training_logits(input, masks)?;
        let loss = objective.mean(&logits, targets)?;
        update.backward(&loss)?;
        world.reduce(update.gradients())?;
        update.apply(&self.rate)?;
        self.means.add(&loss, &logits, targets)?;
        self.watch.add(self.means.losses())
    }
}

/// `rate` rounded to f32. One beyond its range becomes infinite, with which training diverges; libtorch
/// refuses it.
fn in_f32(rate: f64) -> f64 {
    f64::from(rate as f32)
}
