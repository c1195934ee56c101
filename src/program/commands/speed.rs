//! A second of training, to see whether the machine does what it should.

use super::processor::Processor;
use anyhow::{Context, Result, ensure};
use petite::Stop;
use petite::batches::batch::{Input, Targets};
use petite::keras::KerasProfile;
use petite::machine::Machine;
use petite::machine::precision::Precision;
use petite::nn::network::Network;
use petite::nn::zoo::{Downsample, Model, Options};
use petite::training::learner::Learner;
use petite::training::objective::{ClassWeights, Objective};
use petite::training::optimizer::OptimizerConfig;
use petite::training::step::{StepInput, TrainStep};
use std::time::{Duration, Instant};
use tch::{Kind, Tensor};

/// Batch size of the book's listings.
const BATCH: i64 = 20;
/// Steps before the clock starts: libtorch compiles its kernels in the first ones.
const WARM_UP: i64 = 3;
/// How long to train.
const TIME: Duration = Duration::from_secs(1);
/// Operations for training the book's convnet on one picture of 150×150, forward and backward.
const FLOPS: f64 = 1.379e9;
/// Share of a step that does not get faster with more cores, from its small batch.
const SERIAL: f64 = 0.03;
/// Share of the cores below which another process, or a limit, must have the rest.
const SHARE: f64 = 0.75;

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Speed {
    /// Pictures trained per second.
    pub pictures_per_second: f64,
    /// Number of cores that this process had on average, for its threads.
    pub cores: f64,
}

impl Speed {
    /// Trains the book's convnet on random pictures of 150×150 for a second.
    ///
    /// # Errors
    /// If libtorch fails, the loss is not a number, or a stop was requested.
    pub fn measure(machine: Machine, stop: &Stop) -> Result<Self> {
        let Machine { device, precision } = machine;
        let options = Options { classes: Some(2), downsample: Downsample::MaxPool, dropout: None };
        let architecture = Model::Convnet.architecture((150, 150), &options)?;
        let network = Network::new(architecture, device, precision, 1)?;
        let config = OptimizerConfig::keras(KerasProfile::default());
        let objective = Objective::new(2, 0.0, ClassWeights::Equal, &[], device)?;
        let learner = Learner::new(network, objective, &config)?;
        let mut step = TrainStep::new(&learner, config.learning_rate, false)?;
        let pixels = Tensor::f_randint(256, [BATCH, 150, 150, 3], (Kind::Uint8, device))?;
        let labels = Tensor::f_randint(2, [BATCH], (Kind::Int64, device))?;
        let (mut number, mut started, mut used) = (0, Instant::now(), processor_time());
        loop {
            stop.check()?;
            if number == WARM_UP {
                (started, used) = (Instant::now(), processor_time());
            }
            let input = Input::Pixels(pixels.shallow_clone());
            let masks = learner.network.dropout_masks(BATCH, number)?;
            let targets = Targets::of(labels.shallow_clone());
            step.run(&StepInput { input, targets, masks })?;
            number += 1;
            // Reading a number waits for the device.
            let loss = step.means().means()?.loss;
            ensure!(loss.is_finite(), "expected a finite loss, found {loss}");
            if number > WARM_UP && started.elapsed() >= TIME {
                break;
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let pictures_per_second = ((number - WARM_UP) * BATCH) as f64 / seconds;
        let cores = processor_time().saturating_sub(used).as_secs_f64() / seconds;
        Ok(Self { pictures_per_second, cores })
    }

    /// Why the speed on the CPU is low, if other processes or limits are the cause.
    pub fn causes(&self, processor: &Processor, threads: usize) -> Vec<String> {
        let mut causes = Vec::new();
        if threads < processor.cores {
            causes.push(format!(
                "libtorch uses {threads} of {} cores; try unsetting OMP_NUM_THREADS and MKL_NUM_THREADS",
                processor.cores
            ));
        }
        if self.cores < SHARE * threads.min(processor.cores) as f64 {
            causes.push(format!(
                "the threads had {:.1} cores on average; try ending other programs, or raising the container's limit",
                self.cores
            ));
        }
        if causes.is_empty() {
            causes.push(
                "the cause is unknown; try the power settings, and unsetting ATEN_CPU_CAPABILITY and ONEDNN_MAX_CPU_ISA"
                    .to_owned(),
            );
        }
        causes
    }
}

/// Pictures per second that training on a processor should reach: its operations per second, which
/// libtorch's convolutions come close to, with less from each further core (Amdahl, 1967).
pub fn expected(processor: &Processor, precision: Precision) -> f64 {
    let cores = processor.cores as f64;
    let speedup = cores / (1.0 + SERIAL * (cores - 1.0));
    let flops = processor.flops_per_cycle(precision == Precision::Bf16);
    speedup * processor.clock * 1e9 * flops / FLOPS
}

/// Processor time of all threads of this process so far.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// Measures `machine` and returns the line to print, and warnings.
///
/// # Errors
/// As [`Speed::measure`].
pub fn report(machine: Machine, stop: &Stop) -> Result<(String, Vec<String>)> {
    let speed = Speed::measure(machine, stop).context("cannot train for a second")?;
    let line = format!(
        "{:.0} pictures/s, training the book's convnet at 150x150 in {}",
        speed.pictures_per_second,
        machine.precision.name()
    );
    if machine.device != tch::Device::Cpu {
        return Ok((line, Vec::new()));
    }
    let processor = Processor::current();
    let expected = expected(&processor, machine.precision);
    let share = speed.pictures_per_second / expected;
    let line = format!(
        "{line}: {:.0}% of the {expected:.0} that {} such core{} should do",
        share * 100.0,
        processor.cores,
        if processor.cores == 1 { "" } else { "s" }
    );
    let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
    let causes = if share < 0.5 { speed.causes(&processor, threads) } else { Vec::new() };
    Ok((line, causes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processor(cores: usize) -> Processor {
        let features = vec!["fma", "avx2", "avx512_bf16"];
        Processor { model: String::new(), features, cores, all_cores: cores, clock: 2.6 }
    }

    #[test]
    fn more_cores_and_bf16_should_do_more() {
        let of = |cores, precision| expected(&processor(cores), precision);
        assert_eq!(of(1, Precision::Bf16), 2.0 * of(1, Precision::Fp32));
        assert!(of(2, Precision::Fp32) > 1.9 * of(1, Precision::Fp32));
        assert!(of(64, Precision::Fp32) < 32.0 * of(1, Precision::Fp32));
    }

    #[test]
    fn low_speed_has_its_cause() {
        let causes = |cores, threads| {
            let speed = Speed { pictures_per_second: 1.0, cores };
            speed.causes(&processor(16), threads).join("\n")
        };
        assert!(causes(1.0, 1).starts_with("libtorch uses 1 of 16 cores"));
        assert!(causes(8.0, 16).starts_with("the threads had 8.0 cores"));
        assert_eq!(causes(0.5, 2).lines().count(), 2);
        assert!(causes(15.5, 16).starts_with("the cause is unknown"));
    }
}
