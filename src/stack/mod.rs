//! The environment: its files, certificates and containers.

pub mod blueprints;
pub mod certs;
pub mod generate;
pub mod render;
