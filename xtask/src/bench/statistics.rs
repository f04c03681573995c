//! Medians and ranges: a benchmark on a shared machine has outliers, means don't survive them.

/// Measurements of one thing, in the order of the rounds.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample(Vec<f64>);

impl Sample {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle value; of an even number the upper middle.
    pub(super) fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    pub(super) fn min(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }

    pub(super) fn max(&self) -> f64 {
        self.sorted().last().copied().unwrap_or(f64::NAN)
    }

    /// Round by round divided by `base`: what slowed both in a round cancels out.
    pub(super) fn relative_to(&self, base: &Self) -> Self {
        Self(self.0.iter().zip(&base.0).map(|(own, base)| own / base).collect())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn ratios_are_taken_round_by_round() {
        let fast = Sample(vec![10.0, 5.0, 20.0]);
        let slow = Sample(vec![5.0, 2.5, 5.0]);
        assert_eq!(fast.relative_to(&slow).0, [2.0, 2.0, 4.0]);
        assert_eq!((fast.min(), fast.median(), fast.max()), (5.0, 10.0, 20.0));
    }
}
