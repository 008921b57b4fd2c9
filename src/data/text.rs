//! The plan of a copy as text: what crosses, why, and what is still to decide. Never a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{CopyPlan, KeyPlan, TableName, TablePlan, Undecided};

/// The whole plan: which rows, what is cut, what happens to each column, what is open.
pub fn plan(plan: &CopyPlan) -> String {
    let mut out = String::new();
    if !plan.starts.is_empty() {
        let _ = writeln!(out, "It starts from {}.", plan.starts.join(" and from "));
        out.push_str("Rows that belong to these come along, then the rows that any of them needs.\n\n");
    }
    rows(plan, &mut out);
    cuts(plan, &mut out);
    out.push_str("Columns\n");
    for table in &plan.tables {
        let _ = writeln!(out, "  {}", table.table);
        let name = table.columns.iter().map(|c| c.column.chars().count()).max().unwrap_or(0);
        let action = table.columns.iter().map(|c| c.action.chars().count()).max().unwrap_or(0);
        for column in &table.columns {
            let _ = writeln!(out, "    {:name$}  {:action$}  {}", column.column, column.action, column.why);
        }
    }
    let rows: u64 = plan.tables.iter().map(|table| table.rows).sum();
    let bytes: u64 = plan.tables.iter().map(|table| table.bytes).sum();
    let _ = writeln!(
        out,
        "\n{rows} rows of {} tables would cross, about {}; nothing was written.",
        plan.tables.len(),
        size(bytes)
    );
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

/// Each table with its rows and why they cross.
fn rows(plan: &CopyPlan, out: &mut String) {
    let width = |text: fn(&TablePlan) -> String| {
        plan.tables.iter().map(|table| text(table).chars().count()).max().unwrap_or(0)
    };
    let (name, of) = (width(|table| table.table.to_string()), width(of));
    out.push_str("Rows\n");
    for table in &plan.tables {
        let reasons: Vec<String> = table
            .reasons
            .iter()
            .map(|(reason, rows)| if *rows == 0 { reason.clone() } else { format!("{rows} {reason}") })
            .collect();
        let cut = if table.nulled == 0 {
            String::new()
        } else {
            format!(" ({} with a reference cut)", table.nulled)
        };
        let _ = writeln!(
            out,
            "  {:name$}  {:>of$}  {:>9}  {}{cut}",
            table.table.to_string(),
            self::of(table),
            size(table.bytes),
            reasons.join("; ")
        );
    }
    out.push('\n');
}

fn of(table: &TablePlan) -> String {
    format!("{} of {}", table.rows, table.rows_in_production)
}

/// The references that are set to NULL, and what following them would bring.
fn cuts(plan: &CopyPlan, out: &mut String) {
    let cut: Vec<&KeyPlan> = plan.keys.iter().filter(|key| key.nulled > 0).collect();
    if cut.is_empty() {
        return;
    }
    let name = cut.iter().map(|key| key.from.chars().count()).max().unwrap_or(0);
    out.push_str("References set to NULL, because the row they lead to stays behind\n");
    for key in cut {
        let growth = key.following.map_or_else(String::new, |following| {
            let more = if following.more { "more than " } else { "" };
            format!("; `follow` would bring {more}{} rows more", following.rows)
        });
        let _ = writeln!(out, "  {:name$}  to {}, in {} rows{growth}", key.from, key.to, key.nulled);
    }
    out.push_str("  (`copy: foreign_keys: {Table.column: follow}` takes those rows along)\n\n");
}

/// Bytes as a person reads them: `3.1 MiB`.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
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
    fn sizes_read_as_a_person_says_them() {
        assert_eq!([0, 1_023, 1_024, 3 << 20].map(size), ["0 B", "1023 B", "1.0 KiB", "3.0 MiB"]);
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
