//! Single layers: values and gradients as by the definitions in `scripts/reference/layers_reference.py`.

use crate::drawn::spread;
use petite::nn::architecture::Architecture;
use petite::nn::chain::Chain;
use petite::nn::init::DrawnBy;
use petite::nn::layer::{Activation, Flatten, Layer, LayerNorm, Scale};
use petite::nn::run::Pass;
use petite::nn::stack::Stack;
use petite::weights::Named;
use std::collections::HashMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

type Golden = HashMap<String, HashMap<String, Vec<f32>>>;

/// `drawn` of the script.
fn drawn(shape: &[i64], salt: u64) -> Tensor {
    let count: i64 = shape.iter().product();
    Tensor::from_slice(&spread(count as usize, salt)).view(shape) * 4 - 2
}

/// The layers with the script's parameters, for `[H, W, C]`.
fn stack(shape: [i64; 3], chains: &[Chain]) -> Stack {
    let named = chains.iter().zip(["layer", "flatten"]).rev();
    let named = named.map(|(chain, name)| (name.to_owned(), chain.clone()));
    let architecture = Architecture::named(shape, named).unwrap();
    let mut stack = Stack::new(architecture, Device::Cpu, Kind::Float, 1, DrawnBy::Layer).unwrap();
    let parameters = stack.tensors().into_iter().zip(3..);
    let parameters: Named =
        parameters.map(|((name, of), salt)| (name, drawn(&of.size(), salt))).collect();
    stack.assign(&parameters, Path::new("drawn")).unwrap();
    stack
}

fn near(case: &str, found: &Tensor, expected: &[f32], tolerance: f64) {
    let expected = Tensor::from_slice(expected);
    let difference = (found.contiguous().view(-1) - &expected).abs().max().double_value(&[]);
    let most = tolerance * expected.abs().max().double_value(&[]);
    assert!(difference <= most, "{case}: {difference}");
}

#[test]
fn values_and_gradients_are_those_of_the_definitions() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/layers.json");
    let golden: Golden = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let layers: [(&str, Layer); 3] = [
        ("layer_norm", LayerNorm { epsilon: 1e-6 }.into()),
        ("gelu", Activation::Gelu.into()),
        ("scale", Scale { initial: 1e-6 }.into()),
    ];
    for (case, layer) in layers {
        let golden = &golden[case];
        let mut maps = stack([2, 3, 4], &[Chain::of(layer.clone())]);
        let x = drawn(&[2, 2, 3, 4], 1).set_requires_grad(true);
        let run = |stack: &Stack| {
            let y = stack.forward(x.permute([0, 3, 1, 2]), stack.all(), &mut Pass::Infer).unwrap();
            y.permute([0, 2, 3, 1])
        };
        let y = run(&maps);
        near(case, &y, &golden["output"], 1e-6);
        (y * drawn(&[2, 2, 3, 4], 2)).sum(Kind::Float).backward();
        near(case, &x.grad(), &golden["gradient"], 1e-6);
        for (name, parameter) in maps.trained() {
            let expected = &golden[name.strip_prefix("layer.").unwrap()];
            near(&format!("{case} {name}"), &parameter.grad(), expected, 1e-6);
        }
        maps.compute_in(Kind::BFloat16).unwrap();
        let short = run(&maps);
        assert_eq!(short.kind(), Kind::BFloat16);
        near(case, &short.to_kind(Kind::Float), &golden["output"], 1e-2);

        // Rows of as many values as a place has channels.
        let rows = stack([1, 1, 4], &[Chain::of(layer), Chain::of(Flatten)]);
        let x = x.detach().view([12, 4, 1, 1]);
        let y = rows.forward(x, rows.all(), &mut Pass::Infer).unwrap();
        assert_eq!(y.size(), [12, 4]);
        near(case, &y, &golden["output"], 1e-6);
    }
}
