//! The training loop on a base that is frozen up to a layer.

use crate::drawn::{pixels, weights_of};
use petite::batches::batch::{Input, Targets};
use petite::batches::loader::Loader;
use petite::batches::order::Batching;
use petite::machine::Machine;
use petite::machine::precision::Precision;
use petite::nn::layer::Statistics;
use petite::nn::network::Network;
use petite::nn::zoo::Model;
use petite::training::learner::Learner;
use petite::training::objective::{ClassWeights, Objective};
use petite::training::step::{StepInput, TrainStep};
use petite::training::validate::validate;
use petite::weights;
use petite::{Config, Recipe, Stop};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// A narrow MobileNet of the drawn weights, trained from the sixth pair on, and a head.
fn network(statistics: Statistics) -> (Config, Network) {
    let mut config = Config::with(Recipe::FineTune, Default::default(), Model::Mobilenet, None);
    config.pictures.image_size = "32".parse().unwrap();
    config.optimizer.learning_rate = 1e-3;
    let on_base = config.on_base_mut().unwrap();
    on_base.alpha = 0.25;
    on_base.unfreeze_from = Some("conv_dw_6".to_owned());
    on_base.units = 8;
    on_base.batch_norm = statistics;
    config.check().unwrap();
    let machine = Machine { device: Device::Cpu, precision: Precision::Fp32 };
    let mut network = config.network(2, machine).unwrap();
    let drawn = weights_of(network.base().unwrap());
    let of_base = network.tensors().into_iter().filter(|(name, _)| !name.starts_with("dense"));
    let of_base: Vec<_> = of_base.collect();
    weights::assign(&of_base, &drawn, Path::new("drawn")).unwrap();
    network.refresh().unwrap();
    (config, network)
}

/// Five steps of the recipe's optimizer, after each of which `each` looks at the network.
fn train(config: &Config, network: Network, mut each: impl FnMut(&Network)) -> Network {
    let objective = Objective::new(2, 0.0, ClassWeights::Equal, &[0, 1], Device::Cpu).unwrap();
    let learner = Learner::new(network, objective, &config.optimizer).unwrap();
    let mut step = TrainStep::new(&learner, config.optimizer.learning_rate, false).unwrap();
    for number in 0..5 {
        let input = Input::Pixels(pixels(32, 32, 4).roll([number], [2]));
        let targets = Targets::of(Tensor::from_slice(&[0i64, 1, 0, 1]));
        let masks = learner.network.dropout_masks(4, number).unwrap();
        step.run(&StepInput { input, targets, masks }).unwrap();
        each(&learner.network);
    }
    learner.network
}

#[test]
fn frozen_layers_keep_every_bit_and_trained_ones_do_not() {
    for statistics in [Statistics::Stored, Statistics::Batch] {
        let (config, network) = network(statistics);
        let base = network.base().unwrap();
        let (first, layers) = (base.stack.trained_from(), &base.stack.architecture().layers);
        assert_eq!(layers[first].name, "conv_dw_6");
        let trained_names: Vec<String> = layers[first..]
            .iter()
            .flat_map(|layer| layer.tensors())
            .map(|tensor| tensor.name)
            .collect();
        let is_trained =
            |name: &str| name.starts_with("dense") || trained_names.iter().any(|n| n == name);
        let is_statistic = |name: &str| name.contains("running_");

        let before: Vec<Tensor> =
            network.tensors().iter().map(|(_, tensor)| tensor.detach().copy()).collect();
        let network = train(&config, network, |network| {
            for (name, tensor) in network.tensors() {
                let learns = is_trained(&name) && !is_statistic(&name);
                assert_eq!(tensor.requires_grad(), learns, "{name}");
                assert!(learns || !tensor.grad().defined(), "{name}");
            }
        });
        let mut counts = [0, 0];
        for ((name, after), before) in network.tensors().iter().zip(before) {
            let moves =
                is_trained(name) && (!is_statistic(name) || statistics == Statistics::Batch);
            assert_eq!(before != *after, moves, "{statistics:?} {name}");
            counts[usize::from(moves)] += 1;
        }
        // conv1 and five pairs are frozen: 11 convolutions with four tensors of normalisation each.
        // 16 are trained, and two dense layers.
        let expected = match statistics {
            Statistics::Stored => [11 * 5 + 16 * 2, 16 * 3 + 4],
            Statistics::Batch => [11 * 5, 16 * 5 + 4],
        };
        assert_eq!(counts, expected);
    }
}

/// What a backward pass leaves, before the optimizer takes the gradients.
#[test]
fn gradients_are_computed_of_what_is_trained_alone() {
    let (_, network) = network(Statistics::Batch);
    let logits = network.training_logits(&Input::Pixels(pixels(32, 32, 4)), &[]).unwrap();
    logits.square().mean(Kind::Float).backward();
    let trained: Vec<&String> = network.parameters().iter().map(|(name, _)| name).collect();
    assert!(trained.contains(&&"conv_dw_6.weight".to_owned()));
    assert!(!trained.contains(&&"conv_pw_5.weight".to_owned()));
    for (name, tensor) in network.tensors() {
        assert_eq!(tensor.grad().defined(), trained.contains(&&name), "{name}");
    }
}

/// Looking at pictures never moves statistics, whichever training goes by.
#[test]
fn validation_changes_nothing() {
    let (_, network) = network(Statistics::Batch);
    let before: Vec<Tensor> =
        network.tensors().iter().map(|(_, tensor)| tensor.detach().copy()).collect();
    let (input, labels) = (Input::Pixels(pixels(32, 32, 4)), Tensor::from_slice(&[0i64, 1, 0, 1]));
    let mut loader = Loader::of_input(input, labels, Batching::sorted(2)).unwrap();
    let loss = petite::training::loss::Loss::for_classes(2);
    validate(&network, &mut loader, loss, 0, &Stop::default()).unwrap();
    let after = network.tensors();
    assert!(before.iter().zip(&after).all(|(before, (_, after))| before == after));
}
