//! How long a run still takes.

use petite::history::Epoch;

/// Epochs whose mean duration is expected of the next.
const RECENT: usize = 10;

/// The durations of the epochs so far, with validation.
#[derive(Debug, Clone, Default)]
pub struct Estimate {
    seconds: Vec<f64>,
}

impl Estimate {
    /// Counts an epoch.
    pub fn add(&mut self, row: &Epoch) {
        self.seconds.extend(row.seconds.filter(|seconds| seconds.is_finite()));
    }

    /// Seconds that an epoch takes; `None` before the first.
    pub fn of_epoch(&self) -> Option<f64> {
        let recent = &self.seconds[self.seconds.len().saturating_sub(RECENT)..];
        (!recent.is_empty()).then(|| recent.iter().sum::<f64>() / recent.len() as f64)
    }

    /// Seconds to the end of a run with `epochs_left` epochs after the present one, which began
    /// `elapsed` seconds ago and whose training steps are done but for a share of `steps_left`. Before
    /// the first epoch has ended, it is the time for training without validation.
    pub fn left(&self, epochs_left: i64, elapsed: f64, steps_left: f64) -> f64 {
        let training = elapsed / (1.0 - steps_left).max(f64::MIN_POSITIVE);
        let (whole, rest) = match self.of_epoch() {
            // An epoch that is slower than those before takes at least its steps.
            Some(whole) => (whole, (whole - elapsed).max(training * steps_left)),
            None => (training, training * steps_left),
        };
        rest + whole * epochs_left as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: &[f64]) -> Estimate {
        let mut estimate = Estimate::default();
        for &seconds in seconds {
            let row = Epoch::new(1, 0.5, 0.5, 0.5, 0.5);
            estimate.add(&Epoch { seconds: Some(seconds), ..row });
        }
        estimate
    }

    #[test]
    fn the_whole_run_is_estimated_from_epochs_or_else_from_steps() {
        // A fifth of the first epoch's steps took 2 s.
        assert!((after(&[]).left(9, 2.0, 0.8) - 98.0).abs() < 1e-9);
        assert_eq!(after(&[12.0]).left(8, 2.0, 0.8), 106.0);
        // Only validation is left of it.
        assert_eq!(after(&[12.0]).left(8, 10.0, 0.0), 98.0);
        assert_eq!(after(&[12.0]).left(0, 14.0, 0.0), 0.0);
        // The machine has become slower.
        assert_eq!(after(&[12.0]).left(0, 10.0, 0.5), 10.0);
        let mut faster = vec![100.0; 3];
        faster.extend([1.0; 10]);
        assert_eq!(after(&faster).of_epoch(), Some(1.0));
        assert_eq!(after(&[]).of_epoch(), None);
    }
}
