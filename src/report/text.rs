//! Reports for a person: check results by category, failures with their remedy, the verdict last.

use super::{CheckResult, Counts, Status, Verdict};
use crate::ui::Styles;

/// The lines for check results; passes are one line, failures say what to do.
pub fn checks(results: &[CheckResult], verbose: bool) -> String {
    let mut out = String::new();
    let mut category = "";
    for result in results {
        if result.category != category {
            category = &result.category;
            out.push_str(&format!("\n{}\n", Styles::paint(Styles::default().strong, category)));
        }
        out.push_str(&line(result, verbose));
    }
    out
}

/// How many lines of evidence are shown without `--verbose`.
const EVIDENCE: usize = 5;

/// A status as a sign and a word, coloured.
pub fn sign(status: Status) -> String {
    let s = Styles::default();
    let (sign, style) = match status {
        Status::Pass => ("✓ pass ", s.good),
        Status::Warn => ("! warn ", s.warn),
        Status::Fail => ("✗ FAIL ", s.bad),
        Status::Skip => ("- skip ", s.faint),
        Status::Error => ("? ERROR", s.bad),
    };
    Styles::paint(style, sign)
}

fn line(result: &CheckResult, verbose: bool) -> String {
    let s = Styles::default();
    let mut out = format!("  {} {} {}", sign(result.status), result.id, result.title);
    if result.status != Status::Pass || verbose {
        out.push_str(&format!(": {}", result.found));
    }
    out.push('\n');
    if needs_attention(result) {
        out.push_str(&format!("            expected {}\n", result.expected));
        let shown = if verbose { result.evidence.len() } else { EVIDENCE };
        for evidence in result.evidence.iter().take(shown) {
            out.push_str(&format!("            {evidence}\n"));
        }
        if result.evidence.len() > shown {
            let more = result.evidence.len() - shown;
            out.push_str(&format!("            and {more} more, in the report\n"));
        }
        if !result.remedy.is_empty() {
            out.push_str(&format!("            {} {}\n", Styles::paint(s.hint, "fix:"), result.remedy));
        }
    }
    out
}

/// Whether somebody should look at a result.
pub fn needs_attention(result: &CheckResult) -> bool {
    matches!(result.status, Status::Fail | Status::Warn | Status::Error)
}

/// The closing line.
pub fn verdict(verdict: Verdict, counts: Counts) -> String {
    let s = Styles::default();
    let style = match verdict {
        Verdict::Ready => s.good,
        Verdict::ReadyWithWarnings => s.warn,
        Verdict::NotReady | Verdict::Incomplete => s.bad,
    };
    format!(
        "{}  {} passed, {} warned, {} failed, {} skipped, {} could not be checked",
        Styles::paint(style.bold(), verdict.word()),
        counts.pass,
        counts.warn,
        counts.fail,
        counts.skip,
        counts.error
    )
}
