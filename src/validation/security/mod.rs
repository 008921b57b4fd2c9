//! Security checks: what the proxy lets through, what containers may do, where secrets stand, what
//! staging's credentials open.

mod cors;
mod credentials;
mod exposure;
mod headers;
mod redirect;
mod runtime;
mod secrets;
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
