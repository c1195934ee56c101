//! Folds for cross-validation: near copies together, and every class spread evenly.

use crate::random::{Purpose, generator};
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// The fold of each picture, from 0: one of `count`, or of as many as there are groups. `labels` are
/// the pictures' classes, and `first` is for each the index of the first picture of its group, as in
/// [`Groups`](super::near_copies::Groups). A group is in one fold, so that no picture is judged by a
/// classifier that has seen its copy. The largest groups come first, the others in an order drawn
/// from `seed`, each to the fold with the fewest pictures of its classes.
pub fn assign(labels: &[usize], first: &[usize], count: usize, seed: u64) -> Vec<usize> {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, &first) in first.iter().enumerate() {
        members.entry(first).or_default().push(index);
    }
    let mut groups: Vec<Vec<usize>> = members.into_values().collect();
    groups.shuffle(&mut generator(seed, Purpose::Folds, 0));
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let classes = labels.iter().max().map_or(0, |most| most + 1);
    let mut of_class = vec![vec![0; classes]; count.clamp(1, groups.len().max(1))];
    let mut sizes = vec![0; of_class.len()];
    let mut fold_of = vec![0; labels.len()];
    for group in groups {
        let alike = |fold: usize| group.iter().map(|&index| of_class[fold][labels[index]]).sum();
        let fewest =
            (0..sizes.len()).min_by_key(|&fold| -> (usize, usize) { (alike(fold), sizes[fold]) });
        let fold = fewest.unwrap_or_default();
        for index in group {
            fold_of[index] = fold;
            of_class[fold][labels[index]] += 1;
            sizes[fold] += 1;
        }
    }
    fold_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_spread_evenly_and_copies_stay_together() {
        // 20 pictures of class 0, 10 of class 1; 3 and 7 are copies of 1, and 25 is one of 21.
        let labels: Vec<usize> = (0..30).map(|index| usize::from(index >= 20)).collect();
        let mut first: Vec<usize> = (0..30).collect();
        (first[3], first[7], first[25]) = (1, 1, 21);
        for seed in 1..=5 {
            let folds = assign(&labels, &first, 5, seed);
            assert_eq!(folds, assign(&labels, &first, 5, seed));
            assert!(folds[1] == folds[3] && folds[1] == folds[7] && folds[21] == folds[25]);
            for fold in 0..5 {
                let of =
                    |label| (0..30).filter(|&i| folds[i] == fold && labels[i] == label).count();
                assert_eq!((of(0), of(1)), (4, 2), "{folds:?}");
            }
        }
        assert_ne!(assign(&labels, &first, 5, 1), assign(&labels, &first, 5, 2));
    }

    #[test]
    fn there_are_no_more_folds_than_groups() {
        let folds = assign(&[0, 0, 1, 1], &[0, 0, 2, 3], 5, 1);
        assert_eq!(folds[0], folds[1]);
        assert_eq!(folds.iter().max(), Some(&2));
        assert!(assign(&[], &[], 5, 1).is_empty());
    }
}
