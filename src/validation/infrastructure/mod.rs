//! Infrastructure checks.

mod certificates;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[certificates::CHECKS];
