//! Calibration: whether predictions are right as often as their probability says.

use super::scored::Scored;

/// Number of bins of equal width, as in the paper.
pub const BINS: usize = 15;

/// The predictions whose probability lies in a bin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    /// Number of pictures.
    pub pictures: usize,
    /// Sum of the predicted classes' probabilities.
    pub confidence: f64,
    /// Number of correctly classified pictures.
    pub correct: usize,
}

/// The predictions by the probability of the predicted class. Bin `i` of n holds those in
/// (i / n, (i + 1) / n], and the first one 0 too.
pub fn bins(scored: &Scored) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    let predicted = scored.predicted.iter().zip(scored.are_correct());
    for (row, (&label, is_correct)) in scored.rows().zip(predicted) {
        let confidence = row.get(label).copied().unwrap_or(0.0);
        let edges_below = (1..BINS).filter(|&edge| confidence > edge as f64 / BINS as f64).count();
        let bin = &mut bins[edges_below];
        bin.pictures += 1;
        bin.confidence += confidence;
        bin.correct += usize::from(is_correct);
    }
    bins
}

/// Expected calibration error, 0..=1: the mean difference between accuracy and probability over the
/// bins, weighted by their pictures (Guo and others, "On calibration of modern neural networks",
/// 2017, equation 3). 0 without pictures.
pub fn calibration_error(scored: &Scored) -> f64 {
    let differences: f64 =
        bins(scored).iter().map(|bin| (bin.correct as f64 - bin.confidence).abs()).sum();
    if scored.is_empty() { 0.0 } else { differences / scored.len() as f64 }
}
