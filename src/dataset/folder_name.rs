//! What the names of folders say: that they are parts of a data set, pictures or annotations.

use super::part::Part;

/// Words for folders of pictures, whatever they show.
const PICTURES: [&str; 9] =
    ["images", "image", "imgs", "img", "pictures", "photos", "jpegimages", "data", "dataset"];

/// Words for folders of what is known about pictures.
const ANNOTATIONS: [&str; 14] = [
    "labels",
    "label",
    "annotations",
    "annotation",
    "masks",
    "mask",
    "meta",
    "metadata",
    "trimaps",
    "segmentations",
    "xmls",
    "truth",
    "imdb",
    "groundtruth",
];

/// Words before the number of a piece of a set.
const PIECES: [&str; 6] = ["part", "batch", "chunk", "fold", "split", "shard"];

/// Words that are written together with a part's.
const JOINED: [&str; 5] = ["set", "data", "images", "imgs", "dir"];

/// What a folder has in it by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Pictures,
    Annotations,
}

/// The part that a folder's name seems to stand for, however prefixed, abbreviated or numbered: that of
/// `seg_train`, `TrainingSet`, `test1` or `dev`.
pub(super) fn part(name: &str) -> Option<Part> {
    let parts: Vec<Part> = words(name).iter().filter_map(|word| part_of(word)).collect();
    let first = *parts.first()?;
    parts.iter().all(|part| *part == first).then_some(first)
}

/// What is in a folder called `images`, `train_masks` or the like.
pub(super) fn content(name: &str) -> Option<Content> {
    let mut words = words(name);
    let count = words.len();
    words.retain(|word| part_of(word).is_none());
    let all = |known: &[&str]| words.iter().all(|word| known.contains(&word.as_str()));
    match words.len() {
        0 => (count > 0).then_some(Content::Pictures),
        _ if all(&PICTURES) => Some(Content::Pictures),
        _ if all(&[&PICTURES[..], &ANNOTATIONS, &["ground"]].concat()) => {
            Some(Content::Annotations)
        }
        _ => None,
    }
}

/// Whether the names differ only in their numbers, as those of the pieces of one set do: `part_1` and
/// `part_2`, or `images_001` and `images_002`, but not `stage_1` and `stage_2`.
pub(super) fn are_pieces(names: &[String]) -> bool {
    let bare = |name: &String| name.replace(|character: char| character.is_ascii_digit(), "");
    let is_piece = |word: &String| {
        let word = word.as_str();
        PIECES.contains(&word) || PICTURES.contains(&word) || part_of(word).is_some()
    };
    names.len() > 1
        && names.iter().all(|name| bare(name) == bare(&names[0]))
        && words(&names[0]).last().is_some_and(is_piece)
}

fn part_of(word: &str) -> Option<Part> {
    let joined = JOINED.iter().find_map(|joined| word.strip_suffix(joined));
    match joined.unwrap_or(word) {
        "dev" => Some(Part::Validation),
        word => Part::named(word),
    }
}

/// The words of a name in lower case: `seg_train`, `segTrain2` → `seg`, `train`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        if !character.is_alphabetic() || (was_lower && character.is_uppercase()) {
            words.push(String::new());
        }
        was_lower = character.is_lowercase();
        if let (true, Some(word)) = (character.is_alphabetic(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_known_in_longer_names() {
        for (part_of, names) in [
            (
                Some(Part::Train),
                ["seg_train", "train2017", "TrainingSet", "trainset", "x-train-images"],
            ),
            (Some(Part::Validation), ["dev", "valid", "my val", "ValidationData", "val_256"]),
            (
                Some(Part::Test),
                ["test1", "Testing", "asl_alphabet_test", "test-multiple_images", "TEST_SET"],
            ),
            (None, ["trains", "constrained", "latest", "train_test_split", "development"]),
        ] {
            names.iter().for_each(|name| assert_eq!(part(name), part_of, "{name}"));
        }
    }

    #[test]
    fn pictures_annotations_and_pieces_are_known() {
        for (expected, names) in [
            (Some(Content::Pictures), ["images", "train_images", "train", "JPEGImages"]),
            (Some(Content::Annotations), ["labels", "Annotation", "train_masks", "GroundTruth"]),
            (None, ["with_mask", "cats", "label maker", "1"]),
        ] {
            names.iter().for_each(|name| assert_eq!(content(name), expected, "{name}"));
        }
        let pieces = |names: [&str; 2]| are_pieces(&names.map(str::to_owned));
        assert!(pieces(["HAM10000_images_part_1", "HAM10000_images_part_2"]));
        assert!(pieces(["images_001", "images_002"]) && pieces(["train1", "train2"]));
        assert!(
            !pieces(["stage_1", "stage_2"]) && !pieces(["0", "1"]) && !pieces(["part_a", "part_b"])
        );
    }
}
