//! `migration`: what `test-migration` tries on a clone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The migration under test.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// The folder with `up.sql` and `down.sql`, or one of such folders, relative to `stagectl.yml`.
    pub path: String,
    /// How the files are laid out.
    #[serde(default)]
    pub layout: Layout,
    /// Whether each file runs in one transaction.
    #[serde(default)]
    pub transaction: TransactionMode,
    /// Statements that must return no row after up.
    #[serde(default)]
    pub assertions: Vec<Assertion>,
    /// Values that up converts, such as LEARNER to CUSTOMER.
    #[serde(default)]
    pub conversions: Vec<Conversion>,
    /// Queries timed before and after. None: those of `validation.queries`.
    #[serde(default)]
    pub queries: Vec<NamedQuery>,
    /// Tables whose number of rows up is meant to change.
    #[serde(default)]
    pub row_changes: Vec<String>,
    /// Steps (folder names) whose down is accepted as irreversible.
    #[serde(default)]
    pub irreversible: Vec<String>,
    /// The longest that a lock may keep readers or writers out, in milliseconds.
    #[serde(default = "lock_ms")]
    pub lock_ms: u64,
    /// The longest that up may take as a whole, in milliseconds.
    #[serde(default = "up_ms")]
    pub up_ms: u64,
    /// How often each named query runs before and after.
    #[serde(default = "query_runs")]
    pub query_runs: u32,
}

/// The layouts of migration folders that are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `up.sql` and `down.sql` in a folder, or in folders sorted by name.
    #[default]
    Plain,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TransactionMode {
    /// One transaction, unless the file has its own or a statement forbids it.
    #[default]
    Auto,
    Always,
    Never,
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
    /// `Table` or `schema.Table`.
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

fn lock_ms() -> u64 {
    1000
}
fn up_ms() -> u64 {
    60_000
}
fn query_runs() -> u32 {
    20
}
