//! `migration`: what `test-migration` tries on a clone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The migration under test.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// The folder with `up.sql` and `down.sql`, relative to `stagectl.yml`.
    pub path: String,
    /// Statements that must return no row after up.
    #[serde(default)]
    pub assertions: Vec<Assertion>,
    /// Values that up converts, such as LEARNER to CUSTOMER.
    #[serde(default)]
    pub conversions: Vec<Conversion>,
    /// Queries timed before and after.
    #[serde(default)]
    pub queries: Vec<NamedQuery>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub name: String,
    /// A query whose every row is a violation.
    pub sql: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conversion {
    pub table: String,
    pub column: String,
    pub from: String,
    pub to: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedQuery {
    pub name: String,
    pub sql: String,
}
