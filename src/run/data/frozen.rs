//! The output of a base's frozen layers for validation pictures, which is the same in every epoch.

use crate::batches::batch::{Input, to_images};
use crate::batches::loader::Loader;
use crate::batches::order::Order;
use crate::keras::Iteration;
use crate::machine::memory::free_memory;
use crate::nn::network::Network;
use crate::nn::run::Pass;
use crate::run::activity::{Activity, Counter};
use crate::run::events::{Events, Note};
use crate::stop::Stop;
use anyhow::Result;
use std::time::Instant;
use tch::{Device, Tensor};

/// Most bytes to keep on a GPU, which also holds the network.
const ON_GPU: u64 = 1 << 30;

/// A loader of the batches of `pictures`, whole passes in the order of the samples, with the output of
/// the base's frozen layers instead of pixels: these run once and not in every epoch, and results are
/// the same bit for bit. `pictures` itself if nothing is frozen, they are streamed or features already, or
/// the outputs take more than a quarter of the free memory.
///
/// # Errors
/// If a picture cannot be read, libtorch fails, or a stop was requested.
pub fn through_frozen(
    network: &Network,
    mut pictures: Loader,
    stop: &Stop,
    events: &mut dyn Events,
) -> Result<Loader> {
    let base = network.base();
    let base = base.filter(|base| base.stack.trained_from() > 0 && !pictures.is_streamed());
    let Some(base) = base else { return Ok(pictures) };
    let (count, steps) = (pictures.len() as usize, pictures.steps_per_epoch());
    let most = match base.stack.device() {
        Device::Cpu => free_memory().map_or(u64::MAX, |free| free / 4),
        _ => ON_GPU,
    };
    let (mut values, mut labels, mut batch_size) = (Vec::new(), Vec::new(), 0);
    let split = Some("validation");
    let (started, counter) =
        (Instant::now(), Counter::new(Activity::Features(split), count, events));
    for step in 0..steps {
        stop.check()?;
        let batch = pictures.batch(0, step)?;
        let Input::Pixels(pixels) = &batch.input else {
            return Ok(pictures);
        };
        let output = tch::no_grad(|| {
            let images = base.preprocess.apply(&to_images(pixels)?)?;
            let output =
                base.stack.forward(images, 0..base.stack.trained_from(), &mut Pass::Infer)?;
            // Channels last, as the layers keep it.
            anyhow::Ok(output.f_permute([0, 2, 3, 1])?.f_contiguous()?)
        })?;
        let size = output.size()[0];
        if step == 0 {
            batch_size = size;
            let of_a_picture = output.numel() * output.kind().elt_size_in_bytes() / size as usize;
            if (of_a_picture * count) as u64 > most {
                return Ok(pictures);
            }
        }
        values.push(output);
        labels.push(batch.targets.classes);
        counter.add(size as usize);
    }
    let seconds = started.elapsed().as_secs_f64();
    events.note(&Note::Pass { of: "frozen", split, pictures: count, seconds });
    let (values, labels) = (Input::Frozen(Tensor::f_cat(&values, 0)?), Tensor::f_cat(&labels, 0)?);
    Loader::of_input(values, labels, batch_size, None, Order::Sorted, Iteration::WholePass)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::precision::Precision;
    use crate::nn::base::Base;
    use crate::nn::head::{self, Pooling};
    use crate::nn::layer::Statistics;
    use crate::nn::zoo::Model;
    use crate::run::events::Silent;
    use tch::Kind;

    /// MobileNet for pictures of 32×32, trained from `first` on.
    fn network(first: &str) -> Network {
        let architecture = Model::Mobilenet.base_architecture(0.25).unwrap();
        let features = architecture.feature_shape((32, 32)).unwrap();
        let mut base = Base::random(Model::Mobilenet, architecture, Device::Cpu, 1).unwrap();
        base.stack.unfreeze_from(first).unwrap();
        let head = head::architecture(features, 2, Pooling::Flatten, 8, None).unwrap();
        let network = Network::new(head, Device::Cpu, Precision::Fp32, 1).unwrap();
        network.on_base(base, Statistics::Stored)
    }

    /// Seven pictures of noise, in batches of 3.
    fn pictures() -> Loader {
        let noise = Tensor::arange(7 * 32 * 32 * 3, (Kind::Int64, Device::Cpu)) * 7919;
        let pixels = noise.remainder(251).to_kind(Kind::Uint8).reshape([7, 32, 32, 3]);
        let labels = Tensor::arange(7, (Kind::Int64, Device::Cpu)).remainder(2);
        let pixels = Input::Pixels(pixels);
        Loader::of_input(pixels, labels, 3, None, Order::Sorted, Iteration::WholePass).unwrap()
    }

    #[test]
    fn the_batches_and_their_logits_stay_the_same() {
        let network = network("conv_dw_8");
        let stop = Stop::default();
        let mut frozen = through_frozen(&network, pictures(), &stop, &mut Silent).unwrap();
        let mut pictures = pictures();
        assert_eq!(frozen.steps_per_epoch(), 3);
        for (epoch, step) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2)] {
            let (short, long) =
                (frozen.batch(epoch, step).unwrap(), pictures.batch(epoch, step).unwrap());
            // 2×2 places with the 128 channels of conv_pw_7.
            assert!(
                matches!(&short.input, Input::Frozen(values) if values.size()[1..] == [2, 2, 128])
            );
            assert_eq!(short.targets.classes, long.targets.classes);
            assert_eq!(short.first, long.first);
            let logits = [&short.input, &long.input].map(|input| network.logits(input).unwrap());
            assert_eq!(logits[0], logits[1]);
        }
    }

    #[test]
    fn pictures_pass_a_base_that_is_trained_whole() {
        let (network, stop) = (network("conv1"), Stop::default());
        let mut same = through_frozen(&network, pictures(), &stop, &mut Silent).unwrap();
        assert!(matches!(same.batch(0, 0).unwrap().input, Input::Pixels(_)));
    }
}
