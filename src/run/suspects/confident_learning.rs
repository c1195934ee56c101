//! Likely wrong labels by confident learning: Northcutt, Jiang and Chuang, "Confident Learning:
//! Estimating Uncertainty in Dataset Labels", 2021.

/// A picture's label against its out-of-fold probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Doubt {
    /// Index of the picture.
    pub picture: usize,
    /// The class that is more likely than the label, or next to it.
    pub suggested: usize,
    /// Probability of the label minus that of the suggested class, −1..=1.
    pub margin: f64,
    /// Whether the picture is off the diagonal of the confident joint: among the classes with a
    /// probability of at least their threshold, the most probable one is another than the label. A
    /// class's threshold is the mean probability that pictures with this label have of it.
    pub is_confident: bool,
}

/// The labels that can be judged, the most doubtful first: those off the diagonal of the confident
/// joint, then the others, both by their normalized margin. `probabilities` are rows of `classes`,
/// `labels` the pictures' classes, and `judged` says which of them a classifier could know.
pub(crate) fn doubts(
    probabilities: &[f32],
    labels: &[usize],
    classes: usize,
    judged: &[bool],
) -> Vec<Doubt> {
    let row = |picture: usize| &probabilities[picture * classes..][..classes];
    let thresholds = thresholds(probabilities, labels, classes, judged);
    let mut doubts: Vec<Doubt> = (0..labels.len())
        .filter(|&picture| judged[picture])
        .filter_map(|picture| {
            let (row, label) = (row(picture), labels[picture]);
            let most_of = |among: &dyn Fn(usize) -> bool| {
                let classes = (0..classes).filter(|&class| among(class));
                // The first of equal ones.
                classes.rev().max_by(|&a, &b| row[a].total_cmp(&row[b]))
            };
            let confident = most_of(&|class| f64::from(row[class]) >= thresholds[class]);
            let confident = confident.filter(|&class| class != label);
            let suggested = confident.or_else(|| most_of(&|class| class != label))?;
            let margin = f64::from(row[label]) - f64::from(row[suggested]);
            Some(Doubt { picture, suggested, margin, is_confident: confident.is_some() })
        })
        .collect();
    doubts.sort_by(|a, b| b.is_confident.cmp(&a.is_confident).then(a.margin.total_cmp(&b.margin)));
    doubts
}

/// Each class's mean probability over the judged pictures with its label; infinite without any.
fn thresholds(
    probabilities: &[f32],
    labels: &[usize],
    classes: usize,
    judged: &[bool],
) -> Vec<f64> {
    let mut sums = vec![(0.0, 0usize); classes];
    for (picture, &label) in labels.iter().enumerate().filter(|(picture, _)| judged[*picture]) {
        let (sum, count) = &mut sums[label];
        *sum += f64::from(probabilities[picture * classes + label]);
        *count += 1;
    }
    let mean = |(sum, count)| if count > 0 { sum / count as f64 } else { f64::INFINITY };
    sums.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_judge_each_class_by_its_own_confidence() {
        #[rustfmt::skip]
        let probabilities = [
            0.9, 0.1,
            0.9, 0.1,
            0.4, 0.6, // labeled 0
            0.3, 0.7,
            0.6, 0.4, // labeled 1
        ];
        let labels = [0, 0, 0, 1, 1];
        let found = doubts(&probabilities, &labels, 2, &[true; 5]);
        // The mean of 0.9, 0.9 and 0.4 is 0.73, that of 0.7 and 0.4 is 0.55: a probability of 0.6 is
        // much for class 1 and little for class 0.
        let order: Vec<_> = found.iter().map(|doubt| (doubt.picture, doubt.is_confident)).collect();
        assert_eq!(order, [(2, true), (4, false), (3, false), (0, false), (1, false)]);
        assert_eq!((found[0].suggested, found[1].suggested), (1, 0));
        assert!((found[0].margin + 0.2).abs() < 1e-6);
    }

    #[test]
    fn a_rare_class_is_not_suspected_for_being_rare() {
        // All pictures of class 1 look more like class 0, because that is common.
        #[rustfmt::skip]
        let probabilities = [
            0.95, 0.05,
            0.95, 0.05,
            0.95, 0.05,
            0.60, 0.40,
            0.60, 0.40,
        ];
        let found = doubts(&probabilities, &[0, 0, 0, 1, 1], 2, &[true; 5]);
        assert!(found.iter().all(|doubt| !doubt.is_confident), "{found:?}");
    }

    #[test]
    fn the_suggestion_is_the_most_probable_of_the_confident_classes() {
        #[rustfmt::skip]
        let probabilities = [
            0.5, 0.4, 0.1,
            0.2, 0.3, 0.5,
            0.1, 0.3, 0.6, // labeled 0
            0.1, 0.1, 0.8,
        ];
        let labels = [0, 1, 0, 2];
        let found = doubts(&probabilities, &labels, 3, &[true; 4]);
        // Thresholds 0.3, 0.3 and 0.8: of picture 2, only class 1 reaches its own.
        assert_eq!((found[0].picture, found[0].suggested, found[0].is_confident), (2, 1, true));
        // Picture 1 is confidently its own label, so another class is only next.
        let second = found.iter().find(|doubt| doubt.picture == 1).unwrap();
        assert_eq!((second.suggested, second.is_confident), (2, false));
    }

    #[test]
    fn a_class_that_no_classifier_knows_is_left_out() {
        let probabilities = [0.9, 0.05, 0.05, 0.9, 0.05, 0.05, 0.1, 0.85, 0.05];
        let found = doubts(&probabilities, &[0, 0, 2], 3, &[true, true, false]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|doubt| !doubt.is_confident && doubt.picture < 2));
    }
}
