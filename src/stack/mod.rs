//! The environment: its files, certificates and containers.

pub mod addresses;
pub mod apply;
pub mod blueprints;
pub mod build;
pub mod certs;
mod conflict;
mod explain;
pub mod generate;
pub mod images;
pub mod journal;
pub mod labels;
pub mod observe;
pub mod plan;
mod planner;
pub mod ports;
pub mod render;
pub mod source;
pub mod specify;
pub mod stop;
pub mod twin;
mod wait;

pub use observe::{Observed, observe};
pub use twin::Twin;
