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
    let shares = match (sizes.validation, sizes.test) {
        (PartSize::Share(validation), PartSize::Share(test)) if validation + test >= 1.0 => fault!(
            Setting,
            "expected `validation` and `test` to leave pictures to train, found {validation} and {test}; try smaller shares"
        ),
        (PartSize::Share(validation), PartSize::Share(test)) => Some((validation, test)),
        _ => None,
    };
    let mut state = Assignment::new(folder, groups);
    state.take(Part::Validation, sizes.validation)?;
    state.take(Part::Test, sizes.test)?;
    for class in 0..folder.classes.len() {
        state.ensure_train(class);
        // Before and after the other parts get their halves from train.
        state.ensure_share(class, shares);
        state.ensure_half(class, Part::Validation, sizes.validation);
        state.ensure_half(class, Part::Test, sizes.test);
        state.ensure_share(class, shares);
    }
    state.limit_train(sizes.train)?;
    let of_part = |part: Part| {
        let samples = folder.samples.iter().zip(&state.group_of);
        let samples = samples.filter(|(_, group)| state.groups[**group].part == Some(part));
        let samples = samples.map(|(sample, _)| sample.clone()).collect();
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

/// What a share of `count` pictures rounds to.
fn rounded(share: f64, count: usize) -> usize {
    (share * count as f64).round() as usize
}

struct Assignment<'a> {
    folder: &'a Folder,
    /// In the order of their first pictures.
    groups: Vec<Group>,
    /// The group of each picture.
    group_of: Vec<usize>,
    /// The groups of each class, by place.
    of_class: Vec<Vec<usize>>,
}

impl<'a> Assignment<'a> {
    fn new(folder: &'a Folder, groups: &Groups) -> Self {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, &first) in groups.first.iter().enumerate() {
            members.entry(first).or_default().push(index);
        }
        let mut state = Self {
            folder,
            groups: Vec::new(),
            group_of: vec![0; folder.samples.len()],
            of_class: vec![Vec::new(); folder.classes.len()],
        };
        for (group, members) in members.into_values().enumerate() {
            let mut counts = BTreeMap::new();
            for &index in &members {
                *counts.entry(folder.samples[index].label).or_default() += 1;
                state.group_of[index] = group;
            }
            counts.keys().for_each(|&class| state.of_class[class].push(group));
            let lowest = members.iter().map(|&index| groups.hashes[index]).min();
            // Hashed again: the lowest of several hashes is not uniform.
            let hash = XxHash3_64::oneshot(&lowest.unwrap_or_default().to_le_bytes());
            let place = (hash >> 11) as f64 / (1u64 << 53) as f64;
            state.groups.push(Group { place, counts, part: Some(Part::Train) });
        }
        for of_class in &mut state.of_class {
            let place = |&group: &usize| state.groups[group].place;
            of_class.sort_by(|a, b| place(a).total_cmp(&place(b)));
        }
        state
    }

    /// Moves groups from train to `part`.
    fn take(&mut self, part: Part, size: PartSize) -> Result<()> {
        let share = match size {
            PartSize::Share(share) => share,
            PartSize::Count(count) => {
                let mut classes = 0..self.of_class.len();
                return classes.try_for_each(|class| self.take_count(part, class, count));
            }
        };
        for group in self.groups.iter_mut().filter(|group| group.part == Some(Part::Train)) {
            let is_inside = match part {
                Part::Validation => group.place < share,
                _ => group.place >= 1.0 - share,
            };
            if is_inside {
                group.part = Some(part);
            }
        }
        Ok(())
    }

    /// Moves groups of `class` to `part` until it has `count` of its pictures.
    fn take_count(&mut self, part: Part, class: usize, count: usize) -> Result<()> {
        let mut have = self.pictures(class, part);
        for group in self.nearest(class, Part::Train, part) {
            // A group that is too large is left to train.
            if have + self.count(group, class) <= count {
                have += self.count(group, class);
                self.groups[group].part = Some(part);
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

    /// The groups of `class` that are in the part `from`, those nearest to the part `to` first:
    /// validation has the lowest places, test the highest.
    fn nearest(&self, class: usize, from: Part, to: Part) -> Vec<usize> {
        let of_class = self.of_class[class].iter().copied();
        let mut groups: Vec<usize> =
            of_class.filter(|&group| self.groups[group].part == Some(from)).collect();
        if to == Part::Test || from == Part::Validation {
            groups.reverse();
        }
        groups
    }

    /// Number of pictures of `class` in a group.
    fn count(&self, group: usize, class: usize) -> usize {
        self.groups[group].counts.get(&class).copied().unwrap_or(0)
    }

    /// Number of pictures of `class` in `part`.
    fn pictures(&self, class: usize, part: Part) -> usize {
        self.nearest(class, part, part).into_iter().map(|group| self.count(group, class)).sum()
    }

    /// Number of pictures of `class`.
    fn of_class(&self, class: usize) -> usize {
        self.of_class[class].iter().map(|&group| self.count(group, class)).sum()
    }

    /// Gives train a group of `class` if it has none.
    fn ensure_train(&mut self, class: usize) {
        let groups = &self.of_class[class];
        if self.pictures(class, Part::Train) == 0
            && let Some(&middle) = groups.get(groups.len() / 2)
        {
            self.groups[middle].part = Some(Part::Train);
        }
    }

    /// Moves groups of `class` that are nearest to `part` into it, until it has half of its share, or
    /// what the share rounds to if that is less.
    fn ensure_half(&mut self, class: usize, part: Part, size: PartSize) {
        let PartSize::Share(share) = size else { return };
        let of_class = self.of_class(class);
        let whole = rounded(share, of_class);
        let half = whole.min((share * of_class as f64 / 2.0).ceil() as usize);
        let mut nearest = self.nearest(class, Part::Train, part);
        // The last group stays with train.
        nearest.pop();
        for group in nearest {
            let have = self.pictures(class, part);
            if have >= half {
                return;
            }
            let fits = of_class >= FEW || have + self.count(group, class) <= whole;
            if fits && self.is_spare(group) {
                self.groups[group].part = Some(part);
            }
        }
    }

    /// Moves groups of a `class` of few pictures back to train until it has its share of them, from parts
    /// that have more than theirs, first those that are nearest to train.
    fn ensure_share(&mut self, class: usize, shares: Option<(f64, f64)>) {
        let of_class = self.of_class(class);
        let Some((validation, test)) = shares.filter(|_| of_class < FEW) else { return };
        // 1 − 0.2 − 0.1 is a little below 0.7.
        let least = ((1.0 - validation - test) * of_class as f64 + 1e-9).floor() as usize;
        for (part, share) in [(Part::Test, test), (Part::Validation, validation)] {
            for group in self.nearest(class, part, Part::Train) {
                let is_above = self.pictures(class, part) > rounded(share, of_class);
                if is_above && self.pictures(class, Part::Train) < least {
                    self.groups[group].part = Some(Part::Train);
                }
            }
        }
    }

    /// Whether every class with pictures in the group has others in train.
    fn is_spare(&self, group: usize) -> bool {
        let mut counts = self.groups[group].counts.iter();
        counts.all(|(&class, &count)| self.pictures(class, Part::Train) > count)
    }

    /// Leaves out what exceeds the size of the training pictures.
    fn limit_train(&mut self, size: Option<PartSize>) -> Result<()> {
        let Some(size) = size else { return Ok(()) };
        for class in 0..self.of_class.len() {
            let limit = match size {
                PartSize::Share(share) => rounded(share, self.of_class(class)),
                PartSize::Count(count) => count,
            };
            let mut have = 0;
            for group in self.nearest(class, Part::Train, Part::Train) {
                match have + self.count(group, class) {
                    more if more <= limit => have = more,
                    _ => self.groups[group].part = None,
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
