//! Infrastructure checks: containers, ports, volumes, networks, monitoring.

mod certificates;
mod containers;
mod drift;
mod isolation;
mod monitoring;
mod networks;
mod ports;
mod storage;

pub(super) use networks::port_of;

use super::Check;

/// The lists of this category's files.
pub const CHECKS: &[&[Check]] = &[
    containers::CHECKS,
    drift::CHECKS,
    ports::CHECKS,
    storage::CHECKS,
    networks::CHECKS,
    isolation::CHECKS,
    monitoring::CHECKS,
    certificates::CHECKS,
];
