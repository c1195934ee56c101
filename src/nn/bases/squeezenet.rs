use super::block::{BlockKind, BlockPlan};
use super::conv_plan::{ConvPlan, Padding};

/// A 3×3 convolution, eight fire modules, three poolings between. The poolings round down, as in
/// Keras; Caffe's and torchvision's round up.
pub fn blocks() -> Vec<BlockPlan> {
    let mut conv1 = ConvPlan::relu("conv1", 3, 64, 3);
    (conv1.strides, conv1.padding) = (2, Padding::Valid);
    let mut blocks = vec![BlockPlan { name: "conv1".to_owned(), kind: BlockKind::Conv(conv1) }];
    let mut channels = 64;
    let squeezed = [16, 16, 32, 32, 48, 48, 64, 64];
    for (number, squeezed) in (2..).zip(squeezed) {
        if matches!(number, 2 | 4 | 6) {
            blocks.push(BlockPlan {
                name: format!("pool{}", number - 1),
                kind: BlockKind::MaxPool { pool_size: 3, strides: 2, padding: 0 },
            });
        }
        let name = format!("fire{number}");
        let conv = |part: &str, channels, filters, kernel_size| {
            ConvPlan::relu(format!("{name}.{part}"), channels, filters, kernel_size)
        };
        let expanded = 4 * squeezed;
        let kind = BlockKind::Fire(Box::new([
            conv("squeeze1x1", channels, squeezed, 1),
            conv("expand1x1", squeezed, expanded, 1),
            conv("expand3x3", squeezed, expanded, 3),
        ]));
        channels = 2 * expanded;
        blocks.push(BlockPlan { name, kind });
    }
    blocks
}
