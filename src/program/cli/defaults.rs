//! Each recipe's default for a setting, for the help texts.

use petite::keras::KerasProfile;
use petite::nn::zoo::Model;
use petite::settings::Setting;
use petite::{Config, Recipe};
use serde_json::Value;
use std::fmt;
use std::sync::LazyLock;

/// A setting's default in each recipe, in the recipes' order, with the recipe's name; in recipes on a
/// base, also with the base's where it differs.
pub struct Defaults {
    values: Vec<(String, &'static Value)>,
    separator: &'static str,
}

/// The settings as `config.json` stores them.
pub fn json(config: &Config) -> Value {
    serde_json::to_value(config).unwrap_or_default()
}

/// The settings of every recipe, with its own network or on every base.
static RECIPES: LazyLock<Vec<(Recipe, Model, Value)>> = LazyLock::new(|| {
    let mut found = Vec::new();
    for recipe in Recipe::ALL {
        let is_trained = |model: &Model| match recipe.is_transfer() {
            true => model.is_base(),
            false => *model == recipe.model(),
        };
        found.extend(Model::ALL.into_iter().filter(is_trained).map(|model| {
            (recipe, model, json(&Config::with(recipe, KerasProfile::default(), model, None)))
        }));
    }
    found
});

/// The recipes' defaults for `setting`.
pub fn of(setting: &'static Setting) -> Defaults {
    let mut values = Vec::new();
    for recipe in Recipe::ALL {
        // The default of `model` is the recipe's own; those of other settings may depend on the base.
        let fits = |(own, model, _): &&(Recipe, Model, Value)| {
            *own == recipe && (setting.name() != "model" || *model == recipe.model())
        };
        let of_models = RECIPES.iter().filter(fits);
        let of_models =
            of_models.filter_map(|(_, model, json)| Some((*model, setting.value_in(json)?)));
        values.extend(by_base(recipe.name(), &of_models.collect::<Vec<_>>()));
    }
    if setting.name() == "recipe" {
        values.truncate(1);
    }
    Defaults { values, separator: &setting.separator }
}

/// The defaults of one recipe with their names: one for the whole recipe, one each for the book's
/// base and all others, or one per base.
fn by_base<'a>(recipe: &str, values: &[(Model, &'a Value)]) -> Vec<(String, &'a Value)> {
    let all = |values: &[(Model, &Value)], one| values.iter().all(|(_, value)| *value == one);
    match *values {
        [(_, first), ref rest @ ..] if all(rest, first) => vec![(recipe.to_owned(), first)],
        [(_, first), (_, second), ref rest @ ..] if all(rest, second) => vec![
            (format!("{recipe} on vgg16"), first),
            (format!("{recipe} on other bases"), second),
        ],
        _ => {
            let named =
                |&(model, value): &(Model, _)| (format!("{recipe} on {}", model.name()), value);
            values.iter().map(named).collect()
        }
    }
}

/// `20; augmented: 32`, or `2e-5; features on other bases: 1e-4`.
impl fmt::Display for Defaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((_, usual)) = self.values.first() else { return Ok(()) };
        // Recipes and bases grouped by value, in the order in which the values first appear.
        let mut others: Vec<(&Value, Vec<&str>)> = Vec::new();
        for (name, value) in self.values.iter().filter(|(_, value)| value != usual) {
            match others.iter_mut().find(|(known, _)| known == value) {
                Some((_, names)) => names.push(name),
                None => others.push((value, vec![name])),
            }
        }
        write!(f, "{}", self.shown(usual))?;
        for (value, names) in others {
            write!(f, "; {}: {}", shortened(&names), self.shown(value))?;
        }
        Ok(())
    }
}

/// `features, fine-tune`; a default shared by all recipes on a base is named once.
fn shortened(names: &[&str]) -> String {
    let bases = ["on other bases", "on vgg16"].into_iter();
    let mut shared =
        bases.filter(|base| names.len() == 3 && names.iter().all(|name| name.ends_with(base)));
    shared.next().map_or_else(|| names.join(", "), str::to_owned)
}

impl Defaults {
    /// Whether `value` is the default in every recipe.
    pub fn is_always(&self, value: &Value) -> bool {
        self.values.iter().all(|(_, found)| *found == value)
    }

    /// A value as typed on the command line.
    fn shown(&self, value: &Value) -> String {
        match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(values) => {
                let values: Vec<String> = values.iter().map(|value| self.shown(value)).collect();
                values.join(self.separator)
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
