//! Rows that the catalogue allows and nobody thinks of.

use anyhow::{Context as _, Result};

use crate::config::migration::Conversion;
use crate::migration::tables::{Column, Table};
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
    pub const ALL: [Self; 6] =
        [Self::Null, Self::Empty, Self::Unicode, Self::Long, Self::Extreme, Self::Unknown];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Null => "NULL wherever a column allows it",
            Self::Empty => "empty text",
            Self::Unicode => "quotes, backslashes, emoji, right-to-left text",
            Self::Long => "very long text",
            Self::Extreme => "the smallest and largest numbers and dates",
            Self::Unknown => "every label of an enum, and values that nobody knows",
        }
    }

    /// The literals to put into a column, without a type: the server decides whether it takes them.
    fn literals(self, column: &Column, converted: Option<&Conversion>) -> Vec<Option<String>> {
        let text = is_text(&column.kind);
        let some = |values: &[&str]| values.iter().map(|v| Some((*v).to_owned())).collect();
        match self {
            Self::Null if column.nullable => vec![None],
            Self::Empty if text => some(&[""]),
            Self::Unicode if text => {
                some(&["O'Réilly \\ \"; --", "🙂👩‍👩‍👧", "\u{202e}مرحبا\u{202c} 中文 ß ı İ"])
            }
            Self::Long if text => {
                let length = width(&column.kind).unwrap_or(100_000);
                vec![Some("long ".repeat(length.div_ceil(5)).chars().take(length).collect())]
            }
            Self::Extreme => some(extremes(&column.kind)),
            Self::Unknown if !column.labels.is_empty() => column.labels.iter().cloned().map(Some).collect(),
            Self::Unknown if text => converted.map_or_else(Vec::new, |conversion| {
                vec![
                    Some("stagectl-unknown".to_owned()),
                    Some(conversion.from.to_lowercase()),
                    Some(format!(" {}", conversion.from)),
                ]
            }),
            _ => Vec::new(),
        }
    }
}

fn is_text(kind: &str) -> bool {
    kind == "text" || kind == "citext" || kind.starts_with("character varying")
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
    session.batch_execute("BEGIN").await?;
    for table in tables.iter().filter(|table| table.rows > 0) {
        for column in table.columns.iter().filter(|c| !c.in_key && !c.computed) {
            let converted = conversions.iter().find(|c| table.is_called(&c.table) && c.column == column.name);
            for (row, literal) in family.literals(column, converted).into_iter().enumerate() {
                let value = literal.as_deref().map_or_else(|| "NULL".to_owned(), quote_literal);
                let sql = format!(
                    "SAVEPOINT one; UPDATE {0} SET {1} = {value} WHERE (tableoid, ctid) = (SELECT tableoid, ctid FROM {0} ORDER BY tableoid, ctid LIMIT 1 OFFSET {2})",
                    table.quoted,
                    quote_identifier(&column.name),
                    row as i64 % table.rows,
                );
                match session.batch_execute(&sql).await {
                    Ok(()) => placed.push(Placed {
                        table: table.quoted.clone(),
                        column: column.name.clone(),
                        text: literal,
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
        }
    }

    #[test]
    fn values_fit_the_column() {
        assert!(Family::Null.literals(&column("text"), None).is_empty());
        let long = Family::Long.literals(&column("character varying(7)"), None);
        assert_eq!(long, [Some("long lo".to_owned())]);
        assert_eq!(Family::Extreme.literals(&column("numeric(10,2)"), None).len(), 3);
        assert!(Family::Unicode.literals(&column("jsonb"), None).is_empty());
        let labelled = Column { labels: vec!["A".into(), "B".into()], ..column("role") };
        assert_eq!(Family::Unknown.literals(&labelled, None).len(), 2);
    }
}
