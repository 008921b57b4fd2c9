//! Security checks: what containers may do, where secrets stand, what staging's credentials open.

mod credentials;
mod runtime;
mod secrets;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[secrets::CHECKS, runtime::CHECKS, credentials::CHECKS];
