//! Looking for wrong labels in a data set.

pub(crate) mod all_pictures;
pub(crate) mod confident_learning;
pub(crate) mod copies;
mod logistic;
mod out_of_fold;
pub mod suspect_list;

use crate::dataset::data_set::DataSet;
use crate::dataset::folds;
use crate::dataset::labels::Labeled;
use crate::error::{ensure_or, fault};
use crate::keras::KerasProfile;
use crate::nn::head::Pooling;
use crate::nn::zoo::Model;
use crate::run::data::data_set;
use crate::run::events::Events;
use crate::run::settings::config::Config;
use crate::run::settings::recipe::Recipe;
use crate::run::suspects::all_pictures::{All, features};
use crate::run::suspects::confident_learning::{Doubt, doubts};
use crate::run::suspects::out_of_fold::out_of_fold;
use crate::run::suspects::suspect_list::{Suspect, SuspectList};
use crate::run::warning::Warning;
use crate::stop::Stop;
use crate::text::numbers::listed;
use anyhow::{Context, Result};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use tch::Tensor;

/// In which data set to look for wrong labels, and how.
#[derive(Debug, Clone)]
pub struct Suspects {
    /// The data set, the pretrained base, how it sees pictures, the seed of the folds, and the
    /// machine. Settings of training have no effect.
    pub config: Config,
    /// Number of folds: each picture is judged by a classifier that is trained on the others.
    pub folds: usize,
    /// Number of suspects to list; `None` is all near copies with different labels and all pictures
    /// that are confidently predicted to be of another class.
    pub count: Option<usize>,
}

impl Suspects {
    /// Looks for wrong labels in `data` with MobileNet and 5 folds.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { config: Self::on(Model::Mobilenet, Some(data.into())), folds: 5, count: None }
    }

    /// The settings for `data` with the base `model`: those of [`Recipe::Features`] with the mean of the
    /// features.
    pub fn on(model: Model, data: Option<PathBuf>) -> Config {
        let mut config = Config::with(Recipe::Features, KerasProfile::default(), model, data);
        if let Some(on_base) = config.on_base_mut() {
            on_base.pooling = Pooling::Average;
        }
        config
    }
}

/// Looks for wrong labels: see [`petite::suspects`](crate::suspects).
pub(crate) fn suspects(what: &Suspects, events: &mut dyn Events) -> Result<SuspectList> {
    let mut config = what.config.clone();
    config.check()?;
    ensure_or!(Setting, what.folds >= 2, "expected `folds` of 2 or more, found {}", what.folds);
    ensure_or!(Setting, what.count != Some(0), "expected `count` of 1 or more, found 0");
    config.locate_data()?;
    let Some(path) = config.data.path.clone() else {
        fault!(DataSet, "expected `data`, a folder of pictures in class folders, found none");
    };
    let stop = events.stop();
    let data =
        DataSet::read(&path, config.data.labels.as_deref(), config.pictures.skip_bad_pictures)?;
    data_set::warn(&data, events);
    let all = All::of(&data);
    config.resolve_depth(&all.folder, &stop, events)?;
    let features = features(&mut config, &data.classes, &all.folder, &stop, events)?;
    let first =
        copies::find(&all.folder, config.pictures.loader_threads.unwrap_or(0), &stop, events)?;
    let good = Vec::<i64>::try_from(&features.labels)?;
    let good = Good::new(&all, &data, &good, &first)?;
    let suspects = good.judge(what, &features.values, &stop, events)?;
    let Good { data, pictures, .. } = good;
    let (root, classes) = (data.path.clone(), data.classes.clone());
    Ok(SuspectList { root, target: config.target(), classes, pictures, suspects })
}

/// The good pictures, and their near copies.
struct Good<'a> {
    data: &'a DataSet,
    pictures: Vec<Labeled>,
    labels: Vec<usize>,
    /// For each picture, the index of the first of its group of near copies.
    first: Vec<usize>,
}

impl<'a> Good<'a> {
    /// The pictures at the indices `good` of `all`, of which `first` are the groups.
    fn new(all: &All, data: &'a DataSet, good: &[i64], first: &[usize]) -> Result<Self> {
        let (mut pictures, mut labels, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        let mut known = BTreeMap::new();
        for &index in good {
            let index = usize::try_from(index).context("expected the index of a picture")?;
            let (Some(sample), Some(&(label, part)), Some(group)) =
                (all.folder.samples.get(index), all.labels.get(index), first.get(index))
            else {
                fault!(
                    DataSet,
                    "expected the features of {} pictures, found others; try again",
                    first.len()
                );
            };
            // The first good one of its group.
            groups.push(*known.entry(*group).or_insert(pictures.len()));
            let path = sample.path.strip_prefix(&data.path).unwrap_or(&sample.path).to_owned();
            pictures.push(Labeled { path, label: data.classes[label].clone(), part });
            labels.push(label);
        }
        Ok(Self { data, pictures, labels, first: groups })
    }

    /// The suspects by the `features` of the pictures, `[N, 1, 1, C]`.
    fn judge(
        &self,
        what: &Suspects,
        features: &Tensor,
        stop: &Stop,
        events: &mut dyn Events,
    ) -> Result<Vec<Suspect>> {
        let fold_of = folds::assign(&self.labels, &self.first, what.folds, what.config.seed);
        let judged = self.judged(&fold_of, events)?;
        let classes = self.data.classes.len();
        let tensor = |values: &[usize]| {
            let values: Vec<i64> = values.iter().map(|&value| value as i64).collect();
            Tensor::f_from_slice(&values)
        };
        let counts = (classes as i64, fold_of.iter().max().map_or(0, |last| last + 1) as i64);
        let features = features.f_view([self.pictures.len() as i64, -1])?;
        let (labels, fold_of) = (tensor(&self.labels)?, tensor(&fold_of)?);
        let found = out_of_fold(&features, &labels, &fold_of, counts, stop)?;
        let probabilities = Vec::<f32>::try_from(&found.probabilities.f_flatten(0, -1)?)?;

        let mut suspects = self.contradictions(&probabilities);
        let known: HashSet<usize> = suspects.iter().map(|suspect| suspect.picture).collect();
        for Doubt { picture, suggested, is_confident, .. } in
            doubts(&probabilities, &self.labels, classes, &judged)
        {
            let is_wanted = what.count.map_or(is_confident, |count| suspects.len() < count);
            if is_wanted && !known.contains(&picture) {
                let probability = probabilities[picture * classes + suggested].into();
                let suggested = self.data.classes[suggested].clone();
                suspects.push(Suspect { picture, suggested, probability, copy_of: None });
            }
        }
        suspects.truncate(what.count.unwrap_or(usize::MAX));
        Ok(suspects)
    }

    /// Whether each picture is judged by a classifier that was trained on others of its class. Warns
    /// about the classes without any.
    fn judged(&self, fold_of: &[usize], events: &mut dyn Events) -> Result<Vec<bool>> {
        let classes = &self.data.classes;
        let mut folds_with: Vec<Vec<usize>> = vec![Vec::new(); classes.len()];
        for (&label, &fold) in self.labels.iter().zip(fold_of) {
            if !folds_with[label].contains(&fold) {
                folds_with[label].push(fold);
            }
        }
        let (checked, others): (Vec<_>, Vec<_>) =
            classes.iter().zip(&folds_with).partition(|(_, folds)| folds.len() > 1);
        let names = |found: Vec<(&String, &Vec<usize>)>| -> Vec<String> {
            found.into_iter().map(|(class, _)| class.clone()).collect()
        };
        ensure_or!(
            DataSet,
            checked.len() > 1,
            "expected several pictures, not copies of one, of at least two classes in {}, found them of {}; try more pictures",
            self.data.path.display(),
            listed(&names(checked))
        );
        if !others.is_empty() {
            events.warning(&Warning::Unchecked(&names(others)));
        }
        Ok(self.labels.iter().map(|&label| folds_with[label].len() > 1).collect())
    }

    /// The near copies with different labels: in each group, those whose label is not the most
    /// probable one of the group's. The least probable labels come first.
    fn contradictions(&self, probabilities: &[f32]) -> Vec<Suspect> {
        let classes = self.data.classes.len();
        let probability = |picture: usize, class: usize| probabilities[picture * classes + class];
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (picture, &first) in self.first.iter().enumerate() {
            groups.entry(first).or_default().push(picture);
        }
        let mut found = Vec::new();
        for group in groups.values().filter(|group| group.len() > 1) {
            let mean = |class: usize| group.iter().map(|&one| probability(one, class)).sum::<f32>();
            let likeliest = group.iter().copied().reduce(|best, other| {
                if mean(self.labels[other]) > mean(self.labels[best]) { other } else { best }
            });
            let Some(original) = likeliest else { continue };
            let label = self.labels[original];
            for &picture in group.iter().filter(|&&picture| self.labels[picture] != label) {
                found.push(Suspect {
                    picture,
                    suggested: self.data.classes[label].clone(),
                    probability: probability(picture, label).into(),
                    copy_of: Some(original),
                });
            }
        }
        found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        found
    }
}
