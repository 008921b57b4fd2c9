//! `report`: the verdict over the newest reports.

use crate::support::Workspace;

fn workspace() -> Workspace {
    Workspace::with_config("version: 1\nproject: twin\nservices: {a: {image: 'a:1'}}\n")
}

fn report(workspace: &Workspace, prefix: &str, day: u32, verdict: &str, more: &str) {
    let text = format!(
        r#"{{"schema_version": 1, "kind": "{prefix}", "tool_version": "0", "project": "twin", "run_id": "1",
            "command": "stagectl", "started_at": "2026-01-{day:02}T00:00:00Z", "finished_at": "2026-01-{day:02}T00:01:00Z",
            "duration_ms": 60000, "verdict": "{verdict}", "summary": "as written"{more}}}"#
    );
    workspace.write(&format!("staging-backups/{prefix}-202601{day:02}T000000Z.json"), &text);
}

#[test]
fn without_reports_the_verdict_is_incomplete() {
    let outcome = workspace().stagectl(&["report"]).expect_code(2);
    assert!(
        outcome.stdout.contains("INCOMPLETE") && outcome.stdout.contains("stagectl setup"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn the_newest_reports_decide() {
    let twin = workspace();
    report(&twin, "setup-report", 1, "ready", "");
    report(&twin, "staging-validation-report", 2, "ready", ", \"quick\": false");
    let ready = twin.stagectl(&["report", "--json"]).expect_code(0).json();
    assert_eq!(ready["verdict"], "ready");
    report(&twin, "staging-validation-report", 3, "not-ready", ", \"quick\": false");
    let red = twin.stagectl(&["report", "--json"]).expect_code(1).json();
    assert_eq!(red["verdict"], "not-ready");
    assert!(!twin.files("staging-backups", "readiness-report-").is_empty());
}

#[test]
fn a_validation_from_before_the_last_setup_is_stale() {
    let twin = workspace();
    report(&twin, "setup-report", 5, "ready", "");
    report(&twin, "staging-validation-report", 4, "ready", "");
    let outcome = twin.stagectl(&["report"]).expect_code(0);
    assert!(
        outcome.stdout.contains("stale") && outcome.stdout.contains("READY WITH WARNINGS"),
        "{}",
        outcome.stdout
    );
}
