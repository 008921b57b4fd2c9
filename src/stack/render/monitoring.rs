//! Prometheus, its rules, Alertmanager and Grafana.

use anyhow::{Context as _, Result};
use regex::Regex;
use serde::Serialize;

use super::templates::{self, Templates};
use super::{RenderedFile, service_uid};
use crate::config::Settings;
use crate::config::monitoring::{Levels, Monitoring};
use crate::config::services::{Role, Service};
use crate::failure::Failure;
use crate::store::Mode;

const DASHBOARDS: [&str; 4] = ["overview", "application", "database", "roles"];

#[derive(Serialize)]
struct PrometheusView<'a> {
    project: &'a str,
    scrape_interval: &'a str,
    alertmanager: Option<String>,
    jobs: Vec<JobView<'a>>,
}

#[derive(Serialize)]
struct JobView<'a> {
    name: &'a str,
    role: &'static str,
    port: u16,
    target: String,
    path: &'a str,
    replicas: u32,
}

#[derive(Serialize)]
struct RulesView<'a> {
    levels: Vec<LevelView>,
    apps: Vec<AppView<'a>>,
    disk_percent: f64,
    postgres: bool,
    redis: bool,
    nginx: bool,
    mongodb: bool,
    node: bool,
}

#[derive(Serialize)]
struct LevelView {
    severity: &'static str,
    response_seconds: f64,
    error_percent: f64,
    cpu_percent: f64,
    memory_percent: f64,
}

#[derive(Serialize)]
struct AppView<'a> {
    name: &'a str,
    cpus: f64,
    memory_bytes: u64,
}

pub(super) fn files(settings: &Settings, templates: &Templates) -> Result<Vec<RenderedFile>> {
    let monitoring = &settings.config.monitoring;
    let mut files = Vec::new();
    let running = |service: &Option<String>| {
        service.as_ref().is_some_and(|name| settings.config.services.contains_key(name))
    };
    if running(&monitoring.prometheus) {
        let path = "staging-monitoring/prometheus";
        let view = prometheus(settings);
        files.push(RenderedFile::public(
            &format!("{path}/prometheus.yml"),
            templates.render("compose/prometheus/prometheus.yml.tera", &view)?,
        ));
        files.push(RenderedFile::public(
            &format!("{path}/rules.yml"),
            templates.render("compose/prometheus/rules.yml.tera", &rules(settings)?)?,
        ));
    }
    if running(&monitoring.alertmanager) {
        files.push(alertmanager(settings, templates)?);
    }
    // Also where Grafana is switched off on this machine: `validate` asks Prometheus every panel's query.
    if monitoring.grafana.is_some() {
        files.extend(grafana(settings, templates)?);
    }
    Ok(files)
}

fn prometheus(settings: &Settings) -> PrometheusView<'_> {
    let config = &settings.config;
    let jobs = config
        .services
        .iter()
        .filter_map(|(name, service)| {
            let metrics = service.metrics.as_ref()?;
            Some(JobView {
                name,
                role: role_word(service.role),
                port: metrics.port,
                target: format!("{name}:{}", metrics.port),
                path: &metrics.path,
                replicas: service.replicas,
            })
        })
        .collect();
    PrometheusView {
        project: &config.project,
        scrape_interval: &config.monitoring.scrape_interval,
        alertmanager: address(settings, config.monitoring.alertmanager.as_deref(), 9093),
        jobs,
    }
}

/// `service:port` of a service that runs, by its metrics port or the image's usual one.
fn address(settings: &Settings, service: Option<&str>, usual: u16) -> Option<String> {
    let name = service?;
    let port = settings.config.services.get(name)?.metrics.as_ref().map_or(usual, |metrics| metrics.port);
    Some(format!("{name}:{port}"))
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::App => "app",
        Role::Database => "database",
        Role::Cache => "cache",
        Role::Proxy => "proxy",
        Role::Monitoring => "monitoring",
        Role::Exporter => "exporter",
        Role::Admin => "admin",
        Role::Job => "job",
        Role::Other => "other",
    }
}

fn rules(settings: &Settings) -> Result<RulesView<'_>> {
    let config = &settings.config;
    let alerts = &config.monitoring.alerts;
    let level = |severity, levels: Levels| LevelView {
        severity,
        response_seconds: levels.response_seconds,
        error_percent: levels.error_percent,
        cpu_percent: levels.cpu_percent,
        memory_percent: levels.memory_percent,
    };
    let critical = Levels {
        response_seconds: alerts.response_seconds,
        error_percent: alerts.error_percent,
        cpu_percent: alerts.cpu_percent,
        memory_percent: alerts.memory_percent,
    };
    let exporter = |word: &str| {
        config.services.values().any(|service| {
            service.metrics.is_some() && image(service).rsplit('/').next().is_some_and(|i| i.contains(word))
        })
    };
    Ok(RulesView {
        levels: alerts
            .warning
            .map(|levels| level("warning", levels))
            .into_iter()
            .chain([level("critical", critical)])
            .collect(),
        apps: config
            .services
            .iter()
            .filter(|(_, service)| service.role == Role::App && service.metrics.is_some())
            .map(|(name, service)| {
                Ok(AppView {
                    name,
                    cpus: service.limits.cpus,
                    memory_bytes: bytes(&service.limits.memory)
                        .with_context(|| format!("services.{name}.limits.memory"))?,
                })
            })
            .collect::<Result<_>>()?,
        disk_percent: alerts.disk_percent,
        postgres: exporter("postgres-exporter") || exporter("postgres_exporter"),
        redis: exporter("redis-exporter") || exporter("redis_exporter"),
        nginx: exporter("nginx-prometheus-exporter") || exporter("nginx-exporter"),
        mongodb: exporter("mongodb-exporter") || exporter("mongodb_exporter"),
        node: exporter("node-exporter") || exporter("node_exporter"),
    })
}

fn image(service: &Service) -> &str {
    service.image.as_deref().unwrap_or_default()
}

/// Bytes of a size as docker compose writes it: `512m`, `1g`, `64mb`, `1048576`.
fn bytes(text: &str) -> Result<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match lower[digits.len()..].trim_end_matches('b') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => 0,
    };
    match digits.parse::<u64>() {
        Ok(number) if factor > 0 => Ok(number.saturating_mul(factor)),
        _ => Err(Failure::config(format!("`{text}` is not a size such as 512m or 1g")).into()),
    }
}

#[derive(Serialize)]
struct AlertmanagerView {
    webhook_url: Option<String>,
    email_to: Option<String>,
    smtp_server: Option<String>,
    smtp_from: String,
    slack_channel: Option<String>,
    slack_url: Option<String>,
    pagerduty_key: Option<String>,
}

fn alertmanager(settings: &Settings, templates: &Templates) -> Result<RenderedFile> {
    let Monitoring { receivers, alertmanager, .. } = &settings.config.monitoring;
    let mut incomplete = Vec::new();
    for (key, value, needed, other) in [
        ("email_to", &receivers.email_to, "smtp_server", &receivers.smtp_server),
        ("slack_channel", &receivers.slack_channel, "slack_url", &receivers.slack_url),
    ] {
        if value.is_some() && other.is_none() {
            incomplete.push(format!("monitoring.receivers.{key} needs `{needed}`"));
        }
    }
    if !incomplete.is_empty() {
        return Err(Failure::config(incomplete.join("\n  ")).into());
    }
    let expand = |text: &Option<String>, key: &str| {
        text.as_deref()
            .map(|text| settings.expand(text))
            .transpose()
            .with_context(|| format!("monitoring.receivers.{key}"))
    };
    let view = AlertmanagerView {
        webhook_url: expand(&receivers.webhook_url, "webhook_url")?,
        email_to: expand(&receivers.email_to, "email_to")?,
        smtp_server: expand(&receivers.smtp_server, "smtp_server")?,
        smtp_from: expand(&receivers.smtp_from, "smtp_from")?
            .unwrap_or_else(|| "stagectl@staging.local".to_owned()),
        slack_channel: expand(&receivers.slack_channel, "slack_channel")?,
        slack_url: expand(&receivers.slack_url, "slack_url")?,
        pagerduty_key: expand(&receivers.pagerduty_key, "pagerduty_key")?,
    };
    // An incoming webhook's URL and a routing key are secrets.
    let secret = view.webhook_url.is_some() || view.slack_url.is_some() || view.pagerduty_key.is_some();
    let file = RenderedFile::public(
        "staging-monitoring/alertmanager/alertmanager.yml",
        templates.render("compose/alertmanager/alertmanager.yml.tera", &view)?,
    );
    if !secret {
        return Ok(file);
    }
    let owner = alertmanager.as_deref().and_then(|service| service_uid(settings, service));
    Ok(RenderedFile { mode: Mode::Secret, owner, ..file })
}

fn grafana(settings: &Settings, templates: &Templates) -> Result<Vec<RenderedFile>> {
    let path = "staging-monitoring/grafana";
    let prometheus = address(settings, settings.config.monitoring.prometheus.as_deref(), 9090)
        .unwrap_or_else(|| "localhost:9090".to_owned());
    let interval = &settings.config.monitoring.scrape_interval;
    if !Regex::new(r"^\d+(ms|s|m|h)$")?.is_match(interval) {
        return Err(Failure::config(format!(
            "monitoring.scrape_interval: `{interval}` is not a time such as 15s"
        ))
        .into());
    }
    let mut files = vec![
        RenderedFile::public(
            &format!("{path}/provisioning/datasources/prometheus.yml"),
            templates.render(
                "compose/grafana/provisioning/datasources/prometheus.yml.tera",
                &serde_json::json!({ "url": format!("http://{prometheus}"), "interval": interval }),
            )?,
        ),
        RenderedFile::public(
            &format!("{path}/provisioning/dashboards/staging.yml"),
            templates::text(settings, "compose/grafana/provisioning/dashboards/staging.yml")?,
        ),
    ];
    for name in DASHBOARDS {
        files.push(RenderedFile::public(
            &format!("{path}/dashboards/{name}.json"),
            templates::text(settings, &format!("compose/grafana/dashboards/{name}.json"))?,
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_docker_compose_reads_them() {
        assert_eq!(bytes("512m").unwrap(), 536_870_912);
        assert_eq!(bytes("1gb").unwrap(), 1 << 30);
        assert_eq!(bytes("100").unwrap(), 100);
        assert!(bytes("1x").is_err());
        assert!(bytes("m").is_err());
    }
}
