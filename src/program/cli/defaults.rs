//! Each recipe's default for a setting, for the help texts.

use petite::keras::KerasProfile;
use petite::nn::zoo::Model;
use petite::settings::Setting;
use petite::{Config, Recipe};
use serde_json::Value;
use std::fmt;

/// A setting's default in each recipe, in the recipes' order; for recipes on a base, one per base.
pub struct Defaults {
    of_recipes: Vec<(Recipe, Vec<(Model, Value)>)>,
    separator: String,
}

/// The settings as `config.json` stores them.
pub fn json(config: &Config) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

/// The recipes' defaults for `setting`.
pub fn of(setting: &Setting) -> Defaults {
    let models = |recipe: Recipe| {
        let is_own = |model: &Model| *model == recipe.model();
        let fits = |model: &Model| match setting.name() {
            // Its default is the recipe's own; other settings' defaults may depend on the base.
            "model" => is_own(model),
            _ if recipe.is_transfer() => model.is_base(),
            _ => is_own(model),
        };
        Model::ALL.into_iter().filter(fits).collect::<Vec<_>>()
    };
    let value = |recipe: Recipe, model: Model| {
        let config = Config::with(recipe, KerasProfile::default(), model, None);
        Some((model, setting.value_in(&json(&config))?.clone()))
    };
    let of_recipe = |recipe: Recipe| {
        let values = models(recipe).into_iter().filter_map(|model| value(recipe, model));
        (recipe, values.collect())
    };
    let mut of_recipes: Vec<(Recipe, Vec<_>)> = Recipe::ALL.into_iter().map(of_recipe).collect();
    of_recipes.retain(|(_, values)| !values.is_empty());
    if setting.name() == "recipe" {
        of_recipes.truncate(1);
    }
    Defaults { of_recipes, separator: setting.separator.clone() }
}

impl Defaults {
    /// Whether `value` is the default in every recipe.
    pub fn is_always(&self, value: &Value) -> bool {
        self.of_recipes.iter().flat_map(|(_, values)| values).all(|(_, found)| found == value)
    }
}

/// `20; augmented: 32`, or `2e-5; features on other bases: 1e-4`.
impl fmt::Display for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((_, usual)) = self.of_recipes.first().and_then(|(_, values)| values.first())
        else {
            return Ok(());
        };
        // Recipes and bases grouped by value, in the order in which the values first appear.
        let mut others: Vec<(&Value, Vec<String>)> = Vec::new();
        for (recipe, values) in &self.of_recipes {
            for (name, value) in by_base(*recipe, values) {
                if value == usual {
                    continue;
                }
                match others.iter_mut().find(|(known, _)| *known == value) {
                    Some((_, names)) => names.push(name),
                    None => others.push((value, vec![name])),
                }
            }
        }
        write!(f, "{}", self.shown(usual))?;
        for (value, names) in others {
            write!(f, "; {}: {}", shortened(&names), self.shown(value))?;
        }
        Ok(())
    }
}

/// The defaults of one recipe with their names: one for the whole recipe, one each for the book's
/// base and all others, or one per base.
fn by_base(recipe: Recipe, values: &[(Model, Value)]) -> Vec<(String, &Value)> {
    let [(_, first), rest @ ..] = values else { return Vec::new() };
    let recipe = recipe.name();
    match rest {
        [(_, second), others @ ..] if others.iter().all(|(_, value)| value == second) => {
            if first == second {
                return vec![(recipe.to_owned(), first)];
            }
            vec![
                (format!("{recipe} on vgg16"), first),
                (format!("{recipe} on other bases"), second),
            ]
        }
        [] => vec![(recipe.to_owned(), first)],
        _ => {
            let named = |(model, value)| (format!("{recipe} on {}", Model::name(model)), value);
            values.iter().map(|(model, value)| named((*model, value))).collect()
        }
    }
}

/// `features, fine-tune`; a default shared by all recipes on a base is named once.
fn shortened(names: &[String]) -> String {
    let on = |base: &str| names.iter().filter(|name| name.ends_with(base)).count();
    for base in ["on other bases", "on vgg16"] {
        if on(base) == 3 && names.len() == 3 {
            return base.to_owned();
        }
    }
    names.join(", ")
}

impl Defaults {
    /// A value as typed on the command line.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(values) => {
                let values: Vec<String> = values.iter().map(|value| self.shown(value)).collect();
                values.join(&self.separator)
            }
            Value::Number(number) => match number.as_f64() {
                Some(value) if value != 0.0 && value.abs() < 1e-3 => format!("{value:e}"),
                Some(value) => value.to_string(),
                None => number.to_string(),
            },
            other => other.to_string(),
        }
    }
}
