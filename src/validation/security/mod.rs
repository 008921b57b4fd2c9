//! Security checks: what containers may do, where secrets stand, what staging's credentials open.

mod credentials;
mod runtime;
mod secrets;

mod cors;
mod exposure;
mod headers;
mod redirect;
mod tls;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[
    tls::CHECKS,
    redirect::CHECKS,
    headers::CHECKS,
    cors::CHECKS,
    exposure::CHECKS,
    secrets::CHECKS,
    runtime::CHECKS,
    credentials::CHECKS,
];
