//! Integration checks: do the services reach each other, end to end?

mod edges;
mod paths;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[edges::CHECKS, paths::CHECKS];
