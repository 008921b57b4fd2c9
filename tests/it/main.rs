//! One test binary; a file per subject. Real engine, real servers, state first, words last.

mod support;

mod cli;
mod front;
mod house;
mod migration_lab;
mod migration_objects;
