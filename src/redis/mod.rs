//! Redis: the only place that knows the `redis` crate.

mod probe;

pub use probe::Probe;
