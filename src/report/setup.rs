//! The report of `setup`: what it changed, and where the twin answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a setup did.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Setup {
    /// False when everything was as it should be.
    pub changed: bool,
    /// The files that were written or removed, relative to `stagectl.yml`.
    pub files: Vec<String>,
    /// The names of the secrets that were made.
    pub secrets: Vec<String>,
    /// What was made of certificates, and why.
    pub certificates: Vec<String>,
    pub containers: Vec<Change>,
    /// The schemas and tables that were made in the twin's database.
    pub database: Vec<String>,
    pub addresses: Vec<Address>,
}

/// One call to the engine.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Such as `create container`.
    pub action: String,
    pub object: String,
    pub cause: String,
}

/// An address with what is behind it. Never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    pub service: String,
    /// Such as `HTTPS` or `PostgreSQL`.
    pub what: String,
    pub url: String,
}
