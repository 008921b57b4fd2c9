//! The copy: a whole subset of production, every personal value masked, proven before it is swapped in.
//!
//! catalog → subset → classify → plan → (backup) → schema → transfer → leak → swap

pub mod mask;
