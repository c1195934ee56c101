//! Splitting pictures by their content.

use petite::dataset::near_copies::Groups;
use petite::dataset::part::{PartSize, PartSizes};
use petite::dataset::partition::partition;
use petite::pictures::folder::{Folder, Sample};
use twox_hash::XxHash3_64;

/// Pictures of classes of the given sizes; `groups` joins picture `i` with picture `i − 1`.
fn folder(sizes: &[usize], copies: &[usize]) -> (Folder, Groups) {
    let samples: Vec<Sample> = sizes
        .iter()
        .enumerate()
        .flat_map(|(label, &size)| {
            (0..size).map(move |n| Sample { path: format!("{label}/{n}").into(), label })
        })
        .collect();
    let classes = (0..sizes.len()).map(|label| label.to_string()).collect();
    let (path, name) = ("data".into(), "all".to_owned());
    let folder = Folder { path, name, classes, samples };
    let mut groups = hashed(&folder);
    copies.iter().for_each(|&index| groups.first[index] = groups.first[index - 1]);
    (folder, groups)
}

/// Each picture alone in its group, with a hash of its path.
fn hashed(folder: &Folder) -> Groups {
    let hash = |sample: &Sample| XxHash3_64::oneshot(sample.path.as_os_str().as_encoded_bytes());
    Groups {
        hashes: folder.samples.iter().map(hash).collect(),
        first: (0..folder.samples.len()).collect(),
    }
}

fn shares(validation: f64, test: f64) -> PartSizes {
    let (validation, test) = (PartSize::Share(validation), PartSize::Share(test));
    PartSizes { train: None, validation, test }
}

#[test]
fn shares_are_near_and_pictures_stay() {
    let (all, groups) = folder(&[1000, 2000], &[]);
    let parts = partition(&all, &groups, shares(0.2, 0.1)).unwrap();
    // Four standard deviations of a binomial distribution.
    for (part, share) in parts.iter().zip([0.7, 0.2, 0.1]) {
        for (count, of) in part.counts().into_iter().zip([1000.0, 2000.0]) {
            let deviation = f64::sqrt(of * share * (1.0 - share));
            assert!((count as f64 - of * share).abs() < 4.0 * deviation, "{count} of {of}");
        }
    }
    let total: usize = parts.iter().map(|part| part.samples.len()).sum();
    assert_eq!(total, 3000);
    // Fewer pictures, and another test share.
    let (few, groups) = folder(&[900, 100], &[]);
    let fewer = partition(&few, &groups, shares(0.2, 0.2)).unwrap();
    for sample in &fewer[1].samples {
        assert!(parts[1].samples.contains(sample), "{sample:?}");
    }
    for sample in &parts[2].samples {
        assert!(!few.samples.contains(sample) || fewer[2].samples.contains(sample));
    }
}

#[test]
fn small_classes_have_pictures_in_every_part() {
    for size in 10..60 {
        let (all, groups) = folder(&[size, size + 1, 1, 2], &[]);
        let parts = partition(&all, &groups, shares(0.2, 0.1)).unwrap();
        for (part, share) in parts.iter().zip([0.0, 0.2, 0.1]) {
            let counts = part.counts();
            assert!(counts[0] >= 1 && counts[1] >= 1, "{size}: {counts:?}");
            assert!(counts[0] as f64 >= share * size as f64 / 2.0, "{size}: {counts:?}");
        }
        assert_eq!(parts[0].counts()[2..], [1, 2]);
    }
}

/// Whatever chance says, training keeps its share, and the other parts get what theirs round to.
#[test]
fn few_pictures_are_mostly_training_pictures() {
    for size in 1..20 {
        for salt in 0..50 {
            let (mut all, _) = folder(&[size, size], &[]);
            all.samples
                .iter_mut()
                .for_each(|s| s.path = format!("{salt}/{}", s.path.display()).into());
            let parts = partition(&all, &hashed(&all), shares(0.2, 0.1)).unwrap();
            for class in 0..2 {
                let [train, validation, test] = [0, 1, 2].map(|part| parts[part].counts()[class]);
                let context = format!("{size} pictures: {train}, {validation}, {test}");
                assert!(train >= (0.7 * size as f64 + 1e-9).floor() as usize, "{context}");
                let least = |share: f64| {
                    (share * size as f64 / 2.0).ceil().min((share * size as f64).round())
                };
                assert!(validation as f64 >= least(0.2) && test as f64 >= least(0.1), "{context}");
                assert_eq!(train + validation + test, size);
            }
        }
    }
    // The three of each class that were one for each part.
    let (all, groups) = folder(&[3, 3], &[]);
    let parts = partition(&all, &groups, shares(0.2, 0.1)).unwrap();
    assert_eq!(parts.map(|part| part.counts()), [[2, 2], [1, 1], [0, 0]]);
}

#[test]
fn numbers_are_exact_and_groups_stay_whole() {
    let copies: Vec<usize> = (1..100).filter(|index| index % 3 == 1).collect();
    let (all, groups) = folder(&[60, 40], &copies);
    let sizes = PartSizes {
        train: Some(PartSize::Count(12)),
        validation: PartSize::Count(7),
        test: PartSize::Count(5),
    };
    let parts = partition(&all, &groups, sizes).unwrap();
    for (part, expected) in parts.iter().zip([12, 7, 5]) {
        assert_eq!(part.counts(), [expected; 2]);
        for index in &copies {
            let has = |index: usize| part.samples.contains(&all.samples[index]);
            assert_eq!(has(*index), has(index - 1));
        }
    }
    let sizes = PartSizes { validation: PartSize::Count(38), ..sizes };
    let error = partition(&all, &groups, sizes).unwrap_err().to_string();
    assert!(error.contains("found 40 pictures; try a smaller"), "{error}");
}
