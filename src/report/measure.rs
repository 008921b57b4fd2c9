//! What a check measured, as numbers: what plots draw and what one run is compared with the next by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number with its bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measure {
    /// Of what, such as `p95` or a query's name; unique within the check.
    pub name: String,
    pub value: f64,
    pub unit: Unit,
    /// Beyond it the check fails; below it where less is worse (days).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

impl Measure {
    pub fn new(name: impl Into<String>, value: f64, unit: Unit, limit: Option<f64>) -> Self {
        Self { name: name.into(), value, unit, limit }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Ms,
    Days,
    Mib,
    Cores,
}

impl Unit {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::Days => "days",
            Self::Mib => "MiB",
            Self::Cores => "cores",
        }
    }
}

/// What a check saw over many requests or over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "plot", rename_all = "kebab-case")]
pub enum Plot {
    /// How many answers took how long.
    Latencies {
        /// In rising order.
        bars: Vec<LatencyBar>,
        /// What the check allows, in ms.
        budget_ms: f64,
    },
    /// Requests of one client against a rate limit, in the order in which they were sent.
    Limit {
        requests: Vec<Answered>,
        /// Requests that may pass at once, and per minute.
        burst: u32,
        per_minute: u32,
    },
}

/// A bar of a latency histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyBar {
    /// The bar's upper edge in ms; absent: the rest.
    pub up_to_ms: Option<u64>,
    pub count: u64,
}

/// A request and whether the limit let it pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// Since the first request.
    pub ms: u64,
    pub status: u16,
}
