//! The layers of which every network is a list, under Keras's names.

/// What follows the linear part of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6), MobileNet's.
    Relu6,
    /// 1 / (1 + e⁻ˣ), of the last layer only: the network computes logits and leaves it to the loss.
    Sigmoid,
    /// As [`Activation::Sigmoid`].
    Softmax,
}

/// The border around the input of a convolution, of zeros, or of a pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// None.
    Valid,
    /// TensorFlow's: as much as the output needs to be the input's size over the strides, rounded
    /// up; the odd one at the end.
    Same,
    /// One row below and one column on the right: Keras's `ZeroPadding2D(((0, 1), (0, 1)))`.
    End,
    /// As much on each of the four sides: PyTorch's.
    Around(i64),
}

/// Batch normalisation, γ (x − μ) / √(σ² + ε) + β by channel (Ioffe and Szegedy, 2015).
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Its name; `None` is the convolution's with `_bn` behind.
    pub name: Option<String>,
    /// ε.
    pub epsilon: f64,
    /// The share of a batch's μ and σ² in the new running ones: PyTorch's meaning, 1 − Keras's.
    pub momentum: f64,
}

/// A convolution with what goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// Channels out.
    pub filters: i64,
    /// Height and width of the kernel.
    pub kernel_size: i64,
    /// Pixels from one output to the next, in both directions.
    pub strides: i64,
    /// Zeros around the input.
    pub padding: Padding,
    /// One filter a channel: as many groups as channels, and `filters` equals the channels in.
    pub depthwise: bool,
    /// In place of a bias.
    pub norm: Option<BatchNorm>,
    /// What comes last.
    pub activation: Option<Activation>,
}

impl Conv2d {
    /// 'valid', strides of 1, with a bias and relu.
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
    /// A border that is never the maximum, and is not counted by a mean.
    pub padding: Padding,
}

impl Pool2d {
    /// Windows of `pool_size` side by side; what does not fill one is left out.
    pub fn tiled(pool_size: i64) -> Self {
        Self { pool_size, strides: pool_size, padding: Padding::Valid }
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// A convolution, its batch normalisation and its activation.
    Conv2d(Conv2d),
    /// The maximum of each window.
    MaxPooling2d(Pool2d),
    /// The mean of each window.
    AveragePooling2d(Pool2d),
    /// The mean of each channel over height and width.
    GlobalAveragePooling2d,
    /// Runs over height, width, channels, as Keras's does on channels-last data.
    Flatten,
    /// Each value kept with probability 1 − rate and then divided by it; only in training.
    Dropout {
        /// The share of values that is dropped, 0..1.
        rate: f64,
    },
    /// Each unit a weighted sum of all inputs and a bias.
    Dense {
        /// Values out.
        units: i64,
        /// What comes last.
        activation: Activation,
    },
    /// SqueezeNet's fire module (Iandola and others, 2016): a 1×1 convolution to few channels, of
    /// which a 1×1 and a 3×3 one make many, side by side; all with relu.
    Fire {
        /// Filters of the first convolution.
        squeeze: i64,
        /// Filters of the 1×1 convolution on it.
        expand1x1: i64,
        /// Filters of the 3×3 convolution on it.
        expand3x3: i64,
    },
    /// A residual block (He and others, 2015): relu(convolutions(x) + x), or with a convolution of
    /// x in place of x.
    Residual {
        /// One after the other.
        convolutions: Vec<Conv2d>,
        /// For an x of another shape than what the convolutions make of it.
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
            // What a composite layer ends in.
            Self::Fire { .. } => "Concatenate",
            Self::Residual { .. } => "Add",
        }
    }

    /// Keras's name for such a layer, less its number.
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
