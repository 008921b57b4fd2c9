//! What stands in the document, and what must never: a script, an outside address, raw text.

use super::*;
use crate::report::{
    Answered, CategorySummary, Envelope, LatencyBar, Measure, Severity, Status, Unit, Verdict,
};

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
        measures: Vec::new(),
        plots: Vec::new(),
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
    let html = validation(&report(vec![result("SEC-001", "security", Status::Fail)]), &[]);
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
    let html = validation(&report(vec![warned, result("SEC-001", "security", Status::Fail)]), &[]);
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("✗ fail</span> SEC-001") < at("! warn</span> SEC-005"));
    assert!(html.contains("write <code>server_tokens off;</code> into"));
    assert!(html.contains("<h1>NOT READY</h1>"));
}

#[test]
fn a_green_report_has_nothing_to_do() {
    let html = validation(&report(vec![result("SEC-001", "security", Status::Pass)]), &[]);
    assert!(!html.contains("What to do"));
    assert!(html.contains("✓ pass"));
}

#[test]
fn a_load_becomes_a_histogram_with_its_budget() {
    let mut load = result("PRF-002", "performance", Status::Pass);
    let bar = |up_to_ms, count| LatencyBar { up_to_ms: Some(up_to_ms), count };
    let bars = vec![bar(1, 0), bar(2, 10), bar(5, 40), bar(10, 5), bar(20, 0), bar(50, 0)];
    load.plots = vec![Plot::Latencies { bars, budget_ms: 20.0 }];
    let html = validation(&report(vec![load]), &[]);
    assert_eq!(html.matches("<rect").count(), 4, "from the first answer to the budget");
    assert!(html.contains("aria-label=\"55 answers by their time"));
    assert!(html.contains("budget 20 ms"));
    assert!(!validation(&report(vec![result("PRF-002", "performance", Status::Pass)]), &[]).contains("<svg"));
}

#[test]
fn refused_requests_are_crosses_and_a_value_over_its_bound_is_red() {
    let mut limited = result("PRF-004", "performance", Status::Pass);
    let requests = [200, 200, 429].into_iter().zip(0..).map(|(status, ms)| Answered { ms, status }).collect();
    limited.plots = vec![Plot::Limit { requests, burst: 1, per_minute: 60 }];
    limited.measures = vec![
        Measure::new("slow", 120.0, Unit::Ms, Some(100.0)),
        Measure::new("fast", 50.0, Unit::Ms, Some(100.0)),
        Measure::new("unbounded", 50.0, Unit::Ms, None),
    ];
    let html = validation(&report(vec![limited]), &[]);
    assert_eq!(html.matches("class=\"refused\"").count(), 1);
    assert!(html.contains("2 requests passed and 1 were refused"));
    assert!(html.contains("<div class=\"gauge fail\"><i style=\"width:96.0%\">"), "{html}");
    assert!(html.contains("<div class=\"gauge pass\"><i style=\"width:40.0%\">"));
    assert!(!html.contains("unbounded"));
}

#[test]
fn earlier_runs_are_drawn_beside_this_one() {
    let past = Past {
        started_at: "2026-11-20T10:00:00Z".parse().unwrap(),
        counts: Counts { pass: 3, fail: 2, ..Counts::default() },
    };
    let html = validation(&report(vec![result("SEC-001", "security", Status::Pass)]), &[past]);
    assert!(html.contains("results of the last 2 runs"));
    assert!(html.contains("2 bad"));
}
