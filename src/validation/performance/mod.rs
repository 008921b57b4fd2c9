//! Performance checks.

mod latency;
mod limit;
mod limit_verdict;
mod load;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[latency::CHECKS, load::CHECKS, limit::CHECKS];
