//! What a program that uses an exported network has to know: its classes and its pictures.

use super::request::{Export, Format, Output};
use crate::nn::preprocess::Normalization;
use crate::nn::zoo::Model;
use crate::pictures::aspect::Resize;
use crate::pictures::background::Background;
use crate::pictures::depth::Levels;
use crate::pictures::image_size::ImageSize;
use crate::pictures::orientation::ExifOrientation;
use crate::pictures::picture::ColorMode;
use crate::pictures::resize::Interpolation;
use crate::run::folder::{RunRecord, WhichWeights};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::Value;

/// The description of an exported network, which is in its file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// Version of this crate.
    pub petite: String,
    /// The network, or the base below its head.
    pub model: Model,
    /// Which of the run's weights it has.
    pub weights: WhichWeights,
    /// If the run's settings or weights are not those of its checkpoint: a sentence about it, not in the
    /// file.
    #[serde(skip)]
    pub odd: Option<String>,
    /// Class names, in the order of the probabilities.
    pub classes: Vec<String>,
    /// What the network gives for a picture.
    pub output: Output,
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// Channels of a picture, the last axis of the input.
    pub channels: usize,
    /// The order of the channels of the input.
    pub color_mode: ColorMode,
    /// How the run fitted pictures of another aspect ratio into `height` and `width`.
    pub resize: Resize,
    /// How the run resampled them.
    pub interpolation: Interpolation,
    /// What the run did with the orientation in their EXIF data.
    pub exif_orientation: ExifOrientation,
    /// The color that it laid transparent pictures on; `None` if it dropped their transparency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<Background>,
    /// The values of 16-bit samples that became 0 and 255; `None` if it kept their high bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<Levels>,
    /// From pixels to the input of the first layer.
    pub normalization: Normalization,
    /// Whether the network does that itself.
    pub is_normalization_inside: bool,
}

impl Description {
    /// The description of the network of a run with the settings `record`, exported as `what` says.
    ///
    /// # Errors
    /// If the run's base is none.
    pub(super) fn new(record: &RunRecord, what: &Export) -> Result<Self> {
        let train = &record.train;
        let color_mode = train.network.model.definition().color_mode;
        let ImageSize { height, width } = train.pictures.image_size;
        let normalization = match train.on_base() {
            Some(on_base) => on_base.preprocess(train.network.model)?.normalization(),
            None => Normalization::unit(color_mode.channels()),
        };
        let is_normalization_inside = what.format != Format::Safetensors;
        Ok(Self {
            petite: env!("CARGO_PKG_VERSION").to_owned(),
            model: train.network.model,
            weights: what.weights,
            odd: None,
            classes: record.classes.clone(),
            output: if is_normalization_inside { what.output } else { Output::Logits },
            height,
            width,
            channels: color_mode.channels(),
            color_mode,
            resize: train.pictures.resize,
            interpolation: train.pictures.interpolation,
            exif_orientation: train.pictures.exif_orientation,
            background: train.pictures.background,
            depth: train.target().depth,
            normalization,
            is_normalization_inside,
        })
    }

    /// The description as JSON, indented.
    ///
    /// # Errors
    /// If it cannot be serialized.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self).context("cannot serialize the description to JSON")
    }

    /// The description as texts by name, for formats that keep such: text stays as it is, and
    /// everything else is JSON.
    ///
    /// # Errors
    /// If it cannot be serialized.
    pub fn entries(&self) -> Result<Vec<(String, String)>> {
        let json =
            serde_json::to_value(self).context("cannot serialize the description to JSON")?;
        let Value::Object(fields) = json else { anyhow::bail!("expected an object, found {json}") };
        let text = |value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        Ok(fields.into_iter().map(|(name, value)| (name, text(value))).collect())
    }

    /// Checks that a network that gives `units` values has as many classes.
    ///
    /// # Errors
    /// If it has not.
    pub(super) fn check_units(&self, units: i64) -> Result<()> {
        let expected = if self.classes.len() == 2 { 1 } else { self.classes.len() as i64 };
        ensure!(units == expected, "expected {expected} units of the classifier, found {units}");
        Ok(())
    }
}
