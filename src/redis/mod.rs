//! Redis: the only place that knows the `redis` crate.

mod connect;
pub mod copy;
mod probe;

pub use probe::Probe;
