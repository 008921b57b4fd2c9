//! `validate` on a real Prometheus: broken targets, rules and panels are found.

use std::time::Duration;

use crate::support::{Container, Workspace, engine_or_skip, eventually, free_port, image};

const RULES: &str = "groups:\n- name: twin\n  rules:\n  - alert: Down\n    expr: up == 0\n    \
                     labels: {severity: critical}\n    annotations: {summary: a target is down}\n";

fn scrape(targets: &str) -> String {
    format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [/etc/prometheus/rules.yml]\n\
         scrape_configs: [{{job_name: twin, static_configs: [{{targets: [{targets}]}}]}}]\n"
    )
}

fn dashboard(expression: &str) -> String {
    let panel = serde_json::json!({"title": "Targets", "targets": [{"expr": expression}]});
    serde_json::json!({"panels": [{"title": "Row", "panels": [panel]}]}).to_string()
}

/// A Prometheus with these files, and the results of its checks: id and status.
fn results(targets: &str, rules: &str, expression: &str) -> Vec<(String, String)> {
    let project = format!("chk-{}-{}", std::process::id(), free_port());
    let port = free_port();
    let image = image("prometheus");
    let workspace = Workspace::with_config(&format!(
        "version: 1\nproject: {project}\nmonitoring: {{prometheus: prom}}\nservices:\n  \
         prom: {{role: monitoring, image: '{image}', ports: ['{port}:9090'], metrics: {{port: 9090}}}}\n"
    ));
    workspace.write("prometheus/prometheus.yml", &scrape(targets));
    workspace.write("prometheus/rules.yml", rules);
    workspace.write("staging-monitoring/grafana/dashboards/twin.json", &dashboard(expression));
    let files = workspace.path("prometheus");
    for path in [workspace.path("."), files.clone()] {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs_err::set_permissions(path, open).expect("open the folder to the container's user");
    }
    let server = Container::run(&[
        &format!("--publish=127.0.0.1:{port}:9090"),
        &format!("--volume={}:/etc/prometheus:ro", files.display()),
        "--hostname=prom",
        &format!("--label=com.docker.compose.project={project}"),
        "--label=com.docker.compose.service=prom",
        &image,
        "--config.file=/etc/prometheus/prometheus.yml",
        "--storage.tsdb.path=/tmp/data",
    ]);
    eventually("Prometheus is ready", Duration::from_secs(60), || {
        server.try_exec(&["wget", "--quiet", "--spider", "http://localhost:9090/-/ready"])
    });
    let report = workspace.stagectl(&["validate", "--json", "--only", "MON"]).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let results = report["results"].as_array().expect("results");
    results.iter().map(|result| (text(&result["id"]), text(&result["status"]))).collect()
}

fn status(results: &[(String, String)], id: &str) -> String {
    let found = results.iter().find(|(other, _)| other == id);
    found.map_or_else(|| panic!("{id} is not in {results:?}"), |(_, status)| status.clone())
}

#[test]
fn a_sound_prometheus_passes_as_soon_as_it_has_measured() {
    if !engine_or_skip() {
        return;
    }
    let found = results("'prom:9090'", RULES, "sum(up{job=~\"$job\"})");
    for id in ["MON-001", "MON-002", "MON-003", "MON-004"] {
        assert_eq!(status(&found, id), "pass", "{id}: {found:?}");
    }
}

#[test]
fn a_dead_target_an_alert_without_words_and_a_broken_panel_are_found() {
    if !engine_or_skip() {
        return;
    }
    let rules = "groups: [{name: twin, rules: [{alert: Down, expr: up == 0}]}]\n";
    let found = results("'prom:9090', 'localhost:1'", rules, "sum(up{");
    assert_eq!(status(&found, "MON-001"), "pass", "{found:?}");
    for id in ["MON-002", "MON-003", "MON-004"] {
        assert_eq!(status(&found, id), "fail", "{id}: {found:?}");
    }
}
