//! The copy: a whole subset of production, every personal value masked, proven before it is swapped in.
//!
//! catalog → subset → classify → plan → (backup) → schema → transfer → leak → swap

pub mod apply;
pub mod binary;
pub mod cache;
pub mod catalog;
pub mod cells;
pub mod checksum;
pub mod classify;
pub mod draft;
pub mod evidence;
pub mod finish;
pub mod identity;
pub mod job;
pub mod leak;
mod lines;
pub mod mask;
pub mod model;
pub mod plan;
pub mod prepare;
pub mod proof;
mod quiet;
pub mod rebuild;
mod review;
pub mod row;
pub mod schema;
mod snapshot;
pub mod subset;
pub mod swap;
pub mod target;
pub mod text;
pub mod transfer;
pub mod trial;
