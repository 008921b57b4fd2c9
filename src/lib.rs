//! `stagectl`: a safe staging twin of your production, and proof that it is ready.
//!
//! ```text
//! arguments + environment + stagectl.yml ──resolve──▶ Settings
//! Settings ──render──▶ Desired      engine, databases, files ──observe──▶ Observed
//! Desired × Observed ──plan──▶ Plan            pure; every action says what and why
//! Plan ──▶ printed (--dry-run)   or   applied ──▶ Event* ──▶ screen
//!                                              └──▶ Report ──▶ exit code
//! ```
//!
//! Imports go down only:
//! `main → commands → (config, stack, data, migration, validation, backup) → report → adapters → model`.

pub mod backup;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod compose;
pub mod config;
pub mod data;
pub mod engine;
pub mod exit;
pub mod failure;
pub mod http;
pub mod interrupt;
pub mod migration;
pub mod model;
pub mod postgres;
pub mod redis;
pub mod report;
pub mod stack;
pub mod store;
pub mod tls;
pub mod twin;
pub mod ui;
pub mod validation;
