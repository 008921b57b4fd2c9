//! Masks tried out before any row crosses: what would collide in a unique index, or break a rule of
//! production's own. Production is read in the copy's snapshot; nothing is written.

pub mod checks;
pub mod collisions;
pub mod expression;
mod masked;
