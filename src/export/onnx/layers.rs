//! A network's layers as nodes of a graph.

use super::graph::Graph;
use super::proto::AttributeProto;
use crate::nn::layer::{Activation, Layer, Pool2d};
use crate::nn::shapes::{ShapedConv2d, ShapedLayer};
use anyhow::{Result, bail, ensure};

/// Adds a layer on the value `x`, `[N, C, H, W]` or `[N, features]`; returns the name of its output.
/// A classifier's activation is left out.
///
/// # Errors
/// If one of its tensors is missing.
pub(super) fn add(graph: &mut Graph, shaped: &ShapedLayer, x: String) -> Result<String> {
    let name = &shaped.name;
    let convolutions = shaped.convolutions();
    Ok(match (&shaped.layer, &convolutions[..]) {
        (Layer::Conv2d(_), [conv]) => convolution(graph, conv, x)?,
        (Layer::MaxPooling2d(pool), _) => pooling(graph, "MaxPool", shaped, pool, &x)?,
        (Layer::AveragePooling2d(pool), _) => pooling(graph, "AveragePool", shaped, pool, &x)?,
        (Layer::GlobalAveragePooling2d, _) => {
            let mean = graph.apply("GlobalAveragePool", format!("{name}.mean"), &[&x], Vec::new());
            flatten(graph, name, &mean)
        }
        (Layer::Flatten, _) if shaped.input_shape.len() == 3 => {
            let order = vec![AttributeProto::ints("perm", &[0, 2, 3, 1])];
            let last = graph.apply("Transpose", format!("{name}.transpose"), &[&x], order);
            flatten(graph, name, &last)
        }
        (Layer::Flatten, _) => flatten(graph, name, &x),
        // Nothing in prediction.
        (Layer::Dropout { .. }, _) => x,
        (Layer::Dense { activation, .. }, _) => {
            let weight = graph.weight(format!("{name}.weight"))?;
            let bias = graph.weight(format!("{name}.bias"))?;
            let attributes = vec![AttributeProto::int("transB", 1)];
            let y = graph.apply("Gemm", name, &[&x, &weight, &bias], attributes);
            activate(graph, name, Some(*activation), y)
        }
        (Layer::Fire { .. }, [squeeze, expand1x1, expand3x3]) => {
            let squeezed = convolution(graph, squeeze, x)?;
            let one = convolution(graph, expand1x1, squeezed.clone())?;
            let three = convolution(graph, expand3x3, squeezed)?;
            let axis = vec![AttributeProto::int("axis", 1)];
            graph.apply("Concat", name, &[&one, &three], axis)
        }
        (Layer::Residual { convolutions: own, shortcut }, all) => {
            ensure!(all.len() == own.len() + usize::from(shortcut.is_some()), "expected {name}");
            let (own, shortcut) = all.split_at(own.len());
            let convolved =
                own.iter().try_fold(x.clone(), |x, conv| convolution(graph, conv, x))?;
            let x = shortcut.iter().try_fold(x, |x, conv| convolution(graph, conv, x))?;
            let sum = graph.apply("Add", format!("{name}.add"), &[&convolved, &x], Vec::new());
            graph.apply("Relu", name, &[&sum], Vec::new())
        }
        (layer, convolutions) => {
            bail!("expected the convolutions of {layer:?}, found {convolutions:?}")
        }
    })
}

/// A convolution, its batch normalization and its activation.
fn convolution(graph: &mut Graph, shaped: &ShapedConv2d, x: String) -> Result<String> {
    let ShapedConv2d { name, conv, input_shape: [height, width, _], .. } = shaped;
    let size = conv.kernel_size;
    let (top, bottom) = conv.padding.border(*height, size, conv.strides);
    let (left, right) = conv.padding.border(*width, size, conv.strides);
    let attributes = vec![
        AttributeProto::ints("kernel_shape", &[size, size]),
        AttributeProto::ints("strides", &[conv.strides; 2]),
        AttributeProto::ints("pads", &[top, left, bottom, right]),
        AttributeProto::int("group", shaped.groups()),
    ];
    let mut inputs = vec![x];
    for tensor in shaped.own_tensors() {
        inputs.push(graph.weight(tensor.name)?);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let mut y = graph.apply("Conv", name, &inputs, attributes);
    if let (Some(norm), Some(norm_name)) = (&conv.norm, shaped.norm_name()) {
        let mut inputs = vec![y];
        for tensor in shaped.norm_tensors() {
            inputs.push(graph.weight(tensor.name)?);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let epsilon = vec![AttributeProto::float("epsilon", norm.epsilon)];
        y = graph.apply("BatchNormalization", norm_name, &inputs, epsilon);
    }
    Ok(activate(graph, name, conv.activation, y))
}

fn activate(graph: &mut Graph, name: &str, activation: Option<Activation>, x: String) -> String {
    match activation {
        Some(Activation::Relu) => graph.apply("Relu", format!("{name}.relu"), &[&x], Vec::new()),
        Some(Activation::Relu6) => {
            let name = format!("{name}.relu6");
            let least = graph.floats(&format!("{name}.min"), &[], &[0.0]);
            let most = graph.floats(&format!("{name}.max"), &[], &[6.0]);
            graph.apply("Clip", name, &[&x, &least, &most], Vec::new())
        }
        Some(Activation::Sigmoid | Activation::Softmax) | None => x,
    }
}

fn pooling(
    graph: &mut Graph,
    operator: &str,
    shaped: &ShapedLayer,
    pool: &Pool2d,
    x: &str,
) -> Result<String> {
    let [height, width, _] = shaped.input_shape[..] else {
        bail!("expected an input [H, W, C] of {}, found {:?}", shaped.name, shaped.input_shape)
    };
    let (top, bottom) = pool.padding.border(height, pool.pool_size, pool.strides);
    let (left, right) = pool.padding.border(width, pool.pool_size, pool.strides);
    // ONNX ignores the border in maxima and, by default, in means.
    let attributes = vec![
        AttributeProto::ints("kernel_shape", &[pool.pool_size; 2]),
        AttributeProto::ints("strides", &[pool.strides; 2]),
        AttributeProto::ints("pads", &[top, left, bottom, right]),
    ];
    Ok(graph.apply(operator, &shaped.name, &[x], attributes))
}

fn flatten(graph: &mut Graph, name: &str, x: &str) -> String {
    graph.apply("Flatten", name, &[x], vec![AttributeProto::int("axis", 1)])
}
