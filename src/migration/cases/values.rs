//! Rows that the catalogue allows and nobody thinks of.

use anyhow::{Context as _, Result};

use crate::config::migration::Conversion;
use crate::migration::tables::{Column, Table, is_text};
use crate::model::{quote_identifier, quote_literal};
use crate::postgres::Session;

/// A family of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Null,
    Empty,
    Unicode,
    Long,
    Extreme,
    Unknown,
    Duplicate,
    Orphan,
}

/// A value to be put into a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    /// The expression, without a type: the server decides whether the column takes it.
    sql: String,
    /// Its text, where it is known before; absent for NULL.
    text: Option<String>,
}

impl Value {
    fn null() -> Self {
        Self { sql: "NULL".to_owned(), text: None }
    }
    fn text(text: &str) -> Self {
        Self { sql: quote_literal(text), text: Some(text.to_owned()) }
    }
    fn expression(sql: String) -> Self {
        Self { sql, text: None }
    }
}

/// A value that stands in a row now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    pub table: String,
    pub column: String,
    /// Its text; absent for NULL.
    pub text: Option<String>,
}

impl Family {
    pub const ALL: [Self; 8] = [
        Self::Null,
        Self::Empty,
        Self::Unicode,
        Self::Long,
        Self::Extreme,
        Self::Unknown,
        Self::Duplicate,
        Self::Orphan,
    ];

    /// The number of its check.
    pub const fn number(self) -> u32 {
        match self {
            Self::Null => 6,
            Self::Empty => 7,
            Self::Unicode => 8,
            Self::Long => 9,
            Self::Extreme => 10,
            Self::Unknown => 11,
            Self::Duplicate => 13,
            Self::Orphan => 14,
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Null => "NULL wherever a column allows it",
            Self::Empty => "empty text",
            Self::Unicode => "quotes, backslashes, emoji, right-to-left text",
            Self::Long => "very long text",
            Self::Extreme => "the smallest and largest numbers and dates",
            Self::Unknown => "every label of an enum, and words in another case or that nobody knows",
            Self::Duplicate => "the same value twice, where no key forbids it",
            Self::Orphan => "references to no row, where no key forbids them",
        }
    }

    /// The values to put into a column of a table.
    fn values(self, table: &str, column: &Column, converted: Option<&Conversion>) -> Vec<Value> {
        let text = is_text(&column.kind);
        let all = |values: &[&str]| values.iter().map(|value| Value::text(value)).collect();
        match self {
            Self::Null if column.nullable => vec![Value::null()],
            Self::Empty if text => all(&[""]),
            Self::Unicode if text => all(&["O'Réilly \\ \"; --", "🙂👩‍👩‍👧", "\u{202e}مرحبا\u{202c} 中文 ß ı İ"]),
            Self::Long if text => {
                let length = width(&column.kind).unwrap_or(100_000);
                let long: String = "long ".repeat(length.div_ceil(5)).chars().take(length).collect();
                vec![Value::text(&long)]
            }
            Self::Extreme => all(extremes(&column.kind)),
            Self::Unknown if !column.labels.is_empty() => {
                column.labels.iter().map(|label| Value::text(label)).collect()
            }
            Self::Unknown if text => unknown(column, converted),
            Self::Duplicate => duplicates(table, column),
            Self::Orphan if is_reference(&column.name) => all(orphans(&column.kind)),
            _ => Vec::new(),
        }
    }
}

/// What a text column of a few words may hold in production: another word, and its own in another case
/// or with a space.
fn unknown(column: &Column, converted: Option<&Conversion>) -> Vec<Value> {
    let known = converted.map(|conversion| &conversion.from).or(column.words.first());
    let Some(known) = known else { return Vec::new() };
    let mut texts =
        vec!["stagectl-unknown".to_owned(), known.to_lowercase(), known.to_uppercase(), format!(" {known}")];
    texts.retain(|text| text != known);
    texts.iter().map(|text| Value::text(text)).collect()
}

/// The value of another row; of text, in capitals too, which an index over lower() takes for the same.
fn duplicates(table: &str, column: &Column) -> Vec<Value> {
    let name = quote_identifier(&column.name);
    let other = |value: &str| {
        Value::expression(format!(
            "(SELECT {value} FROM {table} WHERE {name} IS NOT NULL ORDER BY tableoid, ctid LIMIT 1)"
        ))
    };
    let mut values = vec![other(&name), other(&name)];
    if is_text(&column.kind) {
        values.push(other(&format!("upper({name})")));
    }
    values
}

/// A column that by its name points to a row: `author_id`, `authorId`, `author_uuid`.
fn is_reference(name: &str) -> bool {
    ["_id", "Id", "ID", "_uuid", "_ref", "_fk"]
        .iter()
        .any(|end| name.ends_with(end) && name.len() > end.len())
}

/// Keys that no row has, as far as anybody can say.
fn orphans(kind: &str) -> &'static [&'static str] {
    match kind.split('(').next().unwrap_or(kind).trim() {
        "smallint" => &["32767"],
        "integer" => &["2147483647"],
        "bigint" | "numeric" => &["2147483648"],
        "uuid" => &["deadbeef-0000-4000-8000-000000000000"],
        "text" | "citext" | "character varying" => &["stagectl-orphan"],
        _ => &[],
    }
}

/// The n of `character varying(n)`.
fn width(kind: &str) -> Option<usize> {
    kind.split_once('(')?.1.trim_end_matches(')').parse().ok()
}

fn extremes(kind: &str) -> &'static [&'static str] {
    match kind.split('(').next().unwrap_or(kind).trim() {
        "smallint" => &["-32768", "32767"],
        "integer" => &["-2147483648", "2147483647"],
        "bigint" => &["-9223372036854775808", "9223372036854775807"],
        "numeric" => &["NaN", "0", "99999999.99"],
        "real" | "double precision" => &["NaN", "-Infinity"],
        "date" => &["0001-01-01 BC", "9999-12-31", "infinity"],
        "timestamp" | "timestamp without time zone" | "timestamp with time zone" => {
            &["0001-01-01 00:00:00 BC", "9999-12-31 23:59:59.999", "infinity"]
        }
        _ => &[],
    }
}

/// Puts a family's values into rows of the tables, a row for each value. What a constraint refuses
/// is left out: production cannot hold it either.
pub async fn place(
    session: &Session,
    tables: &[Table],
    conversions: &[Conversion],
    family: Family,
) -> Result<Vec<Placed>> {
    let mut placed = Vec::new();
    // A key that is checked at the end only would refuse all values there.
    session.batch_execute("BEGIN; SET CONSTRAINTS ALL IMMEDIATE").await?;
    for table in tables.iter().filter(|table| table.rows > 0) {
        for column in table.columns.iter().filter(|c| !c.in_key && !c.computed) {
            let converted = conversions.iter().find(|c| table.is_called(&c.table) && c.column == column.name);
            for (row, value) in family.values(&table.quoted, column, converted).into_iter().enumerate() {
                let sql = format!(
                    "SAVEPOINT one; UPDATE {0} SET {1} = {2} WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM {0} ORDER BY tableoid, ctid LIMIT 1 OFFSET {3})",
                    table.quoted,
                    quote_identifier(&column.name),
                    value.sql,
                    row as i64 % table.rows,
                );
                match session.batch_execute(&sql).await {
                    Ok(()) => placed.push(Placed {
                        table: table.quoted.clone(),
                        column: column.name.clone(),
                        text: value.text,
                    }),
                    Err(_) => {
                        session
                            .batch_execute("ROLLBACK TO one")
                            .await
                            .context("leave a refused value out")?;
                    }
                }
            }
        }
    }
    session.batch_execute("COMMIT").await.context("keep the values")?;
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: &str) -> Column {
        Column {
            name: "c".into(),
            kind: kind.into(),
            nullable: false,
            in_key: false,
            computed: false,
            labels: vec![],
            words: vec![],
        }
    }

    fn texts(family: Family, column: &Column) -> Vec<String> {
        family.values("t", column, None).into_iter().map(|value| value.text.unwrap_or(value.sql)).collect()
    }

    #[test]
    fn values_fit_the_column() {
        assert!(texts(Family::Null, &column("text")).is_empty());
        assert_eq!(texts(Family::Long, &column("character varying(7)")), ["long lo"]);
        assert_eq!(texts(Family::Extreme, &column("numeric(10,2)")).len(), 3);
        assert!(texts(Family::Unicode, &column("jsonb")).is_empty());
        let labelled = Column { labels: vec!["A".into(), "B".into()], ..column("role") };
        assert_eq!(texts(Family::Unknown, &labelled), ["A", "B"]);
        assert_eq!(texts(Family::Duplicate, &column("integer")).len(), 2);
    }

    #[test]
    fn a_column_of_few_words_gets_them_in_another_case_and_an_unknown_one() {
        assert!(texts(Family::Unknown, &column("text")).is_empty());
        let words = Column { words: vec!["Open".into()], ..column("text") };
        assert_eq!(texts(Family::Unknown, &words), ["stagectl-unknown", "open", "OPEN", " Open"]);
    }

    #[test]
    fn only_what_points_to_a_row_becomes_an_orphan() {
        let named = |name: &str| Column { name: name.into(), ..column("integer") };
        assert_eq!(texts(Family::Orphan, &named("author_id")), ["2147483647"]);
        assert_eq!(texts(Family::Orphan, &named("authorId")), ["2147483647"]);
        for name in ["paid", "id", "width"] {
            assert!(texts(Family::Orphan, &named(name)).is_empty(), "{name}");
        }
    }
}
