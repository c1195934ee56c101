use super::block::{BlockKind, BlockPlan};
use super::conv_plan::{Activation, ConvPlan, NormPlan, Padding};

/// A 3×3 convolution and thirteen pairs of a depthwise and a pointwise one, all with batch
/// normalisation and relu6. `alpha` scales the number of filters.
pub fn blocks(alpha: f64) -> Vec<BlockPlan> {
    // Rounded down, as Keras's int().
    let scaled = |filters: i64| (filters as f64 * alpha) as i64;
    let block = |name: String, channels, filters, kernel_size, strides, padding, depthwise| {
        let norm = NormPlan { name: format!("{name}_bn"), epsilon: 1e-3, momentum: 0.01 };
        let conv = ConvPlan {
            name: name.clone(),
            channels,
            filters,
            kernel_size,
            strides,
            padding,
            depthwise,
            norm: Some(norm),
            activation: Some(Activation::Relu6),
        };
        BlockPlan { name, kind: BlockKind::Conv(conv) }
    };
    let mut channels = scaled(32);
    let mut blocks = vec![block("conv1".to_owned(), 3, channels, 3, 2, Padding::Same, false)];
    let filters = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024];
    for (number, filters) in (1..).zip(filters.map(scaled)) {
        let (strides, padding) = match number {
            2 | 4 | 6 | 12 => (2, Padding::End),
            _ => (1, Padding::Same),
        };
        let depthwise = format!("conv_dw_{number}");
        blocks.push(block(depthwise, channels, channels, 3, strides, padding, true));
        let pointwise = format!("conv_pw_{number}");
        blocks.push(block(pointwise, channels, filters, 1, 1, Padding::Same, false));
        channels = filters;
    }
    blocks
}
