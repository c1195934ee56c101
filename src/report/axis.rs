//! Axes of charts: which values they have, and which of these have a label.

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What the values are.
    pub name: String,
    /// The first value.
    pub low: f64,
    /// The last value.
    pub high: f64,
    /// The values that have a label.
    pub ticks: Vec<f64>,
    /// Decimals of the labels.
    pub decimals: usize,
}

impl Axis {
    /// An axis around `values`, from a label to another: multiples of 1, 2 or 5 times a power of ten,
    /// four to nine of them. Values that are not finite do not count.
    pub fn of_values(values: impl Iterator<Item = f64>, from_zero: bool) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        let low = if from_zero { 0.0 } else { low };
        // Equal values, such as those of a single epoch, are in the middle of an axis.
        let (low, high) = if high - low < 1e-6 { (low - 0.01, high + 0.01) } else { (low, high) };
        let span = high - low;
        let power = 10f64.powf((span / 4.0).log10().floor());
        let steps = [5.0, 2.0, 1.0].map(|factor| factor * power);
        let step = steps.into_iter().find(|step| span / step >= 3.0).unwrap_or(power);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        Self {
            name: String::new(),
            low: first * step,
            high: last * step,
            ticks: (0..=(last - first) as usize).map(|tick| (first + tick as f64) * step).collect(),
            decimals: (-step.log10().floor()).clamp(0.0, 6.0) as usize,
        }
    }

    /// An axis of the epochs from 1 to `last`.
    pub fn of_epochs(last: i64) -> Self {
        let every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
        let every = every.into_iter().find(|every| last / every <= 8).unwrap_or(last);
        let ticks = (1..=last).filter(|epoch| epoch % every == 0 || *epoch == 1);
        // Marks of the first and the last epoch are not on the border.
        let (last, margin) = (last.max(2) as f64, 0.02 * (last.max(2) - 1) as f64);
        let (low, high) = (1.0 - margin, last + margin);
        let ticks = ticks.map(|epoch| epoch as f64).collect();
        Self { name: "epoch".to_owned(), low, high, ticks, decimals: 0 }
    }

    /// The label of a value.
    pub fn label(&self, value: f64) -> String {
        format!("{value:.*}", self.decimals)
    }

    /// Where `value` is between the pixels `from` and `to`.
    pub(crate) fn place(&self, value: f64, from: f32, to: f32) -> f32 {
        from + ((value - self.low) / (self.high - self.low)) as f32 * (to - from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_labels_around_the_values() {
        for (low, high) in [(0.0, 0.7), (0.52, 0.99), (0.981, 0.984), (0.0, 120.0), (0.5, 0.5)] {
            let axis = Axis::of_values([high, f64::NAN, low, f64::INFINITY].into_iter(), false);
            let ticks = &axis.ticks;
            assert!((2..=11).contains(&ticks.len()), "{low} {high} {ticks:?}");
            assert!(ticks[0] <= low + 1e-9 && high <= ticks[ticks.len() - 1] + 1e-9);
            assert_eq!((ticks[0], ticks[ticks.len() - 1]), (axis.low, axis.high));
            let step = ticks[1] - ticks[0];
            for &tick in ticks {
                let shown: f64 = axis.label(tick).parse().unwrap();
                assert!((shown - tick).abs() < step / 100.0, "{tick} {shown}");
            }
        }
        let ticks = |last| Axis::of_epochs(last).ticks;
        assert_eq!((ticks(1), ticks(20)), (vec![1.0], vec![1.0, 5.0, 10.0, 15.0, 20.0]));
    }
}
