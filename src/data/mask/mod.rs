//! Masks: keyed and deterministic, so that equal values stay equal across tables and runs
//! and joins survive. Pure: the key comes in as a value.

pub mod array;
pub mod copytext;
pub mod hstore;
pub mod json;
mod numbers;
mod permutation;
pub mod record;
mod scrub;
pub mod shape;
mod strategies;
mod stream;
mod words;
pub mod xml;

pub use shape::{Base, Shape};
pub use strategies::{Masker, Unmaskable};

/// Sees a part's path or key and its value and answers what stands in its place; `None` is NULL.
pub type VisitPart<'v> = dyn FnMut(&str, &str) -> Result<Option<String>, Unmaskable> + 'v;
