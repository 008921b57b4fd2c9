//! Check results: a tile for each category, what to do about the bad ones, and the table of all.

use super::page::{class, code_spans, escape, section, word};
use crate::report::{CategorySummary, CheckResult, Counts, Status};

pub(super) fn tiles(categories: &[CategorySummary]) -> String {
    let tiles: String = categories.iter().map(tile).collect();
    if tiles.is_empty() { tiles } else { format!("<div class=\"tiles\">\n{tiles}</div>") }
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

/// What failed, warned or could not be checked: the worst first, each with its remedy and the command that looks
/// `again`.
pub(super) fn what_to_do(results: &[CheckResult], again: fn(&CheckResult) -> Option<String>) -> String {
    let mut open: Vec<&CheckResult> = results.iter().filter(|result| rank(result.status) > 0).collect();
    open.sort_by_key(|result| std::cmp::Reverse((rank(result.status), result.severity)));
    let cards: String = open.into_iter().map(|result| todo(result, again(result))).collect();
    section("What to do", &cards)
}

fn todo(result: &CheckResult, again: Option<String>) -> String {
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
    if !result.remedy.is_empty() {
        rows += &format!("<dt>fix</dt><dd>{}</dd>", code_spans(&result.remedy));
    }
    if let Some(again) = again {
        rows += &format!("<dt>again</dt><dd><code>{}</code></dd>", escape(&again));
    }
    format!(
        "<section class=\"card todo {class}\"><h3><span class=\"mark\">{word}</span> {} {}</h3>\
         <dl>{rows}</dl></section>\n",
        escape(&result.id),
        escape(&result.title)
    )
}

/// The table of all results, with filters by status and category that need no script.
pub(super) fn table(results: &[CheckResult]) -> String {
    let longest = results.iter().map(|result| result.duration_ms).max().unwrap_or(0).max(1);
    let mut categories: Vec<&str> = results.iter().map(|result| result.category.as_str()).collect();
    categories.dedup();
    let mut out = filters(&categories);
    out += "<div class=\"card table checks\"><table>\n<thead><tr><th>Result</th><th>Check</th>\
            <th>What holds</th><th>Found</th><th class=\"number\">Time</th></tr></thead>\n<tbody>\n";
    let mut category = "";
    for result in results {
        let at = categories.iter().position(|name| *name == result.category).unwrap_or_default();
        if result.category != category {
            category = &result.category;
            out += &format!("<tr class=\"group c{at}\"><td colspan=\"5\">{}</td></tr>\n", escape(category));
        }
        out += &row(result, at, longest);
    }
    section("All checks", &(out + "</tbody>\n</table></div>"))
}

/// Radio buttons before the table; the rules that hide rows are written with them, as they name the categories.
fn filters(categories: &[&str]) -> String {
    let mut rules = String::new();
    let mut out = "<div class=\"filter\"><input type=\"checkbox\" id=\"attention\"><label for=\"attention\">\
                   only what needs attention</label>\
                   <input type=\"radio\" name=\"category\" id=\"every\" checked><label for=\"every\">all</label>"
        .to_owned();
    for (at, name) in categories.iter().enumerate() {
        let name = escape(name);
        out += &format!(
            "<input type=\"radio\" name=\"category\" id=\"only{at}\"><label for=\"only{at}\">{name}</label>"
        );
        rules +=
            &format!(".filter:has(#only{at}:checked) ~ .checks tbody tr:not(.c{at}) {{ display: none; }}\n");
    }
    format!("<style>\n{rules}</style>\n{out}</div>\n")
}

fn row(result: &CheckResult, category: usize, longest: u64) -> String {
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
    format!(
        "<tr class=\"{class} c{category}\"><td class=\"mark\">{word}</td><td class=\"id\">{}</td><td>{}</td>\
         <td class=\"found\">{}{evidence}</td><td class=\"number\">{} ms\
         <i class=\"bar\" style=\"width:{width}%\"></i></td></tr>\n",
        escape(&result.id),
        escape(&result.title),
        code_spans(&result.found),
        result.duration_ms
    )
}

const fn rank(status: Status) -> u8 {
    match status {
        Status::Pass | Status::Skip => 0,
        Status::Warn => 1,
        Status::Error => 2,
        Status::Fail => 3,
    }
}
