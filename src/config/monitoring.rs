//! `monitoring`: Prometheus, alerts and dashboards.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Thresholds of the generated alert rules, and who hears of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Monitoring {
    /// The compose services, where there are any.
    pub prometheus: Option<String>,
    pub grafana: Option<String>,
    pub alertmanager: Option<String>,
    /// How often Prometheus scrapes, such as `15s`.
    pub scrape_interval: String,
    pub alerts: Alerts,
    pub receivers: Receivers,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self {
            prometheus: None,
            grafana: None,
            alertmanager: None,
            scrape_interval: "15s".to_owned(),
            alerts: Alerts::default(),
            receivers: Receivers::default(),
        }
    }
}

/// When to alert (thresholds of the GW2_WvWbuilder plan).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    pub response_seconds: f64,
    pub error_percent: f64,
    pub cpu_percent: f64,
    pub memory_percent: f64,
    pub disk_percent: f64,
    /// A second, lower level that warns. Absent: one level.
    pub warning: Option<Levels>,
}

/// The level that warns, where `alerts` holds the one that is critical.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Levels {
    pub response_seconds: f64,
    pub error_percent: f64,
    pub cpu_percent: f64,
    pub memory_percent: f64,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            response_seconds: 2.0,
            error_percent: 5.0,
            cpu_percent: 80.0,
            memory_percent: 90.0,
            disk_percent: 85.0,
            warning: None,
        }
    }
}

/// Who hears of alerts. URLs and keys as `${NAME}` of `.env.staging` or of the environment.
/// Alertmanager needs a network with a way out to reach them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Receivers {
    pub webhook_url: Option<String>,
    pub email_to: Option<String>,
    /// `HOST:PORT` of the mail server; `email_to` needs it.
    pub smtp_server: Option<String>,
    pub smtp_from: Option<String>,
    pub slack_channel: Option<String>,
    /// The incoming webhook; `slack_channel` needs it.
    pub slack_url: Option<String>,
    pub pagerduty_key: Option<String>,
}
