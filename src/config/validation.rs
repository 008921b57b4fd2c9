//! `validation`: thresholds and what the checks ask for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::migration::NamedQuery;

/// What `validate` expects. Times in milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Validation {
    /// A page with its assets.
    pub page_ms: u64,
    /// A named query.
    pub query_ms: u64,
    /// p95 under load.
    pub p95_ms: u64,
    /// Errors under load, in percent.
    pub error_percent: f64,
    pub load_seconds: u64,
    pub load_connections: u32,
    /// Answers 200 when the application and what it needs are well.
    pub health_path: String,
    pub page_path: String,
    /// Routes that are asked through the proxy.
    pub api: Vec<ApiRoute>,
    /// Queries that are timed as the application's role.
    pub queries: Vec<NamedQuery>,
    /// Tables that must exist and hold rows; with a column (`Table.column`), the column must exist.
    pub tables: Vec<String>,
    /// The env matrix: variables by service.
    pub variables: BTreeMap<String, BTreeMap<String, VariableRule>>,
    /// Checks that somebody accepts failing, by id: they are listed and not run, until the waiver expires.
    pub waivers: BTreeMap<String, Waiver>,
}

impl Default for Validation {
    fn default() -> Self {
        Self {
            page_ms: 3000,
            query_ms: 100,
            p95_ms: 500,
            error_percent: 1.0,
            load_seconds: 5,
            load_connections: 8,
            health_path: "/api/health".to_owned(),
            page_path: "/".to_owned(),
            api: Vec::new(),
            queries: Vec::new(),
            tables: Vec::new(),
            variables: BTreeMap::new(),
            waivers: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiRoute {
    pub path: String,
    #[serde(default = "get")]
    pub method: String,
    #[serde(default = "ok")]
    pub status: u16,
}

/// Why a check is not run, who answers for that, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    pub reason: String,
    pub owner: String,
    /// The last day on which it holds, in UTC, such as `2027-01-31`. After it the check fails.
    #[schemars(with = "String")]
    pub expires: Date,
}

/// One variable of the env matrix. `source` and `owner` are for people.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct VariableRule {
    /// Must be set and not empty in the running container.
    pub required: bool,
    /// `string`, `url`, `integer` or `boolean`.
    pub kind: Option<String>,
    /// The only values that may stand there.
    pub allowed: Vec<String>,
    /// Where the value comes from.
    pub source: Option<String>,
    /// Who is asked when it is missing.
    pub owner: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}
fn ok() -> u16 {
    200
}
