//! Edge cases: what a migration meets in the world and not on a quiet staging database.

pub mod cuts;
pub mod traffic;
pub mod values;
