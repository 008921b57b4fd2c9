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
    /// How many rows to start from; default: 10, or all that `where` names.
    pub limit: Option<u32>,
    /// The rows to start from, by table, as an SQL condition over its columns.
    #[serde(rename = "where")]
    pub predicates: BTreeMap<String, String>,
    /// Which rows of the root come first, as SQL, such as `created_at DESC`; default: the most connected ones.
    pub order_by: Option<String>,
    /// Rows taken whole, for reference tables no key leads to.
    pub whole_tables: Vec<String>,
    pub skip_tables: Vec<String>,
    /// At most so many rows of a table, the latest, for each row they belong to.
    pub caps: BTreeMap<String, u32>,
    /// Policy by `Table.constraint` or `Table.column`; default: follow NOT NULL keys, null the others at the rim.
    pub foreign_keys: BTreeMap<String, KeyPolicy>,
    /// References that no foreign key declares.
    pub references: Vec<Reference>,
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
            limit: None,
            predicates: BTreeMap::new(),
            order_by: None,
            whole_tables: Vec::new(),
            skip_tables: Vec::new(),
            caps: BTreeMap::new(),
            foreign_keys: BTreeMap::new(),
            references: Vec::new(),
            email_domain: "staging.local".to_owned(),
            jobs: None,
            keep: 1,
        }
    }
}

/// What happens along a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPolicy {
    /// The row referred to comes along.
    Follow,
    /// The rows that refer to any row that crosses come along.
    Children,
    /// `follow` and `children`.
    Both,
    /// The reference is set to NULL where its row stays behind.
    Null,
    /// No row comes along this key, but what a NOT NULL key needs.
    Stop,
}

/// A reference that no foreign key declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// `Table.column`, or `Table.` and an SQL expression, such as `Event.data->>'userId'`.
    pub from: String,
    /// `Table.column`.
    pub to: String,
    /// Which rows refer there, as an SQL condition over the first table, such as `type = 'Post'`.
    pub when: Option<String>,
    pub policy: Option<KeyPolicy>,
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
