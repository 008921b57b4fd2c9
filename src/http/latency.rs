//! Latencies and what to say about them. Pure.

use std::time::Duration;

/// Measured times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latencies {
    micros: Vec<u64>,
}

/// A bar of the histogram: how many took at most `up_to_ms` (and more than the bar before).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// None: the rest.
    pub up_to_ms: Option<u64>,
    pub count: u64,
}

const EDGES_MS: [u64; 11] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];

impl Latencies {
    pub fn new(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut micros: Vec<u64> =
            times.into_iter().map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX)).collect();
        micros.sort_unstable();
        Self { micros }
    }

    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// The nearest-rank percentile in milliseconds; `None` when nothing was measured.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let rank = (percent / 100.0 * self.micros.len() as f64).ceil() as usize;
        let index = rank.clamp(1, self.micros.len().max(1)) - 1;
        self.micros.get(index).map(|micros| *micros as f64 / 1000.0)
    }

    pub fn histogram(&self) -> Vec<Bucket> {
        let mut from = 0;
        let mut buckets = Vec::with_capacity(EDGES_MS.len() + 1);
        for edge in EDGES_MS {
            let to = self.micros.partition_point(|micros| *micros <= edge * 1000);
            buckets.push(Bucket { up_to_ms: Some(edge), count: (to - from) as u64 });
            from = to;
        }
        buckets.push(Bucket { up_to_ms: None, count: (self.micros.len() - from) as u64 });
        buckets
    }

    /// The histogram as one line: `≤1ms 12 · ≤2ms 40`; empty bars are left out.
    pub fn line(&self) -> String {
        let bars: Vec<String> = self
            .histogram()
            .into_iter()
            .filter(|bucket| bucket.count > 0)
            .map(|bucket| match bucket.up_to_ms {
                Some(edge) => format!("≤{edge}ms {}", bucket.count),
                None => format!(">2000ms {}", bucket.count),
            })
            .collect();
        bars.join(" · ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: impl IntoIterator<Item = u64>) -> Latencies {
        Latencies::new(ms.into_iter().map(Duration::from_millis))
    }

    #[test]
    fn percentiles_are_measured_values_by_nearest_rank() {
        let latencies = of((1..=100).rev());
        assert_eq!(latencies.percentile_ms(50.0), Some(50.0));
        assert_eq!(latencies.percentile_ms(95.0), Some(95.0));
        assert_eq!(latencies.percentile_ms(99.0), Some(99.0));
        assert_eq!(of([7]).percentile_ms(99.0), Some(7.0));
    }

    #[test]
    fn nothing_measured_has_no_percentile() {
        assert_eq!(of([]).percentile_ms(95.0), None);
    }

    #[test]
    fn every_value_stands_in_exactly_one_bar() {
        let latencies = of([1, 2, 3, 600, 5000]);
        let total: u64 = latencies.histogram().iter().map(|b| b.count).sum();
        assert_eq!(total, 5);
        assert_eq!(latencies.line(), "≤1ms 1 · ≤2ms 1 · ≤5ms 1 · ≤1000ms 1 · >2000ms 1");
    }
}
