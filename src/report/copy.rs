//! The body of `staging-backups/test-data-summary-*.json`. Holds no value of production.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cache_copy::CacheSummary;

/// What `copy-data` did.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CopyBody {
    /// The phase that was reached: `backup`, `schema`, `rows`, `finish`, `proof`, `swap`, `cache` or `done`.
    pub phase: String,
    pub root: Option<String>,
    /// Rows of the root table asked for; absent where all rows cross.
    pub limit: Option<u32>,
    pub production_version: String,
    pub staging_version: String,
    /// Production's snapshot that all rows come from.
    pub snapshot: String,
    /// Where production's log of changes stood when the snapshot was taken.
    pub lsn: Option<String>,
    /// SHA-256 over `copy` and `masking` as resolved, hexadecimal.
    pub config_hash: String,
    /// The backup of staging as it was; absent until it is written.
    pub backup: Option<BackupRecord>,
    pub database: String,
    /// The name under which the database that was live before is kept.
    pub previous_database: Option<String>,
    /// How long, in the swap, the database's name took no new session; absent before it.
    pub away_ms: Option<u64>,
    pub dropped_databases: Vec<String>,
    pub rows: u64,
    /// How long all rows took, masked and written, without indexes and keys.
    #[serde(default)]
    pub rows_ms: Option<u64>,
    pub tables: Vec<CopiedTable>,
    pub leak_check: Option<LeakCheck>,
    pub integrity: Option<IntegrityCheck>,
    /// Where Redis keys were copied too.
    pub cache: Option<CacheSummary>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BackupRecord {
    /// Relative to the project.
    pub path: String,
    /// Compressed.
    pub bytes: u64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CopiedTable {
    pub table: String,
    pub rows: u64,
    pub rows_in_production: u64,
    /// As COPY sent them.
    pub bytes: u64,
    pub ms: u64,
    pub masked_cells: u64,
    /// Cells set to NULL because what they refer to stayed behind.
    pub nulled: u64,
    /// Why rows crossed, and how many for each reason.
    pub reasons: BTreeMap<String, u64>,
    /// What happened to each column.
    pub columns: BTreeMap<String, String>,
}

/// The new database compared with what was read, before it was swapped in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IntegrityCheck {
    /// Tables whose rows were counted on both sides.
    pub tables: u64,
    pub rows: u64,
    /// Columns that cross as they are and have the same checksum on both sides.
    pub columns: u64,
    /// Objects of the schema that both sides have, by kind and name.
    pub objects: u64,
    /// Foreign keys that were validated.
    pub foreign_keys: u64,
    /// Sequences that are ahead of the column they feed.
    pub sequences: u64,
}

/// Production's personal values, looked for in everything that the new database holds.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct LeakCheck {
    /// Distinct values looked for.
    pub values: u64,
    /// Columns, large objects and texts of the schema that were looked through.
    pub places: u64,
    pub bytes_scanned: u64,
    /// How often, by `table.column`, comment, function …; none in a copy that was swapped in.
    pub hits: BTreeMap<String, u64>,
    pub ms: u64,
}
