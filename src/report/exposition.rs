//! Check results in Prometheus' text format, for node_exporter's textfile collector:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use super::{CheckResult, Counts, Report, Status, Validation, Verdict};

/// The document.
pub fn validation(report: &Report<Validation>) -> String {
    let Report { envelope, body } = report;
    let project = label(&envelope.project);
    let mut out = String::new();
    gauge(&mut out, "stagectl_validation_ready", "1 when the verdict is ready, with or without warnings.");
    let ready = matches!(envelope.verdict, Verdict::Ready | Verdict::ReadyWithWarnings);
    out.push_str(&format!("stagectl_validation_ready{{project={project}}} {}\n", u8::from(ready)));
    gauge(&mut out, "stagectl_validation_finished_timestamp_seconds", "When the run ended.");
    let ended = envelope.finished_at.map_or(0, jiff::Timestamp::as_second);
    out.push_str(&format!("stagectl_validation_finished_timestamp_seconds{{project={project}}} {ended}\n"));
    gauge(&mut out, "stagectl_validation_checks", "Checks by result.");
    let Counts { pass, warn, fail, skip, error } = body.counts;
    for (status, count) in [("pass", pass), ("warn", warn), ("fail", fail), ("skip", skip), ("error", error)]
    {
        out.push_str(&format!(
            "stagectl_validation_checks{{project={project},status=\"{status}\"}} {count}\n"
        ));
    }
    gauge(
        &mut out,
        "stagectl_check_ok",
        "1 passed or warned, 0 failed or not checked; skipped ones are absent.",
    );
    for result in body.results.iter().filter(|result| result.status != Status::Skip) {
        let ok = u8::from(matches!(result.status, Status::Pass | Status::Warn));
        out.push_str(&format!("stagectl_check_ok{{{}}} {ok}\n", labels(&project, result)));
    }
    gauge(&mut out, "stagectl_check_duration_seconds", "How long the check took.");
    for result in &body.results {
        let seconds = result.duration_ms as f64 / 1000.0;
        out.push_str(&format!("stagectl_check_duration_seconds{{{}}} {seconds}\n", labels(&project, result)));
    }
    gauge(&mut out, "stagectl_check_measure", "What a check measured, in the unit of its label.");
    for result in &body.results {
        for measure in &result.measures {
            out.push_str(&format!(
                "stagectl_check_measure{{{},measure={},unit=\"{}\"}} {}\n",
                labels(&project, result),
                label(&measure.name),
                measure.unit.word(),
                measure.value
            ));
        }
    }
    out
}

fn gauge(out: &mut String, name: &str, help: &str) {
    out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
}

fn labels(project: &str, result: &CheckResult) -> String {
    format!("project={project},id={},category={}", label(&result.id), label(&result.category))
}

/// A label's value in quotes.
fn label(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
