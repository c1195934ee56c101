//! Splits pictures into parts by their content, so that the same picture is always in the same
//! part.
//!
//! A group of near copies has a place in 0..1, a hash of the content of its pictures. The places
//! below the validation share are validation pictures, those above one minus the test share are
//! test pictures. So a picture stays in its part when others are added or removed, renamed or moved
//! (unless a new near copy changes its group's place), and changing the test share moves no
//! picture between train and validation.
//!
//! The price is that shares are exact only on average. Where chance gives a small class less than
//! half of its share of a part, the pictures next to it are added, as many as the share rounds to at
//! most. A class of few pictures keeps the training pictures' share of them: what other parts have
//! beyond theirs goes back. Both may change when the class grows. Numbers of pictures are exact, but
//! there a new picture may displace another.

use super::near_copies::Groups;
use super::part::{Part, PartSize, PartSizes};
use crate::error::{ensure_or, fault};
use crate::pictures::folder::Folder;
use anyhow::Result;
use std::collections::BTreeMap;
use twox_hash::XxHash3_64;

/// Number of pictures below which a class is so small that chance must not take its training pictures.
const FEW: usize = 20;

/// Splits `folder` into the parts of [`Part::ALL`], each with the samples in their order. Every
/// class has a training picture.
///
/// # Errors
/// If a class has too few pictures for the numbers asked for, or the shares leave none to train.
pub fn partition(folder: &Folder, groups: &Groups, sizes: PartSizes) -> Result<[Folder; 3]> {
    if let (PartSize::Share(validation), PartSize::Share(test)) = (sizes.validation, sizes.test)
        && validation + test >= 1.0
    {
        fault!(
            Setting,
            "expected `validation` and `test` to leave pictures to train, found {validation} and {test}; try smaller shares"
        );
    }
    let mut state = Assignment::new(folder, groups);
    state.take(Part::Validation, sizes.validation)?;
    state.take(Part::Test, sizes.test)?;
    for class in 0..folder.classes.len() {
        state.ensure_train(class);
        // Before and after the other parts get their halves from train.
        state.ensure_share(class, sizes);
        state.ensure_half(class, Part::Validation, sizes.validation);
        state.ensure_half(class, Part::Test, sizes.test);
        state.ensure_share(class, sizes);
    }
    state.limit_train(sizes.train)?;
    let part_of = |index: usize| state.groups[&groups.first[index]].part;
    let of_part = |part: Part| {
        let samples = folder.samples.iter().enumerate();
        let samples = samples.filter(|(index, _)| part_of(*index) == Some(part));
        let samples = samples.map(|(_, sample)| sample.clone()).collect();
        Folder { name: part.name().to_owned(), ..folder.with_samples(samples) }
    };
    Ok(Part::ALL.map(of_part))
}

/// A group of near copies.
#[derive(Debug)]
struct Group {
    /// In 0..1.
    place: f64,
    /// Number of its pictures of each class that it has pictures of.
    counts: BTreeMap<usize, usize>,
    /// `None` if it is not used.
    part: Option<Part>,
}

impl Group {
    fn count(&self, class: usize) -> usize {
        self.counts.get(&class).copied().unwrap_or(0)
    }
}

/// What a share of `count` pictures rounds to.
fn rounded(share: f64, count: usize) -> usize {
    (share * count as f64).round() as usize
}

struct Assignment<'a> {
    folder: &'a Folder,
    /// By the index of their first picture.
    groups: BTreeMap<usize, Group>,
    /// The groups of each class, by place.
    of_class: Vec<Vec<usize>>,
}

impl<'a> Assignment<'a> {
    fn new(folder: &'a Folder, groups: &Groups) -> Self {
        let mut lowest: BTreeMap<usize, u64> = BTreeMap::new();
        let mut counts: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
        for (index, sample) in folder.samples.iter().enumerate() {
            let (first, hash) = (groups.first[index], groups.hashes[index]);
            let least = lowest.entry(first).or_insert(hash);
            *least = hash.min(*least);
            *counts.entry(first).or_default().entry(sample.label).or_default() += 1;
        }
        let groups: BTreeMap<usize, Group> = counts
            .into_iter()
            .map(|(first, counts)| {
                // Hashed again: the lowest of several hashes is not uniform.
                let hash = XxHash3_64::oneshot(&lowest[&first].to_le_bytes());
                let place = (hash >> 11) as f64 / (1u64 << 53) as f64;
                (first, Group { place, counts, part: Some(Part::Train) })
            })
            .collect();
        let mut of_class = vec![Vec::new(); folder.classes.len()];
        for (first, group) in &groups {
            group.counts.keys().for_each(|&class| of_class[class].push(*first));
        }
        for list in &mut of_class {
            list.sort_by(|a, b| groups[a].place.total_cmp(&groups[b].place).then(a.cmp(b)));
        }
        Self { folder, groups, of_class }
    }

    /// Moves groups from train to `part`.
    fn take(&mut self, part: Part, size: PartSize) -> Result<()> {
        match size {
            PartSize::Share(share) => {
                let is_inside = |place: f64| match part {
                    Part::Validation => place < share,
                    _ => place >= 1.0 - share,
                };
                for group in self.groups.values_mut() {
                    if group.part == Some(Part::Train) && is_inside(group.place) {
                        group.part = Some(part);
                    }
                }
                Ok(())
            }
            PartSize::Count(count) => {
                (0..self.of_class.len()).try_for_each(|class| self.take_count(part, class, count))
            }
        }
    }

    /// Moves groups of `class` to `part` until it has `count` of its pictures.
    fn take_count(&mut self, part: Part, class: usize, count: usize) -> Result<()> {
        let mut have = self.pictures(class, part);
        let mut groups = self.of_class[class].clone();
        if part == Part::Test {
            groups.reverse();
        }
        for first in groups {
            let Some(group) = self.groups.get_mut(&first) else { continue };
            // A group that is too large is left to train.
            if group.part == Some(Part::Train) && have + group.count(class) <= count {
                have += group.count(class);
                group.part = Some(part);
            }
        }
        ensure_or!(
            DataSet,
            have == count && self.pictures(class, Part::Train) > 0,
            "expected {count} {} pictures of {} and others to train in {}, found {} pictures; try a smaller `{}`",
            part.name(),
            self.folder.classes[class],
            self.folder.path.display(),
            self.of_class(class),
            part.name()
        );
        Ok(())
    }

    /// Number of pictures of `class` in `part`.
    fn pictures(&self, class: usize, part: Part) -> usize {
        let groups = self.of_class[class].iter().map(|first| &self.groups[first]);
        groups.filter(|group| group.part == Some(part)).map(|group| group.count(class)).sum()
    }

    /// Gives train a group of `class` if it has none.
    fn ensure_train(&mut self, class: usize) {
        let groups = &self.of_class[class];
        if self.pictures(class, Part::Train) == 0
            && let Some(&middle) = groups.get(groups.len() / 2)
        {
            self.assign(middle, Part::Train);
        }
    }

    /// Moves groups of `class` that are nearest to `part` into it, until it has half of its share, or
    /// what the share rounds to if that is less.
    fn ensure_half(&mut self, class: usize, part: Part, size: PartSize) {
        let PartSize::Share(share) = size else { return };
        let of_class = self.of_class(class);
        let whole = rounded(share, of_class);
        let half = whole.min((share * of_class as f64 / 2.0).ceil() as usize);
        let mut nearest = self.of_class[class].clone();
        if part == Part::Test {
            nearest.reverse();
        }
        nearest.retain(|&first| self.groups[&first].part == Some(Part::Train));
        // The last group stays with train.
        nearest.pop();
        for first in nearest {
            let have = self.pictures(class, part);
            if have >= half {
                return;
            }
            let fits = of_class >= FEW || have + self.groups[&first].count(class) <= whole;
            if fits && self.is_spare(first) {
                self.assign(first, part);
            }
        }
    }

    /// Moves groups of a `class` of few pictures back to train until it has its share of them, from parts
    /// that have more than theirs, first those that are nearest to train.
    fn ensure_share(&mut self, class: usize, sizes: PartSizes) {
        let of_class = self.of_class(class);
        let (PartSize::Share(validation), PartSize::Share(test)) = (sizes.validation, sizes.test)
        else {
            return;
        };
        if of_class >= FEW {
            return;
        }
        // 1 − 0.2 − 0.1 is a little below 0.7.
        let least = ((1.0 - validation - test) * of_class as f64 + 1e-9).floor() as usize;
        for (part, share) in [(Part::Test, test), (Part::Validation, validation)] {
            let mut nearest = self.of_class[class].clone();
            if part == Part::Validation {
                nearest.reverse();
            }
            nearest.retain(|first| self.groups[first].part == Some(part));
            for first in nearest {
                let is_above = self.pictures(class, part) > rounded(share, of_class);
                if is_above && self.pictures(class, Part::Train) < least {
                    self.assign(first, Part::Train);
                }
            }
        }
    }

    /// Whether every class with pictures in the group has others in train.
    fn is_spare(&self, first: usize) -> bool {
        let mut counts = self.groups[&first].counts.iter();
        counts.all(|(&class, &count)| self.pictures(class, Part::Train) > count)
    }

    fn assign(&mut self, first: usize, part: Part) {
        if let Some(group) = self.groups.get_mut(&first) {
            group.part = Some(part);
        }
    }

    /// Number of pictures of `class`.
    fn of_class(&self, class: usize) -> usize {
        self.of_class[class].iter().map(|first| self.groups[first].count(class)).sum()
    }

    /// Leaves out what exceeds the size of the training pictures.
    fn limit_train(&mut self, size: Option<PartSize>) -> Result<()> {
        let Some(size) = size else { return Ok(()) };
        for class in 0..self.of_class.len() {
            let of_class = self.of_class(class);
            let limit = match size {
                PartSize::Share(share) => rounded(share, of_class),
                PartSize::Count(count) => count,
            };
            let mut have = 0;
            for first in self.of_class[class].clone() {
                let Some(group) = self.groups.get_mut(&first) else { continue };
                if group.part != Some(Part::Train) {
                    continue;
                }
                if have + group.count(class) <= limit {
                    have += group.count(class);
                } else {
                    group.part = None;
                }
            }
            let exact = matches!(size, PartSize::Count(_));
            ensure_or!(
                DataSet,
                have > 0 && (!exact || have == limit),
                "expected {limit} train pictures of {} in {}, found {have} beside the other parts; try a smaller `train`",
                self.folder.classes[class],
                self.folder.path.display()
            );
        }
        Ok(())
    }
}
