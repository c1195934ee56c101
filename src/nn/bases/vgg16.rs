use super::block::{BlockKind, BlockPlan};
use super::conv_plan::ConvPlan;

/// Five stages of two or three 3×3 convolutions, each stage ending in a pooling.
pub fn blocks() -> Vec<BlockPlan> {
    let mut blocks = Vec::new();
    let mut channels = 3;
    for (stage, (convs, filters)) in
        [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)].into_iter().enumerate()
    {
        let stage = stage + 1;
        for number in 1..=convs {
            let name = format!("block{stage}_conv{number}");
            let conv = ConvPlan::relu(&name, channels, filters, 3);
            blocks.push(BlockPlan { name, kind: BlockKind::Conv(conv) });
            channels = filters;
        }
        blocks.push(BlockPlan {
            name: format!("block{stage}_pool"),
            kind: BlockKind::MaxPool { pool_size: 2, strides: 2, padding: 0 },
        });
    }
    blocks
}
