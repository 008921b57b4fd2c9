//! `stagectl.yml`: the mirror of the file, its resolution with the environment, and its rules.

pub mod compose;
pub mod data;
pub mod env;
pub mod file;
pub mod load;
pub mod masking;
pub mod migration;
pub mod monitoring;
pub mod proxy;
pub mod redacted;
pub mod services;
pub mod settings;
pub mod validate;
pub mod validation;
mod view;

pub use file::ConfigFile;
pub use load::read_text;
pub use settings::Settings;
