//! From a few sizes to a larger one: how a statement's time grows with its table. Pure.

/// A statement's time at one size of its table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub rows: f64,
    pub ms: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// It takes the same time whatever the table holds.
    Constant,
    Linear,
    /// As sorting does.
    Sorting,
}

impl Growth {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Sorting => "n log n",
        }
    }

    fn of(self, rows: f64) -> f64 {
        match self {
            Self::Constant => 0.0,
            Self::Linear => rows,
            Self::Sorting => rows * rows.max(2.0).log2(),
        }
    }
}

/// Milliseconds at a size that was not tried, with the range in which they are expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub growth: Growth,
    pub ms: f64,
    pub low_ms: f64,
    pub high_ms: f64,
}

/// A statement that is over within this time at every size has nothing to estimate.
const NOISE_MS: f64 = 5.0;
/// No clock and no machine is more even than this share.
const LEAST_SPREAD: f64 = 0.1;

/// Estimates the time at `rows`. Nothing where there are less than three sizes, or where the time
/// does not grow with the size in a way that can be followed.
pub fn estimate(points: &[Point], rows: f64) -> Option<Estimate> {
    if points.len() < 3 {
        return None;
    }
    let longest = points.iter().map(|point| point.ms).fold(0.0, f64::max);
    let shortest = points.iter().map(|point| point.ms).fold(f64::MAX, f64::min);
    if longest < NOISE_MS || longest < shortest * 1.25 {
        return Some(Estimate {
            growth: Growth::Constant,
            ms: longest,
            low_ms: shortest,
            high_ms: longest * 1.5,
        });
    }
    let fits = [Growth::Linear, Growth::Sorting].map(|growth| (growth, fit(growth, points)));
    let (growth, best) = fits.into_iter().min_by(|a, b| a.1.error.total_cmp(&b.1.error))?;
    if best.error > 0.35 {
        return None;
    }
    let ms = best.at(growth, rows);
    // What each model says, and what it would say without one of the sizes.
    let mut others: Vec<f64> = fits.iter().map(|(growth, fit)| fit.at(*growth, rows)).collect();
    for left_out in 0..points.len() {
        let rest: Vec<Point> = points
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != left_out)
            .map(|(_, point)| *point)
            .collect();
        others.push(fit(growth, &rest).at(growth, rows));
    }
    let spread = LEAST_SPREAD.max(best.error);
    Some(Estimate {
        growth,
        ms,
        low_ms: others.iter().copied().fold(ms * (1.0 - spread), f64::min).max(0.0),
        high_ms: others.iter().copied().fold(ms * (1.0 + spread), f64::max),
    })
}

#[derive(Debug, Clone, Copy)]
struct Fit {
    fixed: f64,
    per: f64,
    /// The largest share by which a point lies beside the line.
    error: f64,
}

impl Fit {
    fn at(self, growth: Growth, rows: f64) -> f64 {
        self.fixed + self.per * growth.of(rows)
    }
}

/// Least squares of the relative errors, with neither part below nothing.
fn fit(growth: Growth, points: &[Point]) -> Fit {
    let (mut ww, mut wx, mut wxx, mut wy, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for point in points {
        let (x, y) = (growth.of(point.rows), point.ms.max(0.01));
        let weight = 1.0 / (y * y);
        ww += weight;
        wx += weight * x;
        wxx += weight * x * x;
        wy += weight * y;
        wxy += weight * x * y;
    }
    let determinant = ww * wxx - wx * wx;
    let mut fixed = if determinant.abs() > f64::EPSILON { (wy * wxx - wx * wxy) / determinant } else { 0.0 };
    let mut per = if determinant.abs() > f64::EPSILON { (ww * wxy - wx * wy) / determinant } else { 0.0 };
    if fixed < 0.0 {
        (fixed, per) = (0.0, wxy / wxx);
    } else if per < 0.0 {
        (fixed, per) = (wy / ww, 0.0);
    }
    let fit = Fit { fixed, per, error: 0.0 };
    let error = points
        .iter()
        .map(|point| ((fit.at(growth, point.rows) - point.ms) / point.ms.max(0.01)).abs())
        .fold(0.0, f64::max);
    Fit { error, ..fit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(of: impl Fn(f64) -> f64) -> Vec<Point> {
        [25e3, 50e3, 100e3].map(|rows| Point { rows, ms: of(rows) }).to_vec()
    }

    #[test]
    fn a_line_and_a_sort_are_told_apart_and_followed() {
        let line = estimate(&points(|n| 3.0 + n * 0.01), 200e3).unwrap();
        assert_eq!(line.growth, Growth::Linear);
        assert!((line.ms - 2003.0).abs() < 1.0 && line.low_ms < 2003.0 && line.high_ms > 2003.0, "{line:?}");
        let sort = estimate(&points(|n| n * n.log2() * 0.001), 200e3).unwrap();
        assert_eq!(sort.growth, Growth::Sorting);
    }

    #[test]
    fn what_does_not_grow_or_makes_no_sense_is_said_so() {
        assert_eq!(estimate(&points(|_| 0.4), 1e9).unwrap().growth, Growth::Constant);
        assert_eq!(estimate(&points(|_| 500.0), 1e9).unwrap().growth, Growth::Constant);
        assert!(estimate(&points(|n| if n < 30e3 { 900.0 } else { 100.0 }), 1e6).is_none());
        assert!(estimate(&points(|n| n)[..2], 1e6).is_none());
    }

    #[test]
    fn noise_widens_the_range() {
        let quiet = estimate(&points(|n| n * 0.01), 200e3).unwrap();
        let mut noisy = points(|n| n * 0.01);
        noisy[1].ms *= 1.3;
        let noisy = estimate(&noisy, 200e3).unwrap();
        assert!(noisy.high_ms - noisy.low_ms > quiet.high_ms - quiet.low_ms);
    }
}
