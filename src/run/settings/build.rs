//! The network and the picture format that a [`Config`] describes.

use crate::machine::Machine;
use crate::nn::architecture::Architecture;
use crate::nn::base::Base;
use crate::nn::head;
use crate::nn::network::Network;
use crate::nn::zoo::Options;
use crate::pictures::depth::Depth;
use crate::pictures::image_size::ImageSize;
use crate::pictures::pixels::Target;
use crate::run::settings::config::Config;
use crate::run::settings::network::{NetworkKind, Scratch};
use crate::run::settings::on_base::OnBase;
use anyhow::Result;

impl Config {
    /// The format that pictures are decoded to.
    pub fn target(&self) -> Target {
        let ImageSize { height, width } = self.pictures.image_size;
        Target {
            height,
            width,
            color_mode: self.network.model.definition().color_mode,
            interpolation: self.pictures.interpolation,
            orientation: self.pictures.exif_orientation,
            resize: self.pictures.resize,
            max_pixels: self.pictures.max_pixels,
            background: self.pictures.background,
            depth: self.pictures.depth.and_then(Depth::levels),
        }
    }

    /// The layers for `classes` classes: of the whole network, or of the head on a base.
    ///
    /// # Errors
    /// If `image_size` is too small for the network.
    pub fn architecture(&self, classes: usize) -> Result<Architecture> {
        let (size, dropout) = (self.pictures.image_size.into(), self.network.dropout);
        match &self.network.kind {
            NetworkKind::OnBase(on_base) => {
                let features = on_base.architecture(self.network.model)?.feature_shape(size)?;
                let OnBase { pooling, units, .. } = *on_base;
                head::architecture(features, classes, pooling, units, dropout)
            }
            &NetworkKind::Scratch(Scratch { downsample }) => {
                let options = Options { classes: Some(classes), downsample, dropout };
                self.network.model.architecture(size, &options)
            }
        }
    }

    /// The network for `classes` classes, with weights drawn from `seed`.
    ///
    /// # Errors
    /// If `image_size` is too small for the network, or the device is out of memory.
    pub fn network(&self, classes: usize, machine: Machine) -> Result<Network> {
        let Machine { device, precision } = machine;
        let network = Network::new(self.architecture(classes)?, device, precision, self.seed)?;
        let Some(on_base) = self.on_base() else { return Ok(network) };
        let architecture = on_base.architecture(self.network.model)?;
        let mut base = Base::random(self.network.model, architecture, device, self.seed)?;
        base.preprocess = on_base.preprocess(self.network.model)?;
        base.stack.compute_in(precision.kind())?;
        if let Some(layer) = &on_base.unfreeze_from {
            base.stack.unfreeze_from(layer)?;
        }
        Ok(network.on_base(base, on_base.batch_norm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::aspect::Resize;
    use crate::pictures::orientation::ExifOrientation;
    use crate::run::settings::recipe::Recipe;

    #[test]
    fn runs_from_before_these_settings_stretch_pictures_and_ignore_their_orientation() {
        let new = Config::new(Recipe::Baseline, "data");
        assert_eq!(new.target().orientation, ExifOrientation::Apply);
        let mut json = serde_json::to_value(&new).unwrap();
        for name in ["resize", "exif_orientation", "background", "depth"] {
            json.as_object_mut().unwrap().remove(name).unwrap();
        }
        let target = serde_json::from_value::<Config>(json).unwrap().target();
        assert_eq!(target.orientation, ExifOrientation::Ignore);
        assert_eq!((target.resize, target.background, target.depth), (Resize::Stretch, None, None));
    }
}
