//! The layers that networks are lists of, with Keras's names.

/// The activation function of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6), MobileNet's.
    Relu6,
    /// 1 / (1 + e⁻ˣ), in the last layer only: the network returns logits, and the loss applies it.
    Sigmoid,
    /// eˣ / Σ eˣ, in the last layer only, as [`Activation::Sigmoid`].
    Softmax,
}

/// The border around the input of a convolution, where it is zero, or of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// None.
    Valid,
    /// TensorFlow's `same`: the output's size is the input's divided by the strides, rounded up; an
    /// odd border is wider at the end.
    Same,
    /// One row below and one column on the right: Keras's `ZeroPadding2D(((0, 1), (0, 1)))`.
    End,
    /// This many pixels on each of the four sides, as in PyTorch.
    Around(i64),
}

/// Batch normalization, γ (x − μ) / √(σ² + ε) + β by channel (Ioffe and Szegedy, 2015).
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Its name; `None` is the convolution's name followed by `_bn`.
    pub name: Option<String>,
    /// ε.
    pub epsilon: f64,
    /// The weight of a batch's μ and σ² in the running ones: PyTorch's momentum, 1 − Keras's.
    pub momentum: f64,
}

/// A convolution with its normalization and activation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// Output channels.
    pub filters: i64,
    /// Height and width of the kernel.
    pub kernel_size: i64,
    /// Pixels from one output to the next, in both directions.
    pub strides: i64,
    /// Zeros around the input.
    pub padding: Padding,
    /// One filter per channel: as many groups as channels; `filters` equals the input channels.
    pub depthwise: bool,
    /// Batch normalization, which replaces the bias.
    pub norm: Option<BatchNorm>,
    /// The activation, applied last.
    pub activation: Option<Activation>,
}

impl Conv2d {
    /// No padding, strides of 1, a bias and relu.
    pub fn relu(filters: i64, kernel_size: i64) -> Self {
        Self {
            filters,
            kernel_size,
            strides: 1,
            padding: Padding::Valid,
            depthwise: false,
            norm: None,
            activation: Some(Activation::Relu),
        }
    }

    /// As [`Conv2d::relu`], padded so that the output is as large as the input.
    pub fn same_relu(filters: i64, kernel_size: i64) -> Self {
        Self { padding: Padding::Same, ..Self::relu(filters, kernel_size) }
    }
}

/// A pooling over square windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool2d {
    /// Height and width of a window.
    pub pool_size: i64,
    /// Pixels from one window to the next, in both directions.
    pub strides: i64,
    /// A border that maxima and means ignore.
    pub padding: Padding,
}

impl Pool2d {
    /// Adjacent windows of `pool_size`; a remainder smaller than a window is ignored.
    pub fn tiled(pool_size: i64) -> Self {
        Self { pool_size, strides: pool_size, padding: Padding::Valid }
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// A convolution, its batch normalization and its activation.
    Conv2d(Conv2d),
    /// The maximum of each window.
    MaxPooling2d(Pool2d),
    /// The mean of each window.
    AveragePooling2d(Pool2d),
    /// The mean of each channel over height and width.
    GlobalAveragePooling2d,
    /// One row of all values, in the order height, width, channels, as in Keras.
    Flatten,
    /// Each value kept with probability 1 − rate and then divided by it; only in training.
    Dropout {
        /// The share of values that is dropped, 0..1.
        rate: f64,
    },
    /// Each unit a weighted sum of all inputs and a bias.
    Dense {
        /// Output values.
        units: i64,
        /// The activation, applied last.
        activation: Activation,
    },
    /// SqueezeNet's fire module (Iandola and others, 2016): a 1×1 convolution to few channels, then
    /// a 1×1 and a 3×3 one on its output, concatenated; all with relu.
    Fire {
        /// Filters of the first convolution.
        squeeze: i64,
        /// Filters of the 1×1 convolution on it.
        expand1x1: i64,
        /// Filters of the 3×3 convolution on it.
        expand3x3: i64,
    },
    /// A residual block (He and others, 2015): relu(convolutions(x) + x), or
    /// relu(convolutions(x) + shortcut(x)).
    Residual {
        /// Applied in sequence.
        convolutions: Vec<Conv2d>,
        /// Needed if the convolutions change the shape of x.
        shortcut: Option<Conv2d>,
    },
}

impl Layer {
    /// 2×2 max pooling.
    pub fn max_pool2x2() -> Self {
        Self::MaxPooling2d(Pool2d::tiled(2))
    }

    /// A dense layer with relu.
    pub fn dense(units: i64) -> Self {
        Self::Dense { units, activation: Activation::Relu }
    }

    /// The last layer for a number of classes: one sigmoid unit for two, else a softmax.
    pub fn classifier(classes: usize) -> Self {
        match classes {
            2 => Self::Dense { units: 1, activation: Activation::Sigmoid },
            _ => Self::Dense { units: classes as i64, activation: Activation::Softmax },
        }
    }

    /// Keras's class name.
    pub fn class_name(&self) -> &'static str {
        match self {
            Self::Conv2d(conv) if conv.depthwise => "DepthwiseConv2D",
            Self::Conv2d(_) => "Conv2D",
            Self::MaxPooling2d(_) => "MaxPooling2D",
            Self::AveragePooling2d(_) => "AveragePooling2D",
            Self::GlobalAveragePooling2d => "GlobalAveragePooling2D",
            Self::Flatten => "Flatten",
            Self::Dropout { .. } => "Dropout",
            Self::Dense { .. } => "Dense",
            // The last operation of a composite layer.
            Self::Fire { .. } => "Concatenate",
            Self::Residual { .. } => "Add",
        }
    }

    /// Keras's default name for such a layer, without its number.
    pub(super) fn kind_name(&self) -> &'static str {
        match self {
            Self::Conv2d(conv) if conv.depthwise => "depthwise_conv2d",
            Self::Conv2d(_) => "conv2d",
            Self::MaxPooling2d(_) => "max_pooling2d",
            Self::AveragePooling2d(_) => "average_pooling2d",
            Self::GlobalAveragePooling2d => "global_average_pooling2d",
            Self::Flatten => "flatten",
            Self::Dropout { .. } => "dropout",
            Self::Dense { .. } => "dense",
            Self::Fire { .. } => "fire",
            Self::Residual { .. } => "residual",
        }
    }
}
