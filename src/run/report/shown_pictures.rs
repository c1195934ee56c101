//! Which pictures of an evaluation to show.

use crate::metrics::scored::Scored;

/// The pictures with the highest loss among those classified wrongly, the highest first: indices, at
/// most `count`.
pub fn most_wrong(scored: &Scored, losses: &[f64], count: usize) -> Vec<usize> {
    let correct: Vec<bool> = scored.are_correct().collect();
    let mut wrong: Vec<usize> = (0..scored.len()).filter(|&index| !correct[index]).collect();
    wrong.sort_by(|&a, &b| losses[b].total_cmp(&losses[a]));
    wrong.truncate(count);
    wrong
}

/// The pictures whose two most probable classes are closest, the closest first: indices, at most
/// `count`, none of them in `without`.
pub fn least_sure(scored: &Scored, without: &[usize], count: usize) -> Vec<usize> {
    let margins: Vec<f64> = scored.rows().map(margin).collect();
    let mut pictures: Vec<usize> =
        (0..scored.len()).filter(|index| !without.contains(index)).collect();
    pictures.sort_by(|&a, &b| margins[a].total_cmp(&margins[b]));
    pictures.truncate(count);
    pictures
}

/// The most probable class's probability minus the next one's.
fn margin(row: &[f64]) -> f64 {
    let (first, second) = row.iter().fold((0.0, 0.0), |(first, second), &probability| {
        if probability > first {
            (probability, first)
        } else {
            (first, f64::max(second, probability))
        }
    });
    first - second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_come_first() {
        let rows = [[0.9, 0.1], [0.2, 0.8], [0.45, 0.55], [0.51, 0.49], [0.0, 1.0]];
        let scored = Scored {
            classes: vec!["cats".to_owned(), "dogs".to_owned()],
            labels: vec![0, 0, 0, 0, 0],
            predicted: vec![0, 1, 1, 0, 1],
            probabilities: rows.concat(),
        };
        let losses: Vec<f64> = rows.iter().map(|row| -row[0].max(1e-7f64).ln()).collect();
        assert_eq!(most_wrong(&scored, &losses, 2), [4, 1]);
        assert_eq!(most_wrong(&scored, &losses, 9), [4, 1, 2]);
        assert_eq!(least_sure(&scored, &[2], 2), [3, 1]);
    }
}
