use super::block::{BlockKind, BlockPlan};
use super::conv_plan::{Activation, ConvPlan, NormPlan, Padding};

/// A 7×7 convolution, a pooling, and four layers of as many residual blocks each as `counts` says:
/// of two 3×3 convolutions, or with `bottleneck` of a 1×1, a 3×3 and a 1×1, which takes the strides
/// in the 3×3 (torchvision's choice, "v1.5").
pub fn blocks(counts: [usize; 4], bottleneck: bool) -> Vec<BlockPlan> {
    let mut blocks = vec![
        BlockPlan {
            name: "conv1".to_owned(),
            kind: BlockKind::Conv(conv("conv1", "bn1", [3, 64], [7, 2], true)),
        },
        BlockPlan {
            name: "maxpool".to_owned(),
            kind: BlockKind::MaxPool { pool_size: 3, strides: 2, padding: 1 },
        },
    ];
    let mut channels = 64;
    for (layer, (count, width)) in counts.into_iter().zip([64, 128, 256, 512]).enumerate() {
        let filters = if bottleneck { 4 * width } else { width };
        for number in 0..count {
            let name = format!("layer{}.{number}", layer + 1);
            let strides = if layer > 0 && number == 0 { 2 } else { 1 };
            let part = |place: usize, channels, filters, kernel_size, strides, relu| {
                let [conv_name, norm] = ["conv", "bn"].map(|part| format!("{name}.{part}{place}"));
                conv(&conv_name, &norm, [channels, filters], [kernel_size, strides], relu)
            };
            let convs = if bottleneck {
                vec![
                    part(1, channels, width, 1, 1, true),
                    part(2, width, width, 3, strides, true),
                    part(3, width, filters, 1, 1, false),
                ]
            } else {
                vec![part(1, channels, width, 3, strides, true), part(2, width, width, 3, 1, false)]
            };
            let shortcut = (strides != 1 || channels != filters).then(|| {
                let [conv_name, norm] = ["0", "1"].map(|part| format!("{name}.downsample.{part}"));
                conv(&conv_name, &norm, [channels, filters], [1, strides], false)
            });
            blocks.push(BlockPlan { name, kind: BlockKind::Residual { convs, shortcut } });
            channels = filters;
        }
    }
    blocks
}

/// With PyTorch's normalisation, and half the kernel's size of zeros around the input.
fn conv(
    name: &str,
    norm: &str,
    [channels, filters]: [i64; 2],
    [kernel_size, strides]: [i64; 2],
    relu: bool,
) -> ConvPlan {
    ConvPlan {
        name: name.to_owned(),
        channels,
        filters,
        kernel_size,
        strides,
        padding: Padding::Around(kernel_size / 2),
        depthwise: false,
        norm: Some(NormPlan { name: norm.to_owned(), epsilon: 1e-5, momentum: 0.1 }),
        activation: relu.then_some(Activation::Relu),
    }
}
