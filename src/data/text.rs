//! The plan of a copy as text: what crosses, why, and what is still to decide. Never a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{CopyPlan, TableName, Undecided};

/// The whole plan.
pub fn plan(plan: &CopyPlan) -> String {
    let mut out = String::new();
    for table in &plan.tables {
        let _ = writeln!(out, "{}: {} of {} rows", table.table, table.rows, table.rows_in_production);
        for (reason, rows) in &table.reasons {
            let _ = writeln!(out, "  {rows} {reason}");
        }
        if table.nulled > 0 {
            let _ = writeln!(out, "  {} with a reference set to NULL: its row stays behind", table.nulled);
        }
        let name = table.columns.iter().map(|c| c.column.chars().count()).max().unwrap_or(0);
        let action = table.columns.iter().map(|c| c.action.chars().count()).max().unwrap_or(0);
        for column in &table.columns {
            let _ = writeln!(out, "    {:name$}  {:action$}  {}", column.column, column.action, column.why);
        }
        out.push('\n');
    }
    let rows: u64 = plan.tables.iter().map(|table| table.rows).sum();
    let _ = writeln!(out, "{rows} rows of {} tables would cross; nothing was written.", plan.tables.len());
    if !plan.undecided.is_empty() {
        let file = plan.decisions.as_deref();
        let place = file.unwrap_or("stagectl.yml");
        let _ = write!(out, "\nTo decide, in {place}:\n{}", entry(&plan.undecided, file.is_some()));
    }
    for collision in &plan.collisions {
        let _ = writeln!(
            out,
            "collision: {} rows too many in {} of {} ({}): {}",
            collision.rows,
            collision.index,
            collision.table,
            collision.columns.join(", "),
            collision.remedy
        );
    }
    for warning in &plan.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    out
}

/// The entry to paste into `stagectl.yml`, or into a masking file.
pub fn entry(undecided: &[Undecided], own_file: bool) -> String {
    let mut tables: BTreeMap<&TableName, BTreeMap<&str, Vec<&Undecided>>> = BTreeMap::new();
    for item in undecided {
        tables.entry(&item.table).or_default().entry(&item.column).or_default().push(item);
    }
    let mut out = "masking:\n  tables:\n".to_owned();
    for (table, columns) in tables {
        let _ = writeln!(out, "    {}:", quote(&table.to_string()));
        for (column, items) in columns {
            if let [Undecided { path: None, looks_like, proposal, .. }] = items.as_slice() {
                let _ = writeln!(out, "      {}: {proposal} # {looks_like}", quote(column));
                continue;
            }
            let _ = writeln!(out, "      {}:\n        json:", quote(column));
            for item in items {
                let path = item.path.as_deref().unwrap_or(".");
                let _ = writeln!(out, "          {}: {} # {}", quote(path), item.proposal, item.looks_like);
            }
        }
    }
    if own_file {
        let lines = out.lines().skip(1);
        out = lines.fold(String::new(), |out, line| out + line.get(2..).unwrap_or_default() + "\n");
    }
    out
}

/// A YAML key: bare where it is a word that YAML reads as text.
pub fn quote(key: &str) -> String {
    let word = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))
        && !["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
            .contains(&key.to_lowercase().as_str());
    if word { key.to_owned() } else { format!("'{}'", key.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::masking::Masking;

    #[derive(serde::Deserialize)]
    struct Pasted {
        masking: Masking,
    }

    #[test]
    fn the_entry_can_be_pasted() {
        let item = |column: &str, path: Option<&str>, proposal: &str| Undecided {
            table: TableName { schema: "public".into(), name: "User".into() },
            column: column.into(),
            path: path.map(Into::into),
            looks_like: "looks like an e-mail address".into(),
            seen: 1,
            proposal: proposal.into(),
        };
        let items = [
            item("email", None, "email"),
            item("no", None, "null"),
            item("tags", None, "{elements: text}"),
            item("profile", Some("items[].*"), "text"),
            item("profile", Some("."), "{keep: 'a number, of nobody'}"),
        ];
        let text = entry(&items, false);
        let pasted: Pasted = serde_yaml::from_str(&text).unwrap();
        let columns = &pasted.masking.tables["User"];
        assert_eq!(columns.keys().collect::<Vec<_>>(), ["email", "no", "profile", "tags"]);
        assert_eq!(columns["profile"].0.word(), "json");
        let file: Masking = serde_yaml::from_str(&entry(&items, true)).unwrap();
        assert_eq!(file.tables, pasted.masking.tables);
    }
}
