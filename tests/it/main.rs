//! One test binary; a file per subject. Real engine, real servers, state first, words last.

mod support;

mod cli;
mod house;
mod readiness;
mod validate_data;
mod validate_stack;
