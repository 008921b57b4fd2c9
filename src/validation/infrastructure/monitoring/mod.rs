//! Does the monitoring see the twin: targets, rules, dashboards, alerts?

mod panels;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use serde_json::Value;

use crate::clock;
use crate::http::{Client, Target};
use crate::report::{Severity, Status};
use crate::validation::facts::Facts;
use crate::validation::{Category, Check, Need, Outcome};

const BASE: Check = Check {
    needs: &[Need::Engine, Need::Prometheus],
    timeout: Duration::from_secs(90),
    ..Check::base(Category::Infrastructure)
};

pub const CHECKS: &[Check] = &[
    Check {
        id: "MON-001",
        title: "Prometheus is ready and runs its current configuration",
        expected: "`/-/ready` answers 200, and the last reload of the configuration succeeded",
        remedy: "`stagectl logs` of the Prometheus service names the line; `stagectl generate` writes the files again",
        run: |facts| Box::pin(ready(facts)),
        ..BASE
    },
    Check {
        id: "MON-002",
        title: "Prometheus scrapes every service with metrics",
        expected: "each running service with `metrics` is a target, and each target is up",
        remedy: "`stagectl logs` of the target; both must share a network",
        run: |facts| Box::pin(settled(facts, || targets(facts))),
        ..BASE
    },
    Check {
        id: "MON-003",
        title: "alert rules are loaded and whole",
        expected: "at least one alert; every rule evaluates without error; each alert has a severity and a summary",
        remedy: "correct the rule under staging-monitoring/prometheus, then restart Prometheus",
        run: |facts| Box::pin(rules(facts)),
        ..BASE
    },
    Check {
        id: "MON-004",
        title: "every dashboard panel has data",
        expected: "each query of staging-monitoring/grafana/dashboards is answered without error and with a series",
        remedy: "a metric was renamed or is not scraped: correct the panel's expression",
        run: |facts| Box::pin(settled(facts, || dashboards(facts))),
        ..BASE
    },
    Check {
        id: "MON-005",
        title: "alerts reach Alertmanager",
        severity: Severity::Minor,
        expected: "Prometheus has an active Alertmanager",
        remedy: "look at `alerting` in staging-monitoring/prometheus/prometheus.yml and at Alertmanager's logs",
        run: |facts| Box::pin(settled(facts, || alertmanager(facts))),
        ..BASE
    },
];

/// The configured Prometheus, by its published port.
fn client(facts: &Facts) -> Result<Client, String> {
    let service = facts.settings.config.monitoring.prometheus.as_deref().unwrap_or_default();
    let (host, port) = facts.settings.published(service, 9090).map_err(|error| format!("{error:#}"))?;
    Ok(Client::plain(Target::published(&host, port, "localhost").map_err(|error| format!("{error:#}"))?))
}

/// How long a Prometheus needs after its start to find and measure everything: two scrapes.
const SETTLING: Duration = Duration::from_secs(60);

/// Asks again while a Prometheus that has just started does not know everything yet.
async fn settled<F: Future<Output = Outcome>>(facts: &Facts, ask: impl Fn() -> F) -> Outcome {
    let service = facts.settings.config.monitoring.prometheus.as_deref().unwrap_or_default();
    let started = facts.containers_of(service).next().map(|c| c.state.started_at.clone()).unwrap_or_default();
    let patience = patience(facts.now, &started);
    let begun = Instant::now();
    loop {
        let outcome = ask().await;
        if matches!(outcome.status, Status::Pass | Status::Skip) || begun.elapsed() >= patience {
            return outcome;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What is left of the settling time.
fn patience(now: Timestamp, started_at: &str) -> Duration {
    let Ok(started) = started_at.parse::<Timestamp>() else { return Duration::ZERO };
    let age = Duration::try_from(now.duration_since(started)).unwrap_or_default();
    SETTLING.saturating_sub(age)
}

/// `data` of an API answer.
async fn api(client: &Client, path: &str) -> Result<Value, String> {
    let response = client.get(path).await.map_err(|error| format!("{error:#}"))?;
    data(response.status, response.json())
}

fn data(status: u16, body: Option<Value>) -> Result<Value, String> {
    let Some(mut body) = body else { return Err(format!("status {status}, no JSON")) };
    if body.get("status").and_then(Value::as_str) == Some("success") {
        return Ok(body.get_mut("data").map(Value::take).unwrap_or_default());
    }
    Err(body.get("error").and_then(Value::as_str).unwrap_or("an answer in another shape").to_owned())
}

async fn ready(facts: &Facts) -> Outcome {
    let client = match client(facts) {
        Ok(client) => client,
        Err(error) => return Outcome::error(error),
    };
    match client.get("/-/ready").await {
        Ok(response) if response.status == 200 => {}
        Ok(response) => return Outcome::fail(format!("/-/ready answers {}", response.status)),
        Err(error) => return Outcome::fail(format!("{error:#}")),
    }
    match api(&client, "/api/v1/query?query=prometheus_config_last_reload_successful").await {
        Ok(found) => judge_reload(&found),
        Err(error) => Outcome::fail(error),
    }
}

fn judge_reload(data: &Value) -> Outcome {
    let value = data.pointer("/result/0/value/1").and_then(Value::as_str);
    match value {
        Some("1") => Outcome::pass("ready, configuration loaded"),
        Some(_) => Outcome::fail("the last reload of the configuration failed; the one before it runs"),
        // Prometheus has not scraped itself yet; it started with this configuration, so it is good.
        None => Outcome::pass("ready; it has not measured itself yet"),
    }
}

async fn targets(facts: &Facts) -> Outcome {
    let found = match client(facts) {
        Ok(client) => api(&client, "/api/v1/targets?state=active").await,
        Err(error) => Err(error),
    };
    let services = &facts.settings.config.services;
    let expected: Vec<String> = facts
        .running()
        .filter_map(|container| {
            let metrics = services.get(container.service())?.metrics.as_ref()?;
            Some(format!("{}:{}", container.service(), metrics.port))
        })
        .collect();
    match found {
        Ok(found) => {
            let active = found.get("activeTargets").and_then(Value::as_array).cloned().unwrap_or_default();
            let problems = judge_targets(&active, &expected);
            Outcome::none(problems, active.len(), "targets up")
        }
        Err(error) => Outcome::fail(error),
    }
}

fn judge_targets(active: &[Value], expected: &[String]) -> Vec<String> {
    let text =
        |target: &Value, key: &str| target.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut problems: Vec<String> = active
        .iter()
        .filter(|target| text(target, "health") != "up")
        .map(|target| {
            format!(
                "{} is {}: {}",
                text(target, "scrapeUrl"),
                text(target, "health"),
                text(target, "lastError")
            )
        })
        .collect();
    problems.extend(
        expected
            .iter()
            .filter(|place| !active.iter().any(|target| text(target, "scrapeUrl").contains(place.as_str())))
            .map(|place| format!("{place} is not scraped")),
    );
    problems
}

async fn rules(facts: &Facts) -> Outcome {
    let found = match client(facts) {
        Ok(client) => api(&client, "/api/v1/rules").await,
        Err(error) => Err(error),
    };
    match found {
        Ok(found) => {
            let groups = found.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
            let rules: Vec<&Value> =
                groups.iter().filter_map(|group| group.get("rules")?.as_array()).flatten().collect();
            let alerts =
                rules.iter().filter(|rule| rule.get("type").is_some_and(|t| t == "alerting")).count();
            if alerts == 0 {
                return Outcome::fail("no alert rule is loaded");
            }
            Outcome::none(rules.iter().filter_map(|rule| broken_rule(rule)).collect(), rules.len(), "rules")
        }
        Err(error) => Outcome::fail(error),
    }
}

fn broken_rule(rule: &Value) -> Option<String> {
    let text = |path: &str| rule.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let name = text("/name");
    if text("/health") == "err" {
        return Some(format!("{name}: {}", text("/lastError")));
    }
    if text("/type") == "alerting"
        && (text("/labels/severity").is_empty() || text("/annotations/summary").is_empty())
    {
        return Some(format!("{name} has no severity or no summary"));
    }
    None
}

/// How far back a panel looks here, in seconds.
const PANEL_SECONDS: i64 = 300;

/// How many queries are asked at a time.
const PARALLEL: usize = 8;

async fn dashboards(facts: &Facts) -> Outcome {
    let folder = facts.settings.root.join("staging-monitoring/grafana/dashboards");
    let panels = match panels::read(&folder) {
        Ok(panels) if panels.is_empty() => return Outcome::skip("there is no dashboard with a query"),
        Ok(panels) => panels,
        Err(error) => return Outcome::error(error),
    };
    let client = match client(facts) {
        Ok(client) => client,
        Err(error) => return Outcome::error(error),
    };
    // As a panel does: over a range. At one instant a single missed scrape, such as after the swap
    // of the databases, would look like a renamed metric.
    let end = clock::now().as_second();
    let range = format!("start={}&end={end}&step=15", end - PANEL_SECONDS);
    let asked: Vec<(String, Result<usize, String>)> = stream::iter(panels)
        .map(|(place, expression)| {
            let (client, range) = (client.clone(), range.clone());
            async move {
                let query = panels::encode(&panels::concrete(&expression));
                let path = format!("/api/v1/query_range?{range}&query={query}");
                (place, api(&client, &path).await.map(|data| series(&data)))
            }
        })
        .buffered(PARALLEL)
        .collect()
        .await;
    judge_panels(&asked)
}

fn series(data: &Value) -> usize {
    match data.get("result") {
        Some(Value::Array(list)) => list.len(),
        Some(_) => 1,
        None => 0,
    }
}

fn judge_panels(asked: &[(String, Result<usize, String>)]) -> Outcome {
    let broken: Vec<String> = asked
        .iter()
        .filter_map(|(place, answer)| Some(format!("{place}: {}", answer.as_ref().err()?)))
        .collect();
    if !broken.is_empty() {
        return Outcome::none(broken, asked.len(), "queries");
    }
    let empty: BTreeSet<&str> =
        asked.iter().filter(|(_, answer)| matches!(answer, Ok(0))).map(|(place, _)| place.as_str()).collect();
    let words = format!("{} of {} queries have data", asked.len() - empty.len(), asked.len());
    // Right after the start nothing has been counted yet; half of them empty is more than that.
    match empty.len() {
        0 => Outcome::pass(words),
        some if some * 2 > asked.len() => Outcome::fail(words).evidence(empty),
        _ => Outcome::warn(words).evidence(empty),
    }
}

async fn alertmanager(facts: &Facts) -> Outcome {
    if facts.settings.config.monitoring.alertmanager.is_none() {
        return Outcome::skip("stagectl.yml has no `monitoring.alertmanager`");
    }
    let found = match client(facts) {
        Ok(client) => api(&client, "/api/v1/alertmanagers").await,
        Err(error) => Err(error),
    };
    match found {
        Ok(found) => {
            let active = found.get("activeAlertmanagers").and_then(Value::as_array).map_or(0, Vec::len);
            if active == 0 {
                Outcome::fail("Prometheus knows no active Alertmanager")
            } else {
                Outcome::pass(format!("{active} active"))
            }
        }
        Err(error) => Outcome::fail(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_prometheus_that_has_just_started_is_waited_for() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        assert_eq!(patience(now, "2026-01-01T00:00:30.5Z"), Duration::from_millis(30_500));
        assert_eq!(patience(now, "2025-12-31T00:00:00Z"), Duration::ZERO);
        assert_eq!(patience(now, "nonsense"), Duration::ZERO);
    }

    #[test]
    fn a_target_that_is_down_or_absent_is_seen() {
        let up = json!({"scrapeUrl": "http://app:3000/metrics", "health": "up", "lastError": ""});
        let down = json!({"scrapeUrl": "http://db:9187/metrics", "health": "down", "lastError": "refused"});
        assert!(judge_targets(std::slice::from_ref(&up), &["app:3000".into()]).is_empty());
        assert_eq!(judge_targets(&[down], &[]), ["http://db:9187/metrics is down: refused"]);
        assert_eq!(judge_targets(&[up], &["redis:9121".into()]), ["redis:9121 is not scraped"]);
    }

    #[test]
    fn a_rule_with_an_error_and_an_alert_without_words_are_seen() {
        let alert = json!({"name": "A", "type": "alerting", "health": "ok",
            "labels": {"severity": "critical"}, "annotations": {"summary": "x"}});
        assert_eq!(broken_rule(&alert), None);
        assert!(broken_rule(&json!({"name": "A", "type": "alerting", "health": "ok"})).is_some());
        let error = json!({"name": "R", "type": "recording", "health": "err", "lastError": "many-to-many"});
        assert_eq!(broken_rule(&error).unwrap(), "R: many-to-many");
    }

    #[test]
    fn an_error_fails_few_empty_panels_warn_and_many_fail() {
        let of = |answers: &[Result<usize, String>]| {
            judge_panels(&answers.iter().map(|a| ("p".to_owned(), a.clone())).collect::<Vec<_>>()).status
        };
        assert_eq!(of(&[Ok(1), Ok(2)]), Status::Pass);
        assert_eq!(of(&[Ok(1), Err("parse error".into())]), Status::Fail);
        assert_eq!(of(&[Ok(0)]), Status::Fail);
        assert_eq!(data(400, Some(json!({"status": "error", "error": "bad"}))), Err("bad".to_owned()));
        assert_eq!(judge_reload(&json!({"result": [{"value": [0, "0"]}]})).status, Status::Fail);
    }
}
