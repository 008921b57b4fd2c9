//! The part of the copy's report about Redis: which keys crossed by which rule. Holds no key and no value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the copy did with production's Redis keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CacheSummary {
    /// In the order of `cache_copy.rules`.
    pub rules: Vec<CacheRuleSummary>,
    /// Keys that no rule names: they stayed behind.
    pub unnamed: u64,
    /// Keys of an earlier copy that no longer come, and were removed.
    pub removed: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CacheRuleSummary {
    pub pattern: String,
    /// `skip`, `copy` or `mask`.
    pub action: String,
    /// Keys that crossed.
    pub keys: u64,
    /// Values, fields and elements that were replaced.
    pub masked_values: u64,
    /// Keys that stayed behind: by `skip`, by `null`, or of a type that cannot cross.
    pub skipped: u64,
}
