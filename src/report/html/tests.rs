//! What stands in the document, and what must never: a script, an outside address, raw text.

use super::*;
use crate::report::{Envelope, Severity};

fn result(id: &str, category: &str, status: Status) -> CheckResult {
    CheckResult {
        id: id.to_owned(),
        category: category.to_owned(),
        title: "it <holds>".to_owned(),
        severity: Severity::Major,
        status,
        expected: "200 & \"ok\"".to_owned(),
        found: "<script>alert(1)</script>".to_owned(),
        evidence: Vec::new(),
        remedy: "write `server_tokens off;` into nginx/staging.conf".to_owned(),
        duration_ms: 12,
    }
}

fn report(results: Vec<CheckResult>) -> Report<Validation> {
    let now = "2026-11-21T10:00:00Z".parse().unwrap();
    let mut envelope = Envelope::begin("validation", "twin", "run", "stagectl validate", now);
    envelope.finish(Verdict::over(&results), "1 of 2 checks passed", now);
    let counts = Counts::of(&results);
    let categories =
        vec![CategorySummary { category: "security".to_owned(), verdict: Verdict::NotReady, counts }];
    Report { envelope, body: Validation { counts, categories, results, ..Validation::default() } }
}

#[test]
fn the_document_loads_nothing_and_runs_nothing() {
    let html = validation(&report(vec![result("SEC-001", "security", Status::Fail)]));
    for word in ["<script", "http://", "https://", "src=", "<link", "@import", "url("] {
        assert!(!html.contains(word), "{word}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.contains("200 &amp; &quot;ok&quot;"));
}

#[test]
fn a_failure_stands_above_a_warning_with_its_remedy_as_code() {
    let mut warned = result("SEC-005", "security", Status::Warn);
    warned.severity = Severity::Blocker;
    let html = validation(&report(vec![warned, result("SEC-001", "security", Status::Fail)]));
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("✗ fail</span> SEC-001") < at("! warn</span> SEC-005"));
    assert!(html.contains("write <code>server_tokens off;</code> into"));
    assert!(html.contains("<h1>NOT READY</h1>"));
}

#[test]
fn a_green_report_has_nothing_to_do() {
    let html = validation(&report(vec![result("SEC-001", "security", Status::Pass)]));
    assert!(!html.contains("What to do"));
    assert!(html.contains("✓ pass"));
}

#[test]
fn a_load_becomes_a_histogram() {
    let mut load = result("PRF-002", "performance", Status::Pass);
    load.evidence = vec!["latencies: ≤1ms 10 · ≤2ms 40 · ≤5ms 5".to_owned()];
    let html = validation(&report(vec![load]));
    assert_eq!(html.matches("<rect").count(), 3);
    assert!(html.contains("aria-label=\"55 answers by their time\""));
    assert!(!validation(&report(vec![result("PRF-002", "performance", Status::Pass)])).contains("<svg"));
}
