//! The entry to paste into the decisions: a line for each undecided column. Pure; never a value.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::data::model::{TableName, Undecided};

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
