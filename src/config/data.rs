//! `production`, `copy`, `cache_copy`: what crosses from production.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::masking::Rule;

/// Production. stagectl only ever reads it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Production {
    /// PostgreSQL URL, as `${NAME}` of the environment or of `.env.production`.
    pub database_url: Option<String>,
    pub redis_url: Option<String>,
    /// Host names, URLs or keys that must never appear in staging's configuration.
    pub markers: Vec<String>,
}

/// Which rows cross.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Copy {
    pub schemas: Vec<String>,
    /// The table whose rows are counted by `limit`.
    pub root: Option<String>,
    pub limit: u32,
    /// Rows taken whole, for reference tables no key leads to.
    pub whole_tables: Vec<String>,
    pub skip_tables: Vec<String>,
    /// Policy by `Table.constraint` or `Table.column`; default: follow NOT NULL keys, null the others at the rim.
    pub foreign_keys: BTreeMap<String, KeyPolicy>,
    pub email_domain: String,
    /// Workers at once, each with a session on either side. Default: as many as this machine has cores, at most 4.
    pub jobs: Option<std::num::NonZeroU16>,
    /// Previous databases kept for `rollback`.
    pub keep: u32,
}

impl Default for Copy {
    fn default() -> Self {
        Self {
            schemas: vec!["public".to_owned()],
            root: None,
            limit: 10,
            whole_tables: Vec::new(),
            skip_tables: Vec::new(),
            foreign_keys: BTreeMap::new(),
            email_domain: "staging.local".to_owned(),
            jobs: None,
            keep: 1,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPolicy {
    Follow,
    Null,
    Stop,
}

/// Which Redis keys cross.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheCopy {
    pub rules: Vec<CacheRule>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheRule {
    pub pattern: String,
    pub action: CacheAction,
    /// For `mask`: JSON path, hash field or `.` (the whole value) to rule.
    #[serde(default)]
    pub fields: BTreeMap<String, Rule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheAction {
    Skip,
    Copy,
    Mask,
}
