//! Application checks: the variables that the services run with.

mod environment;
mod production;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[environment::CHECKS, production::CHECKS];
