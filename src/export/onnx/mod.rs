//! ONNX: the layers as a graph of operators, with the weights as constants.

#[cfg(test)]
mod run;

use super::description::Description;
use super::request::Output;
use crate::error::ensure_or;
use crate::nn::base::Base;
use crate::nn::network::Network;
use crate::nn::onnx::{
    AttributeProto, FLOAT, Graph, ModelProto, OperatorSetIdProto, StringStringEntryProto, UINT8,
    ValueInfoProto,
};
use crate::nn::part;
use anyhow::{Context, Result};
use prost::Message;

/// The version of the operators, and that of the file format which came with it (ONNX 1.12, 2022).
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// The input's name.
const INPUT: &str = "images";

/// Maximum length of a protobuf message in bytes.
const LONGEST: usize = i32::MAX as usize;

/// An ONNX model of `network`: `images`, `[N, H, W, C]` u8, in; `probabilities` or `logits` out.
///
/// # Errors
/// If it has 2 GiB or more.
pub(super) fn to_bytes(network: &Network, description: &Description) -> Result<Vec<u8>> {
    let of_each = |(_, tensor): &(String, tch::Tensor)| tensor.numel() * size_of::<f32>();
    check_length(network.tensors().iter().map(of_each).sum())?;
    let model = model(network, description)?;
    check_length(model.encoded_len())?;
    Ok(model.encode_to_vec())
}

/// # Errors
/// If a message cannot have `length` bytes.
fn check_length(length: usize) -> Result<()> {
    ensure_or!(
        Weights,
        length <= LONGEST,
        "expected a network of less than 2 GiB for one ONNX file, found {length} bytes; try `format` torchscript or safetensors"
    );
    Ok(())
}

fn model(network: &Network, description: &Description) -> Result<ModelProto> {
    let Description { height, width, channels, output, ref classes, .. } = *description;
    let mut graph = Graph::new(network.tensors());
    let mut x = preprocessing(&mut graph, description);
    let of_size = |base: &Base| base.stack.architecture().on_pictures_of((height, width));
    let (base, head) = (network.base().map(of_size).transpose()?, network.architecture());
    for layer in base.iter().flat_map(|base| &base.layers).chain(&head.layers) {
        x = part::export(&layer.parts, &mut graph, x)?;
    }
    let units = head.output_shape().last().copied().unwrap_or(0);
    description.check_units(units)?;
    add_output(&mut graph, output, units, &x);

    let mut graph = graph.finish(description.model.name())?;
    let pixels = format!("Pixels in 0..=255, {height}×{width}, {:?}", description.color_mode);
    let shape = [height, width, channels].map(|size| size as i64);
    graph.input = vec![ValueInfoProto::batch(INPUT, UINT8, &shape, pixels)];
    let columns = if output == Output::Logits { units } else { classes.len() as i64 };
    let names = serde_json::to_string(classes).context("cannot serialize the classes to JSON")?;
    graph.output = vec![ValueInfoProto::batch(output.name(), FLOAT, &[columns], names)];
    let entries = description.entries()?.into_iter();
    Ok(ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("petite".to_owned()),
        producer_version: Some(description.petite.clone()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        metadata_props: entries
            .map(|(key, value)| StringStringEntryProto { key: Some(key), value: Some(value) })
            .collect(),
    })
}

/// From the input, `[N, H, W, C]` u8, to the input of the first layer, `[N, C, H, W]` f32; returns
/// its name.
fn preprocessing(graph: &mut Graph, description: &Description) -> String {
    let normalization = &description.normalization;
    let to_float = vec![AttributeProto::int("to", FLOAT.into())];
    let mut x = graph.apply("Cast", "images.float", &[INPUT], to_float);
    if normalization.reverse_channels {
        let order: Vec<i64> = (0..description.channels as i64).rev().collect();
        let order = graph.integers("images.order", &order);
        let axis = vec![AttributeProto::int("axis", 3)];
        x = graph.apply("Gather", "images.reversed", &[&x, &order], axis);
    }
    let shape = [description.channels as i64];
    if normalization.mean.iter().any(|&mean| mean != 0.0) {
        let mean = graph.floats("images.mean", &shape, &normalization.mean);
        x = graph.apply("Sub", "images.centered", &[&x, &mean], Vec::new());
    }
    if normalization.deviation.iter().any(|&deviation| deviation != 1.0) {
        let deviation = graph.floats("images.deviation", &shape, &normalization.deviation);
        x = graph.apply("Div", "images.scaled", &[&x, &deviation], Vec::new());
    }
    let order = vec![AttributeProto::ints("perm", &[0, 3, 1, 2])];
    graph.apply("Transpose", "images.channels_first", &[&x], order)
}

/// The graph's output, from `units` logits.
fn add_output(graph: &mut Graph, output: Output, units: i64, logits: &str) {
    let axis = || vec![AttributeProto::int("axis", 1)];
    match output {
        Output::Logits => {
            graph.apply("Identity", output.name(), &[logits], Vec::new());
        }
        // One sigmoid unit gives the probability of the second class.
        Output::Probabilities if units == 1 => {
            let second = graph.apply("Sigmoid", "second", &[logits], Vec::new());
            let one = graph.floats("one", &[], &[1.0]);
            let first = graph.apply("Sub", "first", &[&one, &second], Vec::new());
            graph.apply("Concat", output.name(), &[&first, &second], axis());
        }
        Output::Probabilities => {
            graph.apply("Softmax", output.name(), &[logits], axis());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::drawn::{Drawn, from_scratch, on_bases, uniform};
    use crate::export::request::Format;
    use crate::nn::architecture::Architecture;
    use crate::nn::chain::Chain;
    use crate::nn::init::DrawnBy;
    use crate::nn::layer::{Activation, Flatten, LayerNorm, Scale};
    use crate::nn::onnx::{Dimension, DimensionProto, GraphProto};
    use crate::nn::run::Pass;
    use crate::nn::stack::Stack;
    use std::collections::BTreeMap;
    use tch::{Device, Kind};

    fn graph_of(drawn: &Drawn, output: Output) -> GraphProto {
        let description = drawn.description(Format::Onnx, output);
        let bytes = to_bytes(&drawn.network, &description).unwrap();
        ModelProto::decode(bytes.as_slice()).unwrap().graph.unwrap()
    }

    fn assert_computed_gives_the_same(all: &[Drawn]) {
        for drawn in all {
            for output in Output::ALL {
                let graph = graph_of(drawn, output);
                drawn.assert_same(output, |pixels| run::run(&graph, pixels));
            }
        }
    }

    #[test]
    fn the_graph_of_a_network_from_scratch_gives_the_same() {
        assert_computed_gives_the_same(&from_scratch());
    }

    #[test]
    fn the_graph_of_a_network_on_a_base_gives_the_same() {
        assert_computed_gives_the_same(&on_bases());
    }

    /// Those that no model has yet, of maps and of rows.
    #[test]
    fn the_graph_of_other_layers_gives_the_same() {
        let chain = Chain::of(LayerNorm { epsilon: 1e-2 })
            .then(".gelu", Activation::Gelu)
            .then(".scale", Scale { initial: 0.3 });
        let layers = [("maps", chain.clone()), ("flat", Chain::of(Flatten)), ("rows", chain)];
        let layers = layers.map(|(name, chain)| (name.to_owned(), chain));
        let architecture = Architecture::named([3, 4, 5], layers).unwrap();
        let stack = Stack::new(architecture, Device::Cpu, Kind::Float, 1, DrawnBy::Layer).unwrap();
        for (index, (_, tensor)) in (0..).zip(stack.tensors()) {
            let (size, mut tensor) = (tensor.size(), tensor.detach());
            tensor.copy_(&uniform(&size, index));
        }
        let mut graph = Graph::new(stack.tensors());
        let layers = stack.architecture().layers.iter();
        let end = layers
            .fold(INPUT.to_owned(), |x, layer| part::export(&layer.parts, &mut graph, x).unwrap());
        let mut graph = graph.finish("layers").unwrap();
        graph.input = vec![ValueInfoProto::batch(INPUT, FLOAT, &[5, 3, 4], String::new())];
        graph.output = vec![ValueInfoProto::batch(&end, FLOAT, &[60], String::new())];
        let x = uniform(&[2, 5, 3, 4], 9) * 6 - 3;
        let expected = stack.forward(x.shallow_clone(), stack.all(), &mut Pass::Infer).unwrap();
        let difference = (run::run(&graph, x) - expected.detach()).abs().max().double_value(&[]);
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn the_file_has_nodes_bits_and_names() {
        let drawn = &from_scratch()[0];
        let description = drawn.description(Format::Onnx, Output::Probabilities);
        let bytes = to_bytes(&drawn.network, &description).unwrap();
        assert_eq!(bytes, to_bytes(&drawn.network, &description).unwrap());
        let model = ModelProto::decode(bytes.as_slice()).unwrap();
        assert_eq!((model.ir_version, model.opset_import[0].version), (Some(8), Some(17)));
        let texts: BTreeMap<_, _> =
            model.metadata_props.iter().map(|entry| (entry.key(), entry.value())).collect();
        assert_eq!(texts["classes"], r#"["class 0","class 1","class 2"]"#);
        assert_eq!((texts["height"], texts["width"], texts["model"]), ("20", "23", "mnist"));

        let graph = model.graph.unwrap();
        let operators: Vec<&str> = graph.node.iter().map(|node| node.op_type()).collect();
        let stage = ["Conv", "Relu", "MaxPool"];
        let start = ["Cast", "Div", "Transpose"];
        let end = ["Conv", "Relu", "Transpose", "Flatten", "Gemm", "Relu", "Gemm", "Softmax"];
        assert_eq!(operators, [&start[..], &stage, &stage, &end].concat());
        assert_eq!(sizes(&graph.input[0]), ["N", "20", "23", "1"]);
        assert_eq!(sizes(&graph.output[0]), ["N", "3"]);

        let tensors = drawn.network.tensors();
        // The network's, and the deviation of the pixels.
        assert_eq!(graph.initializer.len(), tensors.len() + 1);
        for (name, tensor) in tensors {
            let found = graph.initializer.iter().find(|found| found.name() == name).unwrap();
            let values: Vec<f32> = Vec::try_from(tensor.detach().contiguous().view(-1)).unwrap();
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            assert_eq!((&found.dims, found.raw_data()), (&tensor.size(), &bytes[..]), "{name}");
        }
    }

    fn sizes(value: &ValueInfoProto) -> Vec<String> {
        let shape = value.r#type.clone().unwrap().tensor_type.unwrap().shape.unwrap();
        let size = |dim: DimensionProto| match dim.value.unwrap() {
            Dimension::Value(size) => size.to_string(),
            Dimension::Param(name) => name,
        };
        shape.dim.into_iter().map(size).collect()
    }

    #[test]
    fn asymmetric_borders_are_kept() {
        let mobilenet = on_bases().swap_remove(2);
        let graph = graph_of(&mobilenet, Output::Logits);
        let pads = |name: &str| {
            let node = graph.node.iter().find(|node| node.name() == name).unwrap();
            node.attribute.iter().find(|found| found.name() == "pads").unwrap().ints.clone()
        };
        // 45×38: `same` with strides of 2 adds two rows and, to an even width, one column.
        assert_eq!(pads("conv1"), [1, 0, 1, 1]);
        assert_eq!(pads("conv_dw_2"), [0, 0, 1, 1]);
        assert_eq!(pads("conv_pw_2"), [0; 4]);
    }

    #[test]
    fn more_than_a_message_holds_is_refused() {
        assert!(check_length(LONGEST).is_ok());
        let error = check_length(LONGEST + 1).unwrap_err().to_string();
        assert!(error.contains("found 2147483648 bytes; try `format` torchscript"), "{error}");
    }
}
