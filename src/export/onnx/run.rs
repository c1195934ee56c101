//! Computes a graph with libtorch, to test it without another runtime: the operators as ONNX's
//! documentation defines them, of opset 17.

use crate::nn::onnx::{AttributeProto, GraphProto, INT64, NodeProto, TensorProto};
use std::collections::HashMap;
use tch::{Kind, Tensor};

/// The graph's output for `input`.
pub(super) fn run(graph: &GraphProto, input: Tensor) -> Tensor {
    let mut values: HashMap<&str, Tensor> =
        graph.initializer.iter().map(|tensor| (tensor.name(), constant(tensor))).collect();
    values.insert(graph.input[0].name(), input);
    for node in &graph.node {
        let inputs: Vec<&Tensor> = node.input.iter().map(|name| &values[name.as_str()]).collect();
        let output = apply(node, &inputs);
        let earlier = values.insert(&node.output[0], output);
        assert!(earlier.is_none(), "{} is computed twice", node.output[0]);
    }
    values.remove(graph.output[0].name()).unwrap()
}

fn constant(tensor: &TensorProto) -> Tensor {
    let kind = if tensor.data_type == Some(INT64) { Kind::Int64 } else { Kind::Float };
    Tensor::from_data_size(tensor.raw_data(), &tensor.dims, kind)
}

fn apply(node: &NodeProto, inputs: &[&Tensor]) -> Tensor {
    let find = |name: &str| node.attribute.iter().find(|attribute| attribute.name() == name);
    let ints = |name: &str| find(name).map(|found| found.ints.clone());
    let int = |name: &str| find(name).and_then(|found: &AttributeProto| found.i);
    let [strides, sizes] = ["strides", "kernel_shape"].map(|name| ints(name).unwrap_or_default());
    match (node.op_type(), inputs) {
        ("Cast", [x]) => x.to_kind(Kind::Float),
        ("Gather", [x, order]) => x.index_select(int("axis").unwrap(), order),
        ("Transpose", [x]) => x.permute(ints("perm").unwrap()),
        ("Sub", [a, b]) => *a - *b,
        ("Div", [a, b]) => *a / *b,
        ("Add", [a, b]) => *a + *b,
        ("Mul", [a, b]) => *a * *b,
        ("Erf", [x]) => x.erf(),
        ("Conv", [x, kernel, bias @ ..]) => {
            assert_eq!(kernel.size()[2..], sizes);
            let x = padded(x, &ints("pads").unwrap(), 0.0);
            let groups = int("group").unwrap();
            x.conv2d(kernel, bias.first().copied(), &strides[..], [0, 0], [1, 1], groups)
        }
        ("BatchNormalization", [x, scale, shift, mean, variance]) => {
            let epsilon = f64::from(find("epsilon").unwrap().f.unwrap());
            let of_channel = |values: &Tensor| values.view([1, -1, 1, 1]);
            let deviation = (*variance + epsilon).sqrt();
            (*x - of_channel(mean)) / of_channel(&deviation) * of_channel(scale) + of_channel(shift)
        }
        ("LayerNormalization", [x, scale, shift]) if int("axis") == Some(-1) => {
            let epsilon = f64::from(find("epsilon").unwrap().f.unwrap());
            let centered = *x - x.mean_dim([-1i64].as_slice(), true, Kind::Float);
            let variance = centered.square().mean_dim([-1i64].as_slice(), true, Kind::Float);
            centered / (variance + epsilon).sqrt() * *scale + *shift
        }
        ("MaxPool", [x]) => {
            let x = padded(x, &ints("pads").unwrap(), f64::NEG_INFINITY);
            x.max_pool2d(&sizes[..], &strides[..], [0, 0], [1, 1], false)
        }
        ("AveragePool", [x]) => {
            assert_eq!(ints("pads").unwrap(), [0; 4]);
            x.avg_pool2d(&sizes[..], &strides[..], [0, 0], false, false, None)
        }
        ("GlobalAveragePool", [x]) => x.mean_dim([2i64, 3].as_slice(), true, Kind::Float),
        ("Flatten", [x]) if int("axis") == Some(1) => x.reshape([x.size()[0], -1]),
        ("Gemm", [x, weight, bias]) if int("transB") == Some(1) => x.matmul(&weight.tr()) + *bias,
        ("Concat", parts) => Tensor::cat(parts, int("axis").unwrap()),
        ("Relu", [x]) => x.relu(),
        ("Clip", [x, least, most]) => x.maximum(least).minimum(most),
        ("Sigmoid", [x]) => x.sigmoid(),
        ("Softmax", [x]) => x.softmax(int("axis").unwrap(), Kind::Float),
        ("Identity", [x]) => x.shallow_clone(),
        (operator, inputs) => panic!("{operator} of {} inputs", inputs.len()),
    }
}

/// `pads` are the borders at the top and the left, then at the bottom and the right.
fn padded(x: &Tensor, pads: &[i64], value: f64) -> Tensor {
    let &[top, left, bottom, right] = pads else { panic!("{pads:?}") };
    x.pad([left, right, top, bottom], "constant", value)
}
