//! Which rows cross, why, how long it takes, and which references are cut. Pure.

use std::fmt::Write as _;

use super::{count, hanging, paragraph, size};
use crate::data::model::{CopyPlan, KeyPlan, TablePlan};

/// Each table with its rows and why they cross.
pub fn tables(plan: &CopyPlan, out: &mut String) {
    let width = |text: fn(&TablePlan) -> String, least: usize| {
        plan.tables.iter().map(|table| text(table).chars().count()).fold(least, usize::max)
    };
    let (name, of) = (width(|table| table.table.to_string(), 5), width(of, 4));
    let _ = writeln!(out, "{:name$}  {:>of$}  {:>9}  {:>7}  why", "Table", "rows", "size", "time");
    for table in &plan.tables {
        let reasons: Vec<String> = table.reasons.iter().map(|(reason, rows)| why(reason, *rows)).collect();
        let cut = if table.nulled == 0 {
            String::new()
        } else {
            format!(" ({} with a reference cut)", count(table.nulled))
        };
        let start = format!(
            "{:name$}  {:>of$}  {:>9}  {:>7}  ",
            table.table.to_string(),
            self::of(table),
            size(table.bytes),
            time(table.ms),
        );
        let at = start.chars().count();
        out.push_str(&start);
        hanging(out, at, at.min(40), &(reasons.join("; ") + &cut));
    }
    out.push('\n');
}

fn of(table: &TablePlan) -> String {
    if table.rows == table.rows_in_production {
        return format!("all {}", count(table.rows));
    }
    format!("{} of {}", count(table.rows), count(table.rows_in_production))
}

fn why(reason: &str, rows: u64) -> String {
    match (reason, rows) {
        (_, 0) => reason.to_owned(),
        ("root", _) => format!("{} it starts from", count(rows)),
        _ => format!("{} {reason}", count(rows)),
    }
}

/// Milliseconds as a person says them: `< 1 s`, `12 s`, `3 min`.
pub fn time(ms: u64) -> String {
    match ms {
        0..1_000 => "< 1 s".to_owned(),
        1_000..90_000 => format!("{} s", ms.div_ceil(1_000)),
        90_000..5_400_000 => format!("{} min", ms.div_ceil(60_000)),
        _ => format!("{} h", ms.div_ceil(3_600_000)),
    }
}

/// The references that are set to NULL, and what following them would bring.
pub fn cuts(plan: &CopyPlan, out: &mut String) {
    let cut: Vec<&KeyPlan> = plan.keys.iter().filter(|key| key.nulled > 0).collect();
    if cut.is_empty() {
        return;
    }
    let name = cut.iter().map(|key| key.from.chars().count()).max().unwrap_or(0);
    out.push_str("References set to NULL, because the row they lead to stays behind\n");
    for key in cut {
        let growth = key.following.map_or_else(String::new, |following| {
            let more = if following.more { "more than " } else { "" };
            format!("; `follow` would bring {more}{} rows more", count(following.rows))
        });
        let start = format!("  {:name$}  ", key.from);
        let at = start.chars().count();
        out.push_str(&start);
        hanging(out, at, at, &format!("to {}, in {} rows{growth}", key.to, count(key.nulled)));
    }
    paragraph(out, "  ", "  (`copy: foreign_keys: {Table.column: follow}` takes those rows along)");
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_a_person_says_them() {
        let shown = [0, 999, 1_001, 89_000, 95_000, 7_000_000].map(time);
        assert_eq!(shown, ["< 1 s", "< 1 s", "2 s", "89 s", "2 min", "2 h"]);
    }
}
