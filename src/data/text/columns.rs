//! What happens to each column, and what the strategies' words mean. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{hanging, paragraph};
use crate::config::masking::Strategy;
use crate::data::model::{ColumnPlan, CopyPlan};

/// Each table's columns: those that somebody decides about first, then those that nobody needs to.
pub fn columns(plan: &CopyPlan, out: &mut String) {
    out.push_str("What happens to each column\n");
    let mut used: BTreeMap<&str, &str> = BTreeMap::new();
    for table in &plan.tables {
        let _ = writeln!(out, "  {}", table.table);
        let (decided, plain): (Vec<&ColumnPlan>, Vec<&ColumnPlan>) =
            table.columns.iter().partition(|column| !matches!(column.action.as_str(), "copy" | "computed"));
        let name = decided.iter().map(|c| c.column.chars().count()).max().unwrap_or(0);
        let action = decided.iter().map(|c| c.action.chars().count()).max().unwrap_or(0);
        for column in decided {
            let start = format!("    {:name$}  {:action$}  ", column.column, column.action);
            let at = start.chars().count();
            let mut line = start;
            hanging(&mut line, at, at.min(40), why(column));
            let _ = writeln!(out, "{}", line.trim_end());
            if let Some(strategy) = &column.strategy {
                strategy.each(&mut |part| {
                    used.insert(part.word(), part.meaning());
                });
            }
        }
        let words: Vec<String> =
            plain.iter().map(|column| format!("{} ({})", column.column, column.why)).collect();
        if !words.is_empty() {
            paragraph(out, "      ", &format!("    as it is: {}", words.join(", ")));
        }
    }
    if !used.is_empty() {
        out.push_str("\nWhat the words mean\n");
        let name = used.keys().map(|word| word.len()).max().unwrap_or(0);
        for (word, meaning) in used {
            let _ = write!(out, "  {word:name$}  ");
            hanging(out, name + 4, name + 4, meaning);
        }
    }
    out.push('\n');
}

/// What the word alone does not say.
fn why(column: &ColumnPlan) -> &str {
    match &column.strategy {
        Some(Strategy::Keep(reason)) => reason,
        Some(_) if column.why.starts_with("masking.tables.") => "",
        _ => &column.why,
    }
}
