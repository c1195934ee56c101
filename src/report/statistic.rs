//! Mean and standard deviation of a figure over several runs.

use serde::Serialize;

/// Mean and standard deviation of the values of several runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistic {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation (divisor n − 1); `None` for a single value.
    pub deviation: Option<f64>,
    /// The values, in the order of the runs.
    pub values: Vec<f64>,
}

impl Statistic {
    /// Statistic of one value per run; `None` if any is missing, or there are no runs.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().collect::<Option<_>>()?;
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        (!values.is_empty()).then_some(Self { mean, deviation, values })
    }

    /// Mean and standard deviation with this number of decimals, such as `0.7162 ± 0.0072`; the
    /// mean alone for a single value.
    pub fn show(&self, decimals: usize) -> String {
        let mean = format!("{:.decimals$}", self.mean);
        self.deviation.map_or(mean.clone(), |deviation| format!("{mean} ± {deviation:.decimals$}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_by_one_less_than_the_runs() {
        // Deviations of -0.0323, 0.0137 and 0.0187: the root of half the sum of their squares.
        let three = Statistic::of([0.689, 0.735, 0.740].map(Some)).unwrap();
        assert_eq!(three.show(3), "0.721 ± 0.028");
        let one = Statistic::of([Some(0.5)]).unwrap();
        assert_eq!((one.show(4), one.deviation), ("0.5000".to_owned(), None));
        assert_eq!(Statistic::of([Some(0.5), None]), None);
        assert_eq!(Statistic::of([]), None);
    }
}
