//! How a convolution is to be built: padding, batch normalisation, activation.

/// Zeros around a convolution's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    Valid,
    /// TensorFlow's 'same': as many as the output needs to be the input's size over the strides,
    /// rounded up; the odd one at the end.
    Same,
    /// One row below and one column on the right: Keras's `ZeroPadding2D(((0, 1), (0, 1)))`.
    End,
    /// As many on each of the four sides: PyTorch's.
    Around(i64),
}

impl Padding {
    /// Zeros before and after a side of `size`.
    pub(super) fn zeros(self, size: i64, kernel_size: i64, strides: i64) -> (i64, i64) {
        match self {
            Self::Valid => (0, 0),
            Self::Same => {
                let output = (size + strides - 1) / strides;
                let zeros = ((output - 1) * strides + kernel_size - size).max(0);
                (zeros / 2, zeros - zeros / 2)
            }
            Self::End => (0, 1),
            Self::Around(zeros) => (zeros, zeros),
        }
    }

    /// The output's size for an input of `size`; not above 0 if the input is too small.
    pub fn output(self, size: i64, kernel_size: i64, strides: i64) -> i64 {
        let (before, after) = self.zeros(size, kernel_size, strides);
        (size + before + after - kernel_size).div_euclid(strides) + 1
    }
}

/// What follows a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
}

/// A batch normalisation (Ioffe and Szegedy, 2015) after a convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct NormPlan {
    pub name: String,
    pub epsilon: f64,
    /// The share of a batch's statistics in the new running ones: PyTorch's meaning, 1 − Keras's.
    pub momentum: f64,
}

/// A convolution as it is to be built.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvPlan {
    pub name: String,
    /// Channels in and out.
    pub channels: i64,
    pub filters: i64,
    pub kernel_size: i64,
    pub strides: i64,
    pub padding: Padding,
    /// One filter a channel (`filters` equals `channels`).
    pub depthwise: bool,
    /// In place of a bias.
    pub norm: Option<NormPlan>,
    pub activation: Option<Activation>,
}

impl ConvPlan {
    /// A relu convolution with a bias and strides of 1.
    pub fn relu(name: impl Into<String>, channels: i64, filters: i64, kernel_size: i64) -> Self {
        Self {
            name: name.into(),
            channels,
            filters,
            kernel_size,
            strides: 1,
            padding: Padding::Same,
            depthwise: false,
            norm: None,
            activation: Some(Activation::Relu),
        }
    }

    /// `[H, W, C]` made of `[H, W, C]`.
    pub fn output_shape(&self, [height, width, _]: [i64; 3]) -> [i64; 3] {
        let side = |size| self.padding.output(size, self.kernel_size, self.strides);
        [side(height), side(width), self.filters]
    }

    /// Values in the kernel and the bias.
    pub fn parameters(&self) -> i64 {
        let fan_in = if self.depthwise { 1 } else { self.channels };
        let kernel = self.kernel_size * self.kernel_size * fan_in * self.filters;
        kernel + if self.norm.is_none() { self.filters } else { 0 }
    }

    /// The names of its tensors, in the order of [`Conv::tensors`].
    pub fn tensor_names(&self) -> Vec<String> {
        let mut names = vec![format!("{}.weight", self.name)];
        match &self.norm {
            None => names.push(format!("{}.bias", self.name)),
            Some(NormPlan { name, .. }) => {
                let variables = ["weight", "bias", "running_mean", "running_var"];
                names.extend(variables.map(|variable| format!("{name}.{variable}")));
            }
        }
        names
    }
}
