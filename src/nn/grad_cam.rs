//! Grad-CAM: which parts of a picture speak for a class (Selvaraju and others, 2017, "Grad-CAM: Visual
//! Explanations from Deep Networks via Gradient-based Localization").

use super::network::Network;
use crate::error::ensure_or;
use anyhow::{Context, Result, ensure};
use tch::{Kind, Tensor};

/// How much each part of a picture speaks for a class.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `[height, width]` in 0..=1, in row-major order, top row first. The highest is 1, or all are 0 if
    /// nothing speaks for the class.
    pub values: Vec<f32>,
}

/// The last convolution's output for a batch of pictures, and the logits that follow from it.
///
/// The output is that of the last convolution with its normalization and activation, or of the last
/// residual block or fire module, before any pooling: `conv2d_4` of the book's network, `block5_conv3`
/// of VGG16.
#[derive(Debug)]
pub struct GradCam {
    /// A, `[N, C, h, w]` in the network's precision, with gradients.
    output: Tensor,
    /// As of [`Network::logits`], differentiable by `output`.
    logits: Tensor,
}

impl GradCam {
    /// Runs pictures, `[N, H, W, C]` in 0..=255, u8 or f32 on the network's device, through `network`:
    /// up to the last convolution without gradients. No gradients of weights are computed, neither here
    /// nor later.
    ///
    /// # Errors
    /// If the pixels have another shape, or libtorch is out of memory.
    pub fn new(network: &Network, pixels: &Tensor) -> Result<Self> {
        let output = tch::no_grad(|| network.last_convolution(pixels))?;
        let output = output.f_detach()?.f_set_requires_grad(true)?;
        let logits = tch::with_grad(|| network.logits_after_convolutions(&output))?;
        Ok(Self { output, logits })
    }

    /// The logits, the same as [`Network::logits`] gives.
    ///
    /// # Errors
    /// If libtorch fails.
    pub fn logits(&self) -> Result<Tensor> {
        Ok(self.logits.f_detach()?)
    }

    /// The heat map of each picture for its class in `classes`, an index from 0.
    ///
    /// With y the logit of the class, or for a single sigmoid unit the logit of class 1 and its negative
    /// for class 0, these are equations 1 and 2, divided by the largest value: each channel's weight α is
    /// the mean of ∂y/∂A over its positions, and the map is relu(Σ α A) over the channels.
    ///
    /// # Errors
    /// If there are not as many classes as pictures, there is no such class, or libtorch is out of
    /// memory.
    pub fn heat_maps(&self, classes: &[usize]) -> Result<Vec<HeatMap>> {
        let size = self.logits.size();
        ensure!(
            size.first() == Some(&(classes.len() as i64)),
            "expected as many classes as pictures, found {} and {}",
            classes.len(),
            size.first().unwrap_or(&0)
        );
        let count = size.get(1).map_or(2, |&count| count as usize);
        let unknown = classes.iter().find(|&&class| class >= count);
        ensure_or!(
            Setting,
            unknown.is_none(),
            "expected a class of 0 to {}, found {}",
            count - 1,
            unknown.unwrap_or(&0)
        );
        let maps = self.maps(classes)?.f_to_device(tch::Device::Cpu)?;
        let (_, height, width) = maps.size3()?;
        let values = Vec::<f32>::try_from(&maps.f_contiguous()?.f_flatten(0, -1)?)?;
        let (height, width) = (height as usize, width as usize);
        let maps = values.chunks_exact(height * width);
        Ok(maps.map(|values| HeatMap { height, width, values: values.to_vec() }).collect())
    }

    /// `[N, h, w]` f32 in 0..=1.
    fn maps(&self, classes: &[usize]) -> Result<Tensor> {
        // A picture's logits depend on no other picture, so the gradient of the sum is each one's own.
        let sum = tch::with_grad(|| anyhow::Ok(self.scores(classes)?.f_sum(Kind::Float)?))?;
        // The graph is kept for other classes. Unlike `backward`, this adds nothing to the weights'
        // gradients.
        let gradients = Tensor::f_run_backward(&[&sum], &[&self.output], true, false)?;
        let gradient = gradients.first().context("expected a gradient, found none")?;
        tch::no_grad(|| {
            let gradient = gradient.f_to_kind(Kind::Float)?;
            let weights = gradient.f_mean_dim([2i64, 3].as_slice(), true, Kind::Float)?;
            let weighted = self.output.f_to_kind(Kind::Float)?.f_mul(&weights)?;
            let maps =
                weighted.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)?.f_relu()?;
            let highest = maps.f_amax([1i64, 2].as_slice(), true)?;
            // 0 stays 0 where nothing is positive.
            Ok(maps.f_div(&highest.f_clamp_min(f64::from(f32::MIN_POSITIVE))?)?)
        })
    }

    /// y of each picture for its class, `[N]`.
    fn scores(&self, classes: &[usize]) -> Result<Tensor> {
        let device = self.logits.device();
        if self.logits.dim() == 1 {
            let signs: Vec<f32> = classes.iter().map(|&class| class as f32 * 2.0 - 1.0).collect();
            return Ok(self.logits.f_mul(&Tensor::f_from_slice(&signs)?.f_to_device(device)?)?);
        }
        let classes: Vec<i64> = classes.iter().map(|&class| class as i64).collect();
        let classes = Tensor::f_from_slice(&classes)?.f_view([-1, 1])?.f_to_device(device)?;
        Ok(self.logits.f_gather(1, &classes, false)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::precision::Precision;
    use crate::nn::architecture::Architecture;
    use crate::nn::chain::Chain;
    use crate::nn::layer::{Conv2d, Flatten, Pool2d};
    use tch::Device;

    /// A network of these layers for pictures of this height and width, with drawn weights.
    fn network(shape: [i64; 3], layers: &[Chain]) -> Network {
        let architecture = Architecture::new(shape, layers).unwrap();
        Network::new(architecture, Device::Cpu, Precision::Fp32, 1).unwrap()
    }

    /// Sets a parameter's values.
    fn set(network: &mut Network, name: &str, values: &[f32]) {
        let (_, parameter) = network.parameters().iter().find(|(known, _)| known == name).unwrap();
        let values = Tensor::from_slice(values).view_as(parameter);
        tch::no_grad(|| parameter.shallow_clone().copy_(&values));
        network.refresh().unwrap();
    }

    /// A 1×1 convolution with A₁ = x and A₂ = relu(½ − x) for x in 0..=1, and the mean of each channel.
    fn by_hand(classes: usize) -> Network {
        let layers = [
            Chain::conv_relu(Conv2d::new(2, 1)),
            Chain::of(Pool2d::GlobalAverage),
            Chain::classifier(classes),
        ];
        let mut network = network([2, 2, 1], &layers);
        set(&mut network, "conv2d_1.weight", &[1.0, -1.0]);
        set(&mut network, "conv2d_1.bias", &[0.0, 0.5]);
        network
    }

    /// Two pictures of 2×2 pixels: one with a bright corner, one that is gray.
    fn two_pictures() -> Tensor {
        let pixels = [0u8, 0, 0, 255, 51, 51, 51, 51];
        Tensor::from_slice(&pixels).view([2, 2, 2, 1])
    }

    fn near(found: &HeatMap, expected: &[f32]) {
        assert_eq!(found.values.len(), expected.len());
        for (found, expected) in found.values.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    /// y = w · mean(A), so α = w / 4 and the map is relu(w₁ A₁ + w₂ A₂) / its highest value.
    #[test]
    fn a_unit_speaks_for_the_second_class_and_against_the_first() {
        let mut network = by_hand(2);
        set(&mut network, "dense_1.weight", &[2.0, -1.0]);
        let cam = GradCam::new(&network, &two_pictures()).unwrap();
        // A of the first: (0, 0, 0, 1) and (½, ½, ½, 0); of the second: 0.2 and 0.3 everywhere.
        let maps = cam.heat_maps(&[1, 1]).unwrap();
        assert_eq!((maps[0].height, maps[0].width), (2, 2));
        near(&maps[0], &[0.0, 0.0, 0.0, 1.0]);
        near(&maps[1], &[1.0; 4]);
        let maps = cam.heat_maps(&[0, 0]).unwrap();
        near(&maps[0], &[1.0, 1.0, 1.0, 0.0]);
        // 0.3 − 0.4 < 0: nothing speaks for it.
        near(&maps[1], &[0.0; 4]);
    }

    #[test]
    fn with_a_softmax_each_class_has_its_own_map() {
        let mut network = by_hand(3);
        set(&mut network, "dense_1.weight", &[1.0, 0.0, 0.0, 4.0, 1.0, 1.0]);
        let cam = GradCam::new(&network, &two_pictures()).unwrap();
        near(&cam.heat_maps(&[0, 1]).unwrap()[0], &[0.0, 0.0, 0.0, 1.0]);
        near(&cam.heat_maps(&[1, 1]).unwrap()[0], &[1.0, 1.0, 1.0, 0.0]);
        // A₁ + A₂ is ½, ½, ½ and 1.
        near(&cam.heat_maps(&[2, 0]).unwrap()[0], &[0.5, 0.5, 0.5, 1.0]);

        let error = cam.heat_maps(&[0, 3]).unwrap_err().to_string();
        assert!(error.contains("expected a class of 0 to 2, found 3"), "{error}");
        assert!(cam.heat_maps(&[0]).is_err());
        assert!(GradCam::new(&network, &Tensor::from_slice(&[1u8])).is_err());
    }

    /// The sum of ∂y/∂A over a channel is the slope of y as all of the channel rises.
    #[test]
    fn the_weights_are_the_slopes_of_the_logit() {
        let layers = [
            Chain::conv_relu(Conv2d::new(4, 3)),
            Chain::of(Pool2d::MAX_2X2),
            Chain::conv_relu(Conv2d::new(6, 3)),
            Chain::of(Pool2d::MAX_2X2),
            Chain::of(Flatten),
            Chain::dense_relu(16),
            Chain::classifier(3),
        ];
        let network = network([22, 18, 3], &layers);
        let pixels = noise([2, 22, 18, 3]);
        let cam = GradCam::new(&network, &pixels).unwrap();
        for class in 0..3 {
            let maps = cam.heat_maps(&[class; 2]).unwrap();
            let output = cam.output.detach();
            let (_, channels, height, width) = output.size4().unwrap();
            let slopes = (0..channels).map(|channel| {
                let logit = |step: f64| {
                    let moved = output.copy();
                    let _ = moved.narrow(1, channel, 1).g_add_scalar_(step);
                    let logits = network.logits_after_convolutions(&moved).unwrap().detach();
                    logits.narrow(1, class as i64, 1).to_kind(Kind::Double)
                };
                (logit(1e-3) - logit(-1e-3)) / 2e-3
            });
            let slopes = Tensor::cat(&slopes.collect::<Vec<_>>(), 1).view([2, channels, 1, 1]);
            let sums = (output * slopes).sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
            for (map, sums) in maps.iter().zip(sums.relu().unbind(0)) {
                let expected = &sums / sums.max();
                assert_eq!((map.height as i64, map.width as i64), (height, width));
                let values = Tensor::from_slice(&map.values).view([height, width]);
                let apart = (values - expected).abs().max().double_value(&[]);
                assert!(apart < 2e-2, "{apart}");
            }
        }
    }

    /// Pixels without a pattern.
    fn noise(shape: [i64; 4]) -> Tensor {
        let noise = Tensor::arange(shape.iter().product::<i64>(), (Kind::Int64, Device::Cpu));
        (noise * 7919).remainder(251).to_kind(Kind::Uint8).reshape(shape)
    }
}
