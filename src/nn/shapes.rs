//! Shapes of layers' outputs and tensors, and the number of their values.
//!
//! Shapes of pictures and features are `[H, W, C]`, without the batch, as Keras prints them; those
//! of tensors are PyTorch's: kernels `[O, I / groups, H, W]`, dense weights `[out, in]`.

use super::layer::{Conv2d, Layer, Padding};

impl Padding {
    /// The border before and after a side of `size`, for windows of side `window` that are `strides`
    /// apart.
    pub fn border(self, size: i64, window: i64, strides: i64) -> (i64, i64) {
        match self {
            Self::Valid => (0, 0),
            Self::Same => {
                let output = (size + strides - 1) / strides;
                let border = ((output - 1) * strides + window - size).max(0);
                (border / 2, border - border / 2)
            }
            Self::End => (0, 1),
            Self::Around(border) => (border, border),
        }
    }

    /// How many windows fit along a side of `size`; 0 or less if it is too small for one.
    fn windows(self, size: i64, window: i64, strides: i64) -> i64 {
        let (before, after) = self.border(size, window, strides);
        (size + before + after - window).div_euclid(strides) + 1
    }
}

/// A tensor of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorShape {
    /// The name it is stored under: `conv2d_1.weight`, `conv1_bn.running_mean`.
    pub name: String,
    /// PyTorch's order of axes.
    pub shape: Vec<i64>,
    /// Whether it is a parameter; else it is a buffer without gradient, batch normalization's
    /// running mean or variance.
    pub is_parameter: bool,
}

impl TensorShape {
    fn parameter(layer: &str, variable: &str, shape: &[i64]) -> Self {
        Self { name: format!("{layer}.{variable}"), shape: shape.to_vec(), is_parameter: true }
    }

    /// Number of values.
    pub fn count(&self) -> i64 {
        self.shape.iter().product()
    }
}

/// A convolution of a layer, with its name and shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapedConv2d {
    /// The layer's own name, or in a composite layer one that begins with it.
    pub name: String,
    /// The convolution's kernel size, strides and so on.
    pub conv: Conv2d,
    /// `[H, W, C]`.
    pub input_shape: [i64; 3],
    /// As `input_shape`; sizes of 0 or less if the input is too small.
    pub output_shape: [i64; 3],
}

impl ShapedConv2d {
    fn new(name: String, conv: Conv2d, input_shape: [i64; 3]) -> Self {
        let side = |size| conv.padding.windows(size, conv.kernel_size, conv.strides);
        let output_shape = [side(input_shape[0]), side(input_shape[1]), conv.filters];
        Self { name, conv, input_shape, output_shape }
    }

    /// Input channels.
    pub fn channels(&self) -> i64 {
        self.input_shape[2]
    }

    /// Groups of channels and filters that are convolved separately.
    pub fn groups(&self) -> i64 {
        if self.conv.depthwise { self.channels() } else { 1 }
    }

    /// The name of its batch normalization, if it has one.
    pub fn norm_name(&self) -> Option<String> {
        let norm = self.conv.norm.as_ref()?;
        Some(norm.name.clone().unwrap_or_else(|| format!("{}_bn", self.name)))
    }

    /// Its own tensors, without those of its batch normalization.
    pub fn own_tensors(&self) -> Vec<TensorShape> {
        let Conv2d { filters, kernel_size, .. } = self.conv;
        let kernel = [filters, self.channels() / self.groups(), kernel_size, kernel_size];
        let mut tensors = vec![TensorShape::parameter(&self.name, "weight", &kernel)];
        if self.conv.norm.is_none() {
            tensors.push(TensorShape::parameter(&self.name, "bias", &[filters]));
        }
        tensors
    }

    /// The tensors of its batch normalization, γ, β, μ and σ², if it has one.
    pub fn norm_tensors(&self) -> Vec<TensorShape> {
        let Some(name) = self.norm_name() else { return Vec::new() };
        let of = |variable| TensorShape::parameter(&name, variable, &[self.conv.filters]);
        let buffer = |variable| TensorShape { is_parameter: false, ..of(variable) };
        vec![of("weight"), of("bias"), buffer("running_mean"), buffer("running_var")]
    }
}

/// A layer with its name and shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapedLayer {
    /// Its own name, or Keras's: numbered by kind from 1, `conv2d_1`, `dense_2`.
    pub name: String,
    /// The layer.
    pub layer: Layer,
    /// `[H, W, C]` or `[units]`, without the batch.
    pub input_shape: Vec<i64>,
    /// As `input_shape`.
    pub output_shape: Vec<i64>,
}

impl ShapedLayer {
    /// `None` if the input is too small for the layer, or lacks the axes it needs.
    pub fn new(name: String, layer: Layer, input_shape: &[i64]) -> Option<Self> {
        let output_shape = output_shape(&name, &layer, input_shape)?;
        Some(Self { name, layer, input_shape: input_shape.to_vec(), output_shape })
    }

    /// Its convolutions, in the order in which their tensors are listed.
    pub fn convolutions(&self) -> Vec<ShapedConv2d> {
        match self.input_shape[..] {
            [h, w, c] => convolutions(&self.name, &self.layer, [h, w, c]),
            _ => Vec::new(),
        }
    }

    /// Its tensors, in the order in which they are trained and stored.
    pub fn tensors(&self) -> Vec<TensorShape> {
        if let (&Layer::Dense { units, .. }, &[features]) = (&self.layer, &self.input_shape[..]) {
            return vec![
                TensorShape::parameter(&self.name, "weight", &[units, features]),
                TensorShape::parameter(&self.name, "bias", &[units]),
            ];
        }
        let of_each = |conv: &ShapedConv2d| [conv.own_tensors(), conv.norm_tensors()].concat();
        self.convolutions().iter().flat_map(of_each).collect()
    }

    /// The number of values in its tensors, running statistics included, as Keras counts.
    pub fn parameters(&self) -> i64 {
        self.tensors().iter().map(TensorShape::count).sum()
    }
}

/// The convolutions of a layer on an input of `[H, W, C]`. Those of composite layers have the names
/// of SqueezeNet's and torchvision's files.
fn convolutions(name: &str, layer: &Layer, input: [i64; 3]) -> Vec<ShapedConv2d> {
    let part = |part: &str, conv, input| ShapedConv2d::new(format!("{name}.{part}"), conv, input);
    match layer {
        Layer::Conv2d(conv) => vec![ShapedConv2d::new(name.to_owned(), conv.clone(), input)],
        &Layer::Fire { squeeze, expand1x1, expand3x3 } => {
            let squeeze = part("squeeze1x1", Conv2d::same_relu(squeeze, 1), input);
            let squeezed = squeeze.output_shape;
            let expand1x1 = part("expand1x1", Conv2d::same_relu(expand1x1, 1), squeezed);
            let expand3x3 = part("expand3x3", Conv2d::same_relu(expand3x3, 3), squeezed);
            vec![squeeze, expand1x1, expand3x3]
        }
        Layer::Residual { convolutions, shortcut } => {
            let named = |conv: &Conv2d, norm: String| {
                let mut conv = conv.clone();
                if let Some(found) = &mut conv.norm {
                    found.name.get_or_insert(format!("{name}.{norm}"));
                }
                conv
            };
            let mut shaped = Vec::with_capacity(convolutions.len() + 1);
            let mut shape = input;
            for (number, conv) in (1..).zip(convolutions) {
                let conv = named(conv, format!("bn{number}"));
                let conv = part(&format!("conv{number}"), conv, shape);
                shape = conv.output_shape;
                shaped.push(conv);
            }
            let shortcut = shortcut.iter().map(|conv| named(conv, "downsample.1".to_owned()));
            shaped.extend(shortcut.map(|conv| part("downsample.0", conv, input)));
            shaped
        }
        _ => Vec::new(),
    }
}

/// A layer's output shape for `input`; `None` if the input does not fit.
fn output_shape(name: &str, layer: &Layer, input: &[i64]) -> Option<Vec<i64>> {
    let shape = match (layer, input) {
        (Layer::MaxPooling2d(pool) | Layer::AveragePooling2d(pool), &[h, w, c]) => {
            let side = |size| pool.padding.windows(size, pool.pool_size, pool.strides);
            vec![side(h), side(w), c]
        }
        (Layer::GlobalAveragePooling2d, &[_, _, channels]) => vec![channels],
        (Layer::Flatten, shape) => vec![shape.iter().product()],
        (Layer::Dropout { .. }, shape) => shape.to_vec(),
        (&Layer::Dense { units, .. }, [_]) => vec![units],
        (Layer::Conv2d(_) | Layer::Fire { .. } | Layer::Residual { .. }, &[h, w, c]) => {
            let convolutions = convolutions(name, layer, [h, w, c]);
            let fits = |conv: &ShapedConv2d| conv.output_shape.iter().all(|&size| size > 0);
            if !convolutions.iter().all(fits) {
                return None;
            }
            match (layer, &convolutions[..]) {
                (Layer::Fire { .. }, [_, one, three]) => {
                    let [h, w, filters] = one.output_shape;
                    vec![h, w, filters + three.output_shape[2]]
                }
                (Layer::Residual { convolutions: own, .. }, all) => own
                    .len()
                    .checked_sub(1)
                    .map_or(vec![h, w, c], |last| all[last].output_shape.to_vec()),
                (_, all) => all.first()?.output_shape.to_vec(),
            }
        }
        _ => return None,
    };
    shape.iter().all(|&size| size > 0).then_some(shape)
}
