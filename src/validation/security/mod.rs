//! Security checks.

mod cors;
mod exposure;
mod headers;
mod redirect;
mod tls;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] =
    &[tls::CHECKS, redirect::CHECKS, headers::CHECKS, cors::CHECKS, exposure::CHECKS];
