//! Check results as TAP 14, <https://testanything.org/tap-version-14-specification.html>.

use super::{CheckResult, Status};

/// The document. A result that could not be checked is `not ok`, like a failure.
pub fn checks(results: &[CheckResult]) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", results.len());
    for (index, result) in results.iter().enumerate() {
        let ok = if matches!(result.status, Status::Fail | Status::Error) { "not ok" } else { "ok" };
        out.push_str(&format!("{ok} {} - {} {}", index + 1, escape(&result.id), escape(&result.title)));
        if result.status == Status::Skip {
            out.push_str(&format!(" # SKIP {}", escape(&result.found)));
        }
        out.push('\n');
        if matches!(result.status, Status::Fail | Status::Error | Status::Warn) {
            out.push_str("  ---\n");
            for (key, value) in
                [("found", &result.found), ("expected", &result.expected), ("fix", &result.remedy)]
            {
                // A JSON string is a YAML string, whatever stands in it.
                out.push_str(&format!("  {key}: {}\n", serde_json::Value::from(value.as_str())));
            }
            out.push_str(&format!("  duration_ms: {}\n  ...\n", result.duration_ms));
        }
    }
    out
}

/// One line; `#` would begin a directive.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Severity;

    #[test]
    fn failures_are_not_ok_and_a_hash_in_a_title_is_no_directive() {
        let result = |status, title: &str| CheckResult {
            id: "SEC-001".to_owned(),
            category: "security".to_owned(),
            title: title.to_owned(),
            severity: Severity::Major,
            status,
            expected: "a".to_owned(),
            found: "b: \"c\"\nd".to_owned(),
            evidence: Vec::new(),
            remedy: "e".to_owned(),
            duration_ms: 7,
            measures: Vec::new(),
            plots: Vec::new(),
        };
        let document = checks(&[
            result(Status::Pass, "no # in it"),
            result(Status::Error, "x"),
            result(Status::Skip, "y"),
        ]);
        assert_eq!(
            document,
            "TAP version 14\n1..3\nok 1 - SEC-001 no \\# in it\nnot ok 2 - SEC-001 x\n  ---\n  found: \"b: \
             \\\"c\\\"\\nd\"\n  expected: \"a\"\n  fix: \"e\"\n  duration_ms: 7\n  ...\nok 3 - SEC-001 y # SKIP b: \
             \"c\" d\n"
        );
    }
}
