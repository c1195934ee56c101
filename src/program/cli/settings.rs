//! Flags for a run's settings, generated from the library's list of settings.

use super::defaults;
use super::device::DeviceParser;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgMatches, Command, FromArgMatches, ValueHint};
use petite::run::settings::config::Changes;
use petite::settings::Setting;
use petite::text::shown::quoted;
use petite::{Config, Recipe};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::marker::PhantomData;

/// The settings that a command has flags for.
pub trait Subset: Clone + std::fmt::Debug {
    /// Their names, unless `holds` says otherwise; none for every setting.
    const NAMES: &[&str] = &[];
    /// Whether the help texts list the recipes' defaults.
    const DEFAULTS: bool;
    /// Those that the help begins with, in this order and before those with a heading.
    const FIRST: &[&str] = &[];

    /// Whether `setting` is one of them.
    fn holds(setting: &Setting) -> bool {
        Self::NAMES.is_empty() || Self::NAMES.contains(&setting.name())
    }
}

/// The settings given as flags, in the order of [`Config::settings`].
#[derive(Debug, Clone)]
pub struct Flags<S> {
    given: Changes,
    /// Their names and the flags as they were typed.
    typed: Vec<(String, String)>,
    subset: PhantomData<S>,
}

impl<S> Flags<S> {
    /// The value of the setting `name`, if it was given.
    ///
    /// # Errors
    /// If the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        Ok(self.given.get(name).cloned().map(serde_json::from_value).transpose()?)
    }

    /// All settings that were given.
    pub fn given(&self) -> Changes {
        self.given.clone()
    }

    /// The flags as they were typed, for a shell, but those for the settings `without`.
    pub fn typed(&self, without: &[&str]) -> Vec<String> {
        let typed = self.typed.iter().filter(|(name, _)| !without.contains(&name.as_str()));
        typed.map(|(_, flag)| flag.clone()).collect()
    }
}

impl<S: Subset> clap::Args for Flags<S> {
    fn augment_args(command: Command) -> Command {
        let settings = Config::settings().iter().filter(|setting| S::holds(setting));
        settings.fold(command, |command, setting| {
            let place = S::FIRST.iter().position(|name| *name == setting.name());
            let arg = arg(setting, S::DEFAULTS);
            command.arg(match place {
                Some(place) => arg.help_heading(None::<&str>).display_order(place),
                None => arg,
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Subset> FromArgMatches for Flags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (mut given, mut typed) = (Changes::new(), Vec::new());
        for setting in Config::settings().iter().filter(|setting| S::holds(setting)) {
            let name = setting.name().to_owned();
            let Some(value) = matches.get_one::<Value>(&name) else { continue };
            let raw = matches.get_raw(&name).and_then(|mut raw| raw.next()).unwrap_or_default();
            let value_of = if setting.is_switch { "=" } else { " " };
            typed.push((name.clone(), format!("--{}{value_of}{}", flag(setting).0, quoted(raw))));
            given.insert(name, value.clone());
        }
        Ok(Self { given, typed, subset: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The long flag for a setting, and whether it turns the setting off, being a switch that is on by
/// default.
fn flag(setting: &'static Setting) -> (String, bool) {
    let long = setting.name().replace('_', "-");
    let is_negated = setting.is_switch && defaults::of(setting).is_always(&Value::Bool(true));
    (if is_negated { format!("no-{long}") } else { long }, is_negated)
}

/// The flag for a setting.
fn arg(setting: &'static Setting, with_defaults: bool) -> Arg {
    let default = defaults::of(setting);
    let (long, is_negated) = flag(setting);
    let mut help = setting.help.trim_end_matches('.').replace('\n', " ");
    if is_negated {
        help = format!("Do not {}{}", help[..1].to_lowercase(), &help[1..]);
    }
    let shown = default.to_string();
    let is_plain_switch =
        setting.is_switch && (is_negated || default.is_always(&Value::Bool(false)));
    if with_defaults && !shown.is_empty() && !is_plain_switch {
        help = format!("{help} [default: {shown}]");
    }
    let mut arg = Arg::new(setting.name().to_owned()).long(long).help(help);
    if let Some(group) = &setting.group {
        arg = arg.help_heading(group.clone());
    }
    if setting.is_switch {
        arg = arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .hide_possible_values(true)
            .value_name("BOOL");
    } else {
        let name = setting.value_name.clone().unwrap_or_else(|| setting.name().to_uppercase());
        arg = arg.value_hint(match name.as_str() {
            "DIR" => ValueHint::AnyPath,
            "FILE.csv" => ValueHint::FilePath,
            _ => ValueHint::Unknown,
        });
        arg = arg.value_name(name);
    }
    if setting.name() == "device" {
        let parser = DeviceParser(reader(setting, is_negated));
        return arg.hide_possible_values(true).value_parser(parser);
    }
    arg.value_parser(parser(setting, is_negated))
}

/// Parses a value and checks it against the setting's range.
fn parser(setting: &'static Setting, is_negated: bool) -> ValueParser {
    if !setting.choices.is_empty() {
        let choice = |(name, help): &(String, String)| {
            let value = PossibleValue::new(name.clone());
            let help = help.trim_end_matches('.').replace('\n', " ");
            if help.is_empty() { value } else { value.help(help) }
        };
        let choices: Vec<PossibleValue> = setting.choices.iter().map(choice).collect();
        return PossibleValuesParser::new(choices).map(Value::String).into();
    }
    reader(setting, is_negated).into()
}

/// Parses a value that has no name.
fn reader(setting: &'static Setting, is_negated: bool) -> impl TypedValueParser<Value = Value> {
    let template = [Recipe::Baseline, Recipe::FeaturesAugmented]
        .map(|recipe| Config::new(recipe, "data"))
        .into_iter()
        .find(|config| setting.value_in(&defaults::json(config)).is_some());
    move |text: &str| -> Result<Value, String> {
        let read = setting.parse(text).and_then(|value| {
            let mut config = template.clone().unwrap_or(Config::new(Recipe::Baseline, "data"));
            config.change([(setting.name(), value.clone())])?;
            // In its stored form: `150` becomes a height and a width.
            let stored = setting.value_in(&defaults::json(&config)).cloned();
            Ok(stored.unwrap_or(value))
        });
        match read {
            Ok(Value::Bool(on)) if is_negated => Ok(Value::Bool(!on)),
            Ok(value) => Ok(value),
            // clap's message already names the flag.
            Err(error) => Err(format!("{error:#}")
                .replace(&format!("`{}` of ", setting.name()), "")
                .replace(&format!("`{}` ", setting.name()), "a value ")),
        }
    }
}
