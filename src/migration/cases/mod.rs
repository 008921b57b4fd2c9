//! Edge cases: what a migration meets in the world and not on a quiet staging database.

pub mod cuts;
pub mod full_disk;
pub mod traffic;
pub mod values;
