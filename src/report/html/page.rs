//! The shell of every report: head, style, banner, footer; and how text becomes HTML.

use crate::report::{Envelope, Status, Verdict};

const STYLE: &str = include_str!("style.css");

/// What the banner and the footer say beside the envelope.
pub(super) struct Facts<'a> {
    pub scope: &'a str,
    /// The footer's sentence, to which "beside this file" is added.
    pub beside: &'a str,
}

/// The whole document around `body`.
pub(super) fn page(envelope: &Envelope, facts: Facts<'_>, body: &str) -> String {
    let title = format!("{} {} · {}", envelope.project, envelope.kind, envelope.verdict.word());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}{body}\
         <footer>stagectl {}, run {}. {} beside this file.</footer>\n</main>\n</body>\n</html>\n",
        escape(&title),
        banner(envelope, facts.scope),
        escape(&envelope.tool_version),
        escape(&envelope.run_id),
        facts.beside
    )
}

fn banner(envelope: &Envelope, scope: &str) -> String {
    let ended = envelope.finished_at.map_or_else(|| "not finished".to_owned(), time);
    format!(
        "<header class=\"card banner {}\">\n<h1>{}</h1>\n<p>{}</p>\n<div class=\"facts\"><span>{} {}</span>\
         <span>{} to {}</span><span>{:.1} s</span><span>{}</span><code>{}</code></div>\n</header>\n",
        class(envelope.verdict),
        envelope.verdict.word(),
        escape(&envelope.summary),
        escape(&envelope.project),
        escape(&envelope.kind),
        time(envelope.started_at),
        ended,
        envelope.duration_ms as f64 / 1000.0,
        escape(scope),
        escape(&envelope.command)
    )
}

/// A heading with what stands under it; nothing where there is nothing.
pub(super) fn section(title: &str, content: &str) -> String {
    if content.is_empty() { String::new() } else { format!("<h2>{}</h2>\n{content}\n", escape(title)) }
}

pub(super) fn card(content: &str) -> String {
    format!("<div class=\"card chart\">{content}</div>")
}

pub(super) fn preformatted(text: &str) -> String {
    format!("<div class=\"evidence\">{}</div>", escape(text))
}

/// A table of cells that are HTML already; columns named with a leading `#` hold numbers.
pub(super) fn grid(columns: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let class = |index: usize| {
        let is_number = columns.get(index).is_some_and(|name| name.starts_with('#'));
        if is_number { " class=\"number\"" } else { "" }
    };
    let mut head = String::new();
    for (index, name) in columns.iter().enumerate() {
        head += &format!("<th{}>{}</th>", class(index), escape(name.trim_start_matches('#')));
    }
    let mut lines = String::new();
    for row in rows {
        lines += "<tr>";
        for (index, cell) in row.iter().enumerate() {
            lines += &format!("<td{}>{cell}</td>", class(index));
        }
        lines += "</tr>\n";
    }
    format!(
        "<div class=\"card table\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}</tbody>\n\
         </table></div>\n"
    )
}

pub(super) const fn word(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pass => ("✓ pass", "pass"),
        Status::Warn => ("! warn", "warn"),
        Status::Fail => ("✗ fail", "fail"),
        Status::Skip => ("– skip", "skip"),
        Status::Error => ("? error", "error"),
    }
}

pub(super) const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ready => "ready",
        Verdict::ReadyWithWarnings => "ready-with-warnings",
        Verdict::NotReady => "not-ready",
        Verdict::Incomplete => "incomplete",
    }
}

/// To the second, as a person reads it.
pub(super) fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A count with thin spaces between its thousands.
pub(super) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// Text between backquotes becomes code.
pub(super) fn code_spans(text: &str) -> String {
    text.split('`')
        .enumerate()
        .map(|(n, part)| if n % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) })
        .collect()
}

pub(super) fn escape(text: &str) -> String {
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
