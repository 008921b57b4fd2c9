//! The environment: its files, certificates and containers.

pub mod compose;
pub mod labels;
pub mod observe;
pub mod ports;
pub mod specify;

pub use observe::{Observed, observe};
