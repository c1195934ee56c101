//! Assembling the settings of a training: those of a recipe, a file or a run, and changes to them.

use crate::error::{ensure_or, fault};
use crate::keras::KerasProfile;
use crate::nn::zoo::Model;
use crate::pictures::cache::CachePolicy;
use crate::pictures::config::PictureConfig;
use crate::run::folder::{RunFolder, read_record};
use crate::run::settings::config::{Changes, Config, value_in};
use crate::run::settings::network::NetworkKind;
use crate::run::settings::on_base::{OnBase, Start};
use crate::run::settings::recipe::Recipe;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// What a training is to be: what `petite train` is asked for.
#[derive(Debug, Clone, Default)]
pub struct Assembly {
    /// The run folder, or with `repeats` the folder of its runs.
    pub out: PathBuf,
    /// Whether `out` is for several runs, with consecutive seeds.
    pub repeats: bool,
    /// Whether the run in `out` continues, with its own settings.
    pub resume: Resume,
    /// A `config.json` to take the settings from, instead of a recipe.
    pub config: Option<PathBuf>,
    /// The first weights: of a pretrained base, or of a run to fine-tune or to train further.
    pub start: Option<Start>,
    /// The settings that are given; all others are those of the run, the file or the recipe.
    pub changes: Changes,
}

/// Whether a run continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resume {
    /// It begins, in a new folder.
    #[default]
    No,
    /// It has begun.
    Yes,
    /// It continues if it has begun.
    Auto,
}

impl Assembly {
    /// The run that may continue; of several the one with the lowest seed.
    fn begun(&self) -> Result<RunFolder> {
        if !self.repeats {
            return RunFolder::open(&self.out);
        }
        let runs = RunFolder::repeats_in(&self.out)?;
        match runs.into_iter().find_map(|(_, path)| RunFolder::open(&path).ok()) {
            Some(run) => Ok(run),
            None => fault!(
                Run,
                "expected runs seed-1, seed-2 and so on in {} with `resume` `repeats`, found none; try without `resume`",
                self.out.display()
            ),
        }
    }

    /// The settings to change.
    fn origin(&self, resume: bool) -> Result<Config> {
        let recipe: Option<Recipe> = value_in(&self.changes, "recipe")?;
        match (&self.config, &self.start) {
            (Some(file), _) => Ok(read_record(file)?.train),
            (None, _) if resume => Ok(self.begun()?.read_record()?.train),
            (None, Some(Start::Run(run))) => {
                let config = match recipe {
                    None => Config::further(run)?,
                    Some(Recipe::FineTune) => {
                        let keras = value_in(&self.changes, "keras")?.unwrap_or_default();
                        Config::fine_tune(run, keras)?
                    }
                    Some(other) => fault!(
                        Setting,
                        "expected `recipe` fine-tune with `from`, found `recipe` {}; try `weights` FILE, or no `recipe`, which trains the network of {} further",
                        other.name(),
                        run.display()
                    ),
                };
                let (own, model) = (config.network.model, value_in(&self.changes, "model")?);
                ensure_or!(
                    Setting,
                    model.is_none_or(|model| model == own),
                    "expected `model` {} as in {}, found {}; try leaving out `model`",
                    own.name(),
                    run.display(),
                    model.unwrap_or(own).name()
                );
                Ok(config)
            }
            _ => {
                ensure_or!(
                    Setting,
                    recipe != Some(Recipe::FineTune),
                    "expected a trained head for `recipe` fine-tune, found no `from` RUN; try training one with `recipe` features first"
                );
                Config::of(&self.changes)
            }
        }
    }

    /// Replaces the first weights in `config`.
    fn start(&self, config: &mut Config) -> Result<()> {
        let Some(start) = &self.start else { return Ok(()) };
        let (name, path) = match start {
            Start::Weights(file) => ("weights", file),
            Start::Run(run) => ("from", run),
        };
        let whole = path.canonicalize().with_context(|| {
            format!(
                "expected weights at `{name}` {}, found nothing; try another path",
                path.display()
            )
        })?;
        let recipe = config.recipe;
        let is_run = matches!(start, Start::Run(_));
        if is_run && config.from.is_some() {
            config.from = Some(whole);
            return Ok(());
        }
        let Some(on_base) = config.on_base_mut() else {
            fault!(
                Setting,
                "expected `{name}` with a pretrained base only, found it with `recipe` {}; try `recipe` features",
                recipe.name()
            );
        };
        ensure_or!(
            Setting,
            is_run || recipe != Recipe::FineTune,
            "expected `from` RUN with `recipe` fine-tune, found `weights`; try the run folder of a trained head"
        );
        on_base.start = Some(if is_run { Start::Run(whole) } else { Start::Weights(whole) });
        Ok(())
    }
}

impl Config {
    /// The settings that are asked for.
    ///
    /// # Errors
    /// If a file or run cannot be read, a setting is invalid, or some cannot be combined.
    pub fn assemble(asked: &Assembly) -> Result<Self> {
        let resume = match asked.resume {
            Resume::No => false,
            Resume::Yes => true,
            Resume::Auto => asked.begun().is_ok(),
        };
        let begins =
            asked.config.is_some() || asked.start.is_some() || asked.changes.contains_key("recipe");
        ensure_or!(
            Setting,
            asked.resume != Resume::Yes || !begins,
            "expected `resume` without `recipe`, `config`, `weights` and `from`, since a run continues with its own settings, found one of them; try `resume` auto, which begins a run or continues it"
        );
        let mut config = asked.origin(resume)?;
        config.change(asked.changes.clone())?;
        asked.start(&mut config)?;
        config.output.folder = asked.out.clone();
        config.output.resume = resume;
        config.check()?;
        Ok(config)
    }

    /// The settings of [`Recipe::Features`] for the data set at `data`: a head on the base `model` with
    /// the published weights in the file `weights`.
    pub fn features(model: Model, weights: impl Into<PathBuf>, data: impl Into<PathBuf>) -> Self {
        let (recipe, keras) = (Recipe::Features, KerasProfile::default());
        let mut config = Self::with(recipe, keras, model, Some(data.into()));
        if let Some(on_base) = config.on_base_mut() {
            on_base.start = Some(Start::Weights(weights.into()));
        }
        config
    }

    /// The settings to fine-tune the network of the run in the folder `head`, on the same data set.
    ///
    /// # Errors
    /// If there is no such run, or its network is not on a pretrained base.
    pub fn fine_tune(head: &Path, keras: KerasProfile) -> Result<Self> {
        let stored = RunFolder::open(head)?.read_record()?.train;
        let model = stored.network.model;
        let NetworkKind::OnBase(stored_base) = stored.network.kind else {
            fault!(
                Run,
                "expected a run on a pretrained base at {}, found {}; try one of `recipe` features",
                head.display(),
                model.name()
            );
        };
        let mut config =
            Self { data: stored.data, ..Self::with(Recipe::FineTune, keras, model, None) };
        config.pictures = PictureConfig {
            skip_bad_pictures: false,
            loader_threads: None,
            cache: CachePolicy::default(),
            ..stored.pictures
        };
        if let Some(on_base) = config.on_base_mut() {
            *on_base = OnBase {
                unfreeze_from: on_base.unfreeze_from.take(),
                stored_features: false,
                start: Some(Start::Run(canonical(head)?)),
                ..stored_base
            };
        }
        Ok(config)
    }

    /// The settings to train the network of the run in the folder `run` further, on the same data set:
    /// with a new schedule, from its last weights.
    ///
    /// # Errors
    /// If there is no such run, or it has no weights yet.
    pub fn further(run: &Path) -> Result<Self> {
        let found = RunFolder::open(run)?;
        ensure_or!(
            Run,
            found.last().is_file(),
            "expected a run with weights in last.ot at {}, found none; try `resume` to train it first",
            run.display()
        );
        Ok(Self { from: Some(canonical(run)?), ..found.read_record()?.train })
    }
}

fn canonical(run: &Path) -> Result<PathBuf> {
    run.canonicalize().with_context(|| format!("cannot read {}", run.display()))
}
