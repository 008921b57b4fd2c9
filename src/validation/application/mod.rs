//! Application checks: what it answers, and the variables that the services run with.

mod environment;
mod production;
mod routes;
mod version;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[routes::CHECKS, version::CHECKS, environment::CHECKS, production::CHECKS];
