//! Masks: keyed and deterministic, so that equal values stay equal across tables and runs
//! and joins survive. Pure: the key comes in as a value.

pub mod array;
pub mod copytext;
pub mod json;
mod numbers;
mod strategies;
mod stream;
mod words;

pub use strategies::{Masker, Shape, Unmaskable};
