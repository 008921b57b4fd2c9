//! One test binary; a file per subject. Real engine, real servers, state first, words last.

#![allow(clippy::print_stderr, reason = "a skip is said loudly")]

mod support;

mod bad_files;
mod bad_input;
mod cli;
mod copy_apply;
mod copy_between;
mod copy_faults;
mod copy_kinds;
mod copy_plan;
mod copy_proof;
mod copy_redis;
mod copy_subset;
mod copy_trial;
mod daily;
mod engines;
mod front;
mod house;
mod leak_check;
mod migration;
mod readiness;
mod render;
mod stack_any_file;
mod stack_failure;
mod stack_faults;
mod stack_interop;
mod stack_setup;
mod stack_up;
mod twin;
mod validate_data;
mod validate_monitoring;
mod validate_stack;
