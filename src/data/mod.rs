//! The copy: a whole subset of production, every personal value masked, proven before it is swapped in.
//!
//! catalog → subset → classify → plan → (backup) → schema → transfer → leak → swap

pub mod cache;
pub mod mask;
pub mod model;
