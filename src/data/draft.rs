//! `masking.yml` for a person to review: proposals are added, what stands there stays as it is, comments
//! included. Pure.

use super::model::{Catalog, CopyPlan, Undecided};
use super::text::quote;
use crate::config::masking::{Masking, Strategy};

const HEAD: &str = "\
# What happens to each value of production that could be about a person. Proposed by stagectl from names, types
# and samples; no value stands here. Check every line, change what is wrong, and commit the file.
# A line is `column: strategy`. `{keep: why}` lets a column cross as it is, for the reason given.
";
const SCHEMA: &str = "\
# The columns and types that these decisions are about. What is not here, or has another type by now, stops
# the copy until somebody has looked at it.
";

/// The file as it should be, and how many lines were added to it.
#[derive(Debug, PartialEq, Eq)]
pub struct Draft {
    pub text: String,
    pub added: usize,
}

/// Adds what the file lacks; `None` stands for a file that does not exist yet.
///
/// # Errors
/// The place of a line that cannot be added to a block somebody has written on one line.
pub fn draft(existing: Option<&str>, plan: &CopyPlan, catalog: &Catalog) -> Result<Draft, String> {
    let mut lines: Vec<String> = existing.unwrap_or(HEAD).lines().map(str::to_owned).collect();
    let mut added = 0;
    for item in &plan.undecided {
        let (table, comment) = (item.table.to_string(), comment(item));
        let path: Vec<&str> = match &item.path {
            Some(json) => vec!["tables", &table, &item.column, "json", json],
            None => vec!["tables", &table, &item.column],
        };
        added += usize::from(set(&mut lines, &path, &format!("{}{comment}", item.proposal))?);
    }
    if !lines.iter().any(|line| line.starts_with("schema:")) {
        lines.push(String::new());
        lines.extend(SCHEMA.lines().map(str::to_owned));
    }
    for planned in &plan.tables {
        let Some(table) = catalog.table(&planned.table) else { continue };
        for column in table.columns.iter().filter(|column| !column.generated) {
            let path = ["schema", &table.name.to_string(), &column.name];
            added += usize::from(set(&mut lines, &path, &quote(&column.sql_type))?);
        }
    }
    let text = lines.join("\n") + "\n";
    check(existing, &text)?;
    Ok(Draft { text, added })
}

/// Why this is proposed. Holds no value.
fn comment(item: &Undecided) -> String {
    match item.seen {
        0 => format!(" # {}", item.looks_like),
        1 => format!(" # {}, by one value", item.looks_like),
        seen => format!(" # {}, by {seen} values", item.looks_like),
    }
}

/// What stood in the file must mean what it meant.
fn check(existing: Option<&str>, text: &str) -> Result<(), String> {
    let read = |text: &str| serde_yaml::from_str::<Masking>(text).map_err(|error| error.to_string());
    let new = read(text)?;
    let Some(existing) = existing.filter(|text| !text.trim().is_empty()) else { return Ok(()) };
    for (table, columns) in read(existing)?.tables {
        for (column, rule) in columns {
            let now = new.tables.get(&table).and_then(|columns| columns.get(&column));
            let same = now.is_some_and(|now| match (&now.0, &rule.0) {
                (Strategy::Json(now), Strategy::Json(old)) => {
                    old.iter().all(|(path, rule)| now.get(path) == Some(rule))
                }
                (now, old) => now == old,
            });
            if !same {
                return Err(format!("tables.{table}.{column}"));
            }
        }
    }
    Ok(())
}

/// Sets a value where there is none, making the blocks above it; false where one stands already.
fn set(lines: &mut Vec<String>, path: &[&str], value: &str) -> Result<bool, String> {
    let (mut from, mut to, mut indent) = (0, lines.len(), 0);
    for (depth, key) in path.iter().enumerate() {
        let last = depth + 1 == path.len();
        let children = child_indent(&lines[from..to]).unwrap_or(indent);
        if let Some(at) =
            (from..to).find(|at| indent_of(&lines[*at]) == Some(children) && is_key(&lines[*at], key))
        {
            if last {
                return Ok(false);
            }
            let inline = after_key(&lines[at], key);
            if inline == "{}" {
                lines[at] = format!("{}{}:", " ".repeat(children), quote(key));
            } else if !inline.is_empty() {
                return Err(path[..=depth].join("."));
            }
            (from, to, indent) = (at + 1, block_end(lines, at, children), children + 2);
        } else {
            let head = format!("{}{}:", " ".repeat(children), quote(key));
            lines.insert(to, if last { format!("{head} {value}") } else { head });
            (from, to, indent) = (to + 1, to + 1, children + 2);
        }
    }
    Ok(true)
}

/// Spaces before a line that is neither empty nor a comment.
fn indent_of(line: &str) -> Option<usize> {
    let text = line.trim_start();
    (!text.is_empty() && !text.starts_with('#')).then(|| line.len() - text.len())
}

fn child_indent(lines: &[String]) -> Option<usize> {
    lines.iter().find_map(|line| indent_of(line))
}

/// After the last line of the block that begins at `at`; comments that belong to what follows stay there.
fn block_end(lines: &[String], at: usize, indent: usize) -> usize {
    let below = lines[at + 1..].iter().position(|line| indent_of(line).is_some_and(|i| i <= indent));
    let end = below.map_or(lines.len(), |count| at + 1 + count);
    let last = (at..end).rev().find(|at| indent_of(&lines[*at]).is_some());
    last.map_or(end, |last| last + 1)
}

fn is_key(line: &str, key: &str) -> bool {
    split_key(line).is_some_and(|(found, _)| found == key)
}

fn after_key<'l>(line: &'l str, key: &str) -> &'l str {
    let rest = split_key(line).filter(|(found, _)| found == key).map_or("", |(_, rest)| rest);
    // A comment is no value.
    rest.split_once(" #").map_or(rest, |(value, _)| value).trim_start_matches('#').trim()
}

/// A line's key, without its quotes, and what stands after the colon.
fn split_key(line: &str) -> Option<(String, &str)> {
    let text = line.trim_start();
    let quoted = text.chars().next().filter(|c| matches!(c, '\'' | '"'));
    let end = match quoted {
        Some(mark) => {
            let mut end = 1;
            loop {
                end += text[end..].find(mark)?;
                if mark == '\'' && text[end + 1..].starts_with('\'') {
                    end += 2;
                    continue;
                }
                break end + 1;
            }
        }
        None => text.find(": ").or_else(|| text.ends_with(':').then(|| text.len() - 1))?,
    };
    let key = match quoted {
        Some('\'') => text[1..end - 1].replace("''", "'"),
        Some(_) => text[1..end - 1].replace("\\\"", "\""),
        None => text[..end].to_owned(),
    };
    Some((key, text[end..].strip_prefix(':')?.trim()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::model::{Column, Table, TableName, TablePlan};

    fn name() -> TableName {
        TableName { schema: "public".into(), name: "User".into() }
    }

    fn item(column: &str, path: Option<&str>, proposal: &str) -> Undecided {
        Undecided {
            table: name(),
            column: column.into(),
            path: path.map(Into::into),
            looks_like: "an e-mail address".into(),
            seen: 7,
            proposal: proposal.into(),
        }
    }

    fn of(undecided: Vec<Undecided>) -> (CopyPlan, Catalog) {
        let planned = TablePlan {
            table: name(),
            rows: 1,
            rows_in_production: 1,
            bytes: 0,
            ms: 0,
            reasons: BTreeMap::new(),
            nulled: 0,
            columns: Vec::new(),
        };
        let column =
            |name: &str, kind: &str| Column { name: name.into(), sql_type: kind.into(), ..Column::default() };
        let table = Table {
            name: name(),
            columns: vec![column("id", "integer"), column("email", "character varying(40)")],
            ..Table::default()
        };
        let catalog = Catalog { tables: vec![table], ..Catalog::default() };
        (CopyPlan { tables: vec![planned], undecided, ..CopyPlan::default() }, catalog)
    }

    #[test]
    fn a_first_draft_can_be_read_back() {
        let (plan, catalog) = of(vec![item("email", None, "email"), item("profile", Some("a[].b"), "text")]);
        let draft = draft(None, &plan, &catalog).unwrap();
        let masking: Masking = serde_yaml::from_str(&draft.text).unwrap();
        assert_eq!(masking.tables["User"]["email"].0.word(), "email");
        assert_eq!(masking.tables["User"]["profile"].0.word(), "json");
        assert_eq!(masking.schema["User"]["email"], "character varying(40)");
        assert!(draft.text.contains("email: email # an e-mail address, by 7 values"), "{}", draft.text);
    }

    #[test]
    fn a_second_run_adds_only_what_is_new_and_keeps_every_comment() {
        let (plan, catalog) = of(vec![item("email", None, "email")]);
        let first = draft(None, &plan, &catalog).unwrap();
        let edited = first.text.replace("email: email", "# asked Kim\n    'email': {keep: 'public anyway'}");
        let (plan, _) = of(vec![
            item("email", None, "email"),
            item("phone", None, "phone"),
            item("p", Some("."), "text"),
        ]);
        let second = draft(Some(&edited), &plan, &catalog).unwrap();
        assert_eq!(second.added, 2, "{}", second.text);
        for line in edited.lines() {
            assert!(second.text.contains(line), "{line}");
        }
        let masking: Masking = serde_yaml::from_str(&second.text).unwrap();
        assert_eq!(masking.tables["User"]["email"].0.word(), "keep");
        assert_eq!(masking.tables["User"]["phone"].0.word(), "phone");
        assert_eq!(draft(Some(&second.text), &plan, &catalog).unwrap().added, 0);
    }

    #[test]
    fn a_block_on_one_line_is_named_and_not_broken() {
        let (plan, catalog) = of(vec![item("email", None, "email")]);
        assert_eq!(draft(Some("tables: {User: {a: text}}\n"), &plan, &catalog), Err("tables".to_owned()));
        let kept = draft(Some("tables:\n  User: {}\n"), &plan, &catalog).unwrap();
        assert!(kept.text.contains("  User:\n    email: email"), "{}", kept.text);
    }
}
