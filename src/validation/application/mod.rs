//! Application checks.

mod routes;
mod version;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[routes::CHECKS, version::CHECKS];
