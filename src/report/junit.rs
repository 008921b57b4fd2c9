//! Check results as JUnit XML: a suite per category, a case per check.

use super::{CheckResult, Counts, Status};

/// The document, from `results` grouped by category.
pub fn checks(name: &str, results: &[CheckResult]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites name=\"{}\" {}>\n", escape(name), totals(results)));
    for suite in results.chunk_by(|a, b| a.category == b.category) {
        out.push_str(&format!("  <testsuite name=\"{}\" {}>\n", escape(&suite[0].category), totals(suite)));
        for result in suite {
            out.push_str(&case(result));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn totals(results: &[CheckResult]) -> String {
    let counts = Counts::of(results);
    let ms: u64 = results.iter().map(|result| result.duration_ms).sum();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"",
        results.len(),
        counts.fail,
        counts.error,
        counts.skip,
        seconds(ms)
    )
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn case(result: &CheckResult) -> String {
    let mut out = format!(
        "    <testcase name=\"{} {}\" classname=\"{}\" time=\"{}\"",
        escape(&result.id),
        escape(&result.title),
        escape(&result.category),
        seconds(result.duration_ms)
    );
    let details = || {
        let mut lines = vec![format!("expected: {}", result.expected), format!("found: {}", result.found)];
        lines.extend(result.evidence.iter().cloned());
        lines.push(format!("fix: {}", result.remedy));
        escape(&lines.join("\n"))
    };
    let found = escape(&result.found);
    match result.status {
        Status::Pass => out.push_str("/>\n"),
        Status::Warn => {
            out.push_str(&format!(">\n      <system-out>{}</system-out>\n    </testcase>\n", details()));
        }
        Status::Skip => out.push_str(&format!(">\n      <skipped message=\"{found}\"/>\n    </testcase>\n")),
        Status::Fail => out.push_str(&format!(
            ">\n      <failure message=\"{found}\">{}</failure>\n    </testcase>\n",
            details()
        )),
        Status::Error => out.push_str(&format!(
            ">\n      <error message=\"{found}\">{}</error>\n    </testcase>\n",
            details()
        )),
    }
    out
}

/// XML text and attribute values; characters that XML cannot hold become spaces.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Severity;

    #[test]
    fn failures_errors_and_skips_stand_in_their_suite_with_what_to_do() {
        let result = |id: &str, category: &str, status| CheckResult {
            id: id.into(),
            category: category.into(),
            title: "a < b".into(),
            severity: Severity::Major,
            status,
            expected: "calm".into(),
            found: "\"storm\"\u{7}".into(),
            evidence: vec!["line & line".into()],
            remedy: "wait".into(),
            duration_ms: 1234,
            measures: Vec::new(),
            plots: Vec::new(),
        };
        let xml = checks(
            "twin",
            &[
                result("A-1", "a", Status::Pass),
                result("A-2", "a", Status::Fail),
                result("B-1", "b", Status::Error),
                result("B-2", "b", Status::Skip),
            ],
        );
        assert!(
            xml.contains("<testsuites name=\"twin\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\"")
        );
        assert_eq!(xml.matches("<testsuite ").count(), 2);
        assert!(xml.contains("<failure message=\"&quot;storm&quot; \">expected: calm\n"), "{xml}");
        assert!(xml.contains("a &lt; b") && xml.contains("line &amp; line\nfix: wait</failure>"), "{xml}");
        assert!(xml.contains("<skipped message="));
    }
}
