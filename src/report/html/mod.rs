//! A report of checks as one HTML file that opens anywhere: no script, nothing loaded from outside.

mod chart;

use super::migration::{MigrationBody, STAIRWAY};
use super::{CategorySummary, CheckResult, Counts, Envelope, Report, Status, Validation, Verdict};

const STYLE: &str = include_str!("style.css");

/// The report of `validate`.
pub fn validation(report: &Report<Validation>) -> String {
    let Report { envelope, body } = report;
    page(&Page {
        envelope,
        scope: if body.quick { "essential checks only" } else { "all checks" },
        categories: &body.categories,
        results: &body.results,
        chart: body.results.iter().find_map(chart::latencies),
        again: |result| format!("stagectl validate --only {}", result.id),
    })
}

/// The report of `test-migration`; each step of the stairway stands in it like a check.
pub fn migration(report: &Report<MigrationBody>) -> String {
    let Report { envelope, body } = report;
    let results = body.results();
    let categories: Vec<CategorySummary> = results
        .chunk_by(|a, b| a.category == b.category)
        .map(|part| CategorySummary {
            category: part[0].category.clone(),
            verdict: Verdict::over(part),
            counts: Counts::of(part),
        })
        .collect();
    page(&Page {
        envelope,
        scope: if body.categories.len() < 6 { "a part of the test" } else { "the whole test" },
        categories: &categories,
        results: &results,
        chart: None,
        again: |result| {
            let category = if result.category == STAIRWAY { "rollback" } else { &result.category };
            format!("stagectl test-migration --only {category}")
        },
    })
}

/// What differs between the reports.
struct Page<'a> {
    envelope: &'a Envelope,
    scope: &'a str,
    categories: &'a [CategorySummary],
    results: &'a [CheckResult],
    chart: Option<String>,
    /// The command that looks at a result again.
    again: fn(&CheckResult) -> String,
}

/// The whole document.
fn page(page: &Page<'_>) -> String {
    let envelope = page.envelope;
    let title = format!("{} · {}", envelope.project, envelope.verdict.word());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escape(&title)
    );
    out += &banner(envelope, page.scope);
    out += "<h2>Categories</h2>\n<div class=\"tiles\">\n";
    page.categories.iter().for_each(|category| out += &tile(category));
    out += "</div>\n";
    out += &what_to_do(page.results, page.again);
    if let Some(chart) = &page.chart {
        out += chart;
    }
    out += &table(page.results);
    out += &format!(
        "<footer>stagectl {}, run {}. The same as JSON and JUnit lies beside this file.</footer>\n\
         </main>\n</body>\n</html>\n",
        escape(&envelope.tool_version),
        escape(&envelope.run_id)
    );
    out
}

fn banner(envelope: &Envelope, scope: &str) -> String {
    let ended = envelope.finished_at.map_or_else(|| "not finished".to_owned(), time);
    format!(
        "<header class=\"card banner {}\">\n<h1>{}</h1>\n<p>{}</p>\n<div class=\"facts\"><span>{}</span>\
         <span>{} to {}</span><span>{:.1} s</span><span>{scope}</span><code>{}</code></div>\n</header>\n",
        class(envelope.verdict),
        envelope.verdict.word(),
        escape(&envelope.summary),
        escape(&envelope.project),
        time(envelope.started_at),
        ended,
        envelope.duration_ms as f64 / 1000.0,
        escape(&envelope.command)
    )
}

fn tile(summary: &CategorySummary) -> String {
    let CategorySummary { category, verdict, counts } = summary;
    let Counts { pass, warn, fail, skip, error } = *counts;
    let parts = [("pass", pass), ("warn", warn), ("fail", fail), ("error", error), ("skip", skip)];
    let share: Vec<String> = parts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(class, count)| format!("<i class=\"{class}\" style=\"flex:{count}\"></i>"))
        .collect();
    let words: Vec<String> =
        parts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    format!(
        "<div class=\"card tile {}\"><b>{}</b><strong>{}</strong><div class=\"share\">{}</div>\
         <small>{}</small></div>\n",
        class(*verdict),
        escape(category),
        verdict.word(),
        share.concat(),
        words.join(" · ")
    )
}

/// What failed, warned or could not be checked: the worst first, each with its remedy.
fn what_to_do(results: &[CheckResult], again: fn(&CheckResult) -> String) -> String {
    let mut open: Vec<&CheckResult> = results.iter().filter(|result| rank(result.status) > 0).collect();
    if open.is_empty() {
        return String::new();
    }
    open.sort_by_key(|result| std::cmp::Reverse((rank(result.status), result.severity)));
    let mut out = "<h2>What to do</h2>\n".to_owned();
    for result in open {
        let (word, class) = word(result.status);
        let mut rows = format!(
            "<dt>found</dt><dd>{}</dd><dt>expected</dt><dd>{}</dd>",
            code_spans(&result.found),
            code_spans(&result.expected)
        );
        if !result.evidence.is_empty() {
            let lines = escape(&result.evidence.join("\n"));
            rows += &format!("<dt>evidence</dt><dd><div class=\"evidence\">{lines}</div></dd>");
        }
        rows += &format!(
            "<dt>fix</dt><dd>{}</dd><dt>again</dt><dd><code>{}</code></dd>",
            code_spans(&result.remedy),
            escape(&again(result))
        );
        out += &format!(
            "<section class=\"card todo {class}\"><h3><span class=\"mark\">{word}</span> {} {}</h3>\
             <dl>{rows}</dl></section>\n",
            escape(&result.id),
            escape(&result.title)
        );
    }
    out
}

fn table(results: &[CheckResult]) -> String {
    let longest = results.iter().map(|result| result.duration_ms).max().unwrap_or(0).max(1);
    let mut out = "<h2>All checks</h2>\n<input type=\"radio\" name=\"show\" id=\"all\" checked>\
                   <label for=\"all\">all</label>\n\
                   <input type=\"radio\" name=\"show\" id=\"attention\">\
                   <label for=\"attention\">what needs attention</label>\n\
                   <div class=\"card table\"><table>\n<thead><tr><th>Result</th><th>Check</th>\
                   <th>What holds</th><th>Found</th><th>Time</th></tr></thead>\n<tbody>\n"
        .to_owned();
    let mut category = "";
    for result in results {
        if result.category != category {
            category = &result.category;
            out += &format!("<tr class=\"group\"><td colspan=\"5\">{}</td></tr>\n", escape(category));
        }
        let (word, class) = word(result.status);
        let width = 100 * result.duration_ms / longest;
        let evidence = if result.evidence.is_empty() {
            String::new()
        } else {
            format!(
                "<details><summary>evidence</summary><div class=\"evidence\">{}</div></details>",
                escape(&result.evidence.join("\n"))
            )
        };
        out += &format!(
            "<tr class=\"{class}\"><td class=\"mark\">{word}</td><td class=\"id\">{}</td><td>{}</td>\
             <td class=\"found\">{}{evidence}</td><td class=\"time\">{} ms\
             <i class=\"bar\" style=\"width:{width}%\"></i></td></tr>\n",
            escape(&result.id),
            escape(&result.title),
            code_spans(&result.found),
            result.duration_ms
        );
    }
    out + "</tbody>\n</table></div>\n"
}

const fn word(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pass => ("✓ pass", "pass"),
        Status::Warn => ("! warn", "warn"),
        Status::Fail => ("✗ fail", "fail"),
        Status::Skip => ("– skip", "skip"),
        Status::Error => ("? error", "error"),
    }
}

const fn rank(status: Status) -> u8 {
    match status {
        Status::Pass | Status::Skip => 0,
        Status::Warn => 1,
        Status::Error => 2,
        Status::Fail => 3,
    }
}

const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ready => "ready",
        Verdict::ReadyWithWarnings => "ready-with-warnings",
        Verdict::NotReady => "not-ready",
        Verdict::Incomplete => "incomplete",
    }
}

/// To the second, as a person reads it.
fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Text between backquotes becomes code.
fn code_spans(text: &str) -> String {
    text.split('`')
        .enumerate()
        .map(|(n, part)| if n % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) })
        .collect()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
