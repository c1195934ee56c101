//! Receiver operating characteristics.

use super::scored::Scored;

/// The ROC curve of a class against all others: what its probability, as a threshold, separates.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    /// Points from (0, 0) to (1, 1), one per distinct probability, the highest first: the share of
    /// the other pictures and the share of the class's own that have at least this probability.
    pub points: Vec<(f64, f64)>,
}

impl Roc {
    /// The curve of the class `label`; `None` if it has no pictures, or all of them.
    pub fn of_class(scored: &Scored, label: usize) -> Option<Self> {
        let is_own = scored.labels.iter().map(|&known| known == label);
        let mut pictures: Vec<(f64, bool)> =
            scored.of_class(label).into_iter().zip(is_own).collect();
        let own = pictures.iter().filter(|(_, is_own)| *is_own).count();
        let others = pictures.len() - own;
        if own == 0 || others == 0 {
            return None;
        }
        pictures.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let mut points = vec![(0.0, 0.0)];
        let (mut own_above, mut others_above) = (0usize, 0usize);
        for same in pictures.chunk_by(|(a, _), (b, _)| a == b) {
            let own_here = same.iter().filter(|(_, is_own)| *is_own).count();
            own_above += own_here;
            others_above += same.len() - own_here;
            points.push((others_above as f64 / others as f64, own_above as f64 / own as f64));
        }
        Some(Self { points })
    }

    /// The share of the class's own pictures where the share of the others is `x`, 0..=1: the highest of
    /// a vertical piece, between points on the line.
    pub fn at(&self, x: f64) -> f64 {
        let after = self.points.partition_point(|(before, _)| *before <= x);
        match (self.points.get(after.wrapping_sub(1)), self.points.get(after)) {
            (Some((x0, y0)), Some((x1, y1))) => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
            (Some((_, y)), None) => *y,
            _ => 0.0,
        }
    }

    /// Area under the curve by trapezoids, 0..=1: the probability that a picture of the class gets a
    /// higher probability than another one, ties counted half.
    pub fn auc(&self) -> f64 {
        let trapezoid = |pair: &[(f64, f64)]| match pair {
            [(x0, y0), (x1, y1)] => (x1 - x0) * (y0 + y1) / 2.0,
            _ => 0.0,
        };
        self.points.windows(2).map(trapezoid).sum()
    }
}
