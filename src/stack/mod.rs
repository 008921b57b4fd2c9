//! The environment: its files, certificates and containers.

pub mod compose;
