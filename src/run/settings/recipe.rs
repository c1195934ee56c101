//! Recipes: the book's training strategies as lists of changes to the default settings.

use crate::augment::config::AugmentConfig;
use crate::nn::zoo::Model;
use crate::run::settings::config::Changes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A training strategy from chapter 5 of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Recipe {
    /// Train the convnet from scratch (listings 5.5 to 5.8).
    #[default]
    Baseline,
    /// Train the convnet with augmentation and dropout (listings 5.11 to 5.14).
    Augmented,
    /// Train a head on the stored features of a pretrained base (listings 5.16 to 5.18).
    Features,
    /// Train a head on a frozen base, with augmentation (listings 5.19 to 5.21).
    FeaturesAugmented,
    /// Fine-tune a trained head and the last layers of its base (listings 5.22 to 5.24).
    FineTune,
}

impl Recipe {
    /// All recipes, in the book's order.
    pub const ALL: [Self; 5] =
        [Self::Baseline, Self::Augmented, Self::Features, Self::FeaturesAugmented, Self::FineTune];

    /// Name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Augmented => "augmented",
            Self::Features => "features",
            Self::FeaturesAugmented => "features-augmented",
            Self::FineTune => "fine-tune",
        }
    }

    /// Whether the network is on a pretrained base.
    pub fn is_transfer(self) -> bool {
        matches!(self, Self::Features | Self::FeaturesAugmented | Self::FineTune)
    }

    /// The recipe's default network.
    pub fn model(self) -> Model {
        if self.is_transfer() { Model::Vgg16 } else { Model::Convnet }
    }

    /// What the recipe changes in the defaults of `model`. On VGG16 these are the book's settings; on
    /// other bases, a head's learning rate is the one with the lowest validation loss
    /// (docs/results.md), and fine-tuning's is a third of it.
    pub fn changes(self, model: Model) -> Changes {
        if self.is_transfer() != model.is_base() {
            return Changes::new();
        }
        let augmented = json!(AugmentConfig::book());
        // On VGG16, 100 steps of 20 are one pass over the book's 2,000 pictures.
        let lists = match (self, model == Model::Vgg16) {
            (Self::Baseline, _) => vec![],
            (Self::Augmented, _) => vec![
                augmented,
                json!({ "dropout": 0.5, "batch_size": 32, "epochs": 100, "steps_per_epoch": 100 }),
            ],
            (Self::Features, true) => vec![json!({ "dropout": 0.5, "learning_rate": 2e-5 })],
            (Self::FeaturesAugmented, true) => {
                vec![augmented, json!({ "learning_rate": 2e-5, "steps_per_epoch": 100 })]
            }
            (Self::FineTune, true) => vec![
                augmented,
                json!({ "learning_rate": 1e-5, "epochs": 100, "steps_per_epoch": 100 }),
            ],
            (Self::Features, false) => vec![json!({ "dropout": 0.5, "interpolation": "bilinear" })],
            (Self::FeaturesAugmented, false) => {
                vec![json!({ "horizontal_flip": true, "interpolation": "bilinear" })]
            }
            (Self::FineTune, false) => vec![
                augmented,
                json!({ "width_shift_range": 0.1, "height_shift_range": 0.1, "shear_range": 0.0 }),
                json!({ "interpolation": "bilinear", "epochs": 8 }),
                json!({ "learning_rate": 3e-5, "schedule": "cosine" }),
            ],
        };
        let unfrozen = match self {
            Self::FineTune => model.as_base().map(|base| base.first_trained),
            _ => None,
        };
        let unfrozen = unfrozen.map(|layer| ("unfreeze_from".to_owned(), layer.into()));
        let lists = lists.into_iter().filter_map(|list| list.as_object().cloned());
        lists.flatten().chain(unfrozen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keras::KerasProfile;
    use crate::run::settings::config::Config;

    #[test]
    fn all_changes_apply() {
        for (recipe, model) in
            Recipe::ALL.iter().flat_map(|recipe| Model::ALL.map(|model| (*recipe, model)))
        {
            let config = Config::with(recipe, KerasProfile::default(), model, None);
            assert_eq!(config.check().is_ok(), recipe.is_transfer() == model.is_base());
            let json = serde_json::to_value(&config).unwrap();
            for (name, value) in recipe.changes(model) {
                let setting = Config::settings().iter().find(|it| it.name() == name).unwrap();
                assert_eq!(setting.value_in(&json), Some(&value), "{recipe:?} {model:?} {name}");
            }
        }
    }
}
