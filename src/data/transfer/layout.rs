//! How a table crosses: its columns with their rules, in which format, and whether its rows are touched.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::config::masking::Strategy;
use crate::data::binary::Codec;
use crate::data::model::{Column, Selection, Table, TableName};
use crate::data::prepare::Prepared;
use crate::data::quiet::quiet;
use crate::model::quote_identifier;

const FORMS: &str = include_str!("../sql/forms.sql");

/// The formats of COPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Binary,
    /// For types without a binary form, or whose binary form means another thing on another server.
    Text,
}

/// A column on its way.
#[derive(Debug, Clone)]
pub struct Cell {
    pub column: Column,
    /// `None`: crosses as it is.
    pub rule: Option<Strategy>,
    pub codec: Option<Codec>,
    /// NULL in every row.
    pub emptied: bool,
}

/// A table on its way.
#[derive(Debug, Clone)]
pub struct Layout {
    pub name: TableName,
    pub cells: Vec<Cell>,
    pub format: Format,
    /// Written through the root: a mask or another server's hash may lead to another partition.
    pub by_root: bool,
    pub partitioned: bool,
}

impl Layout {
    /// Whether the bytes that come out of production can go on as they are.
    pub fn untouched(&self) -> bool {
        self.cells.iter().all(|cell| cell.rule.is_none() && !cell.emptied)
    }

    /// The columns for SQL; empty for a table without any.
    pub fn list(&self) -> String {
        let names: Vec<String> = self.cells.iter().map(|cell| quote_identifier(&cell.column.name)).collect();
        names.join(", ")
    }

    /// What is read of production: the columns, or what SQL makes of them.
    pub fn expressions(&self) -> String {
        let expression = |cell: &Cell| match &cell.rule {
            Some(Strategy::Sql(expression)) if !cell.emptied => cell.column.made_by(expression),
            _ => quote_identifier(&cell.column.name),
        };
        self.cells.iter().map(expression).collect::<Vec<_>>().join(", ")
    }

    /// The columns that SQL masks, to read what stands in them now.
    pub fn before_sql(&self) -> Option<Self> {
        let made = |cell: &Cell| matches!(cell.rule, Some(Strategy::Sql(_)));
        let mut layout = self.only(made)?;
        layout.format = Format::Text;
        for cell in &mut layout.cells {
            cell.rule = Some(Strategy::Text);
        }
        Some(layout)
    }

    /// The same table with these columns alone, to read them.
    pub fn only(&self, wanted: impl Fn(&Cell) -> bool) -> Option<Self> {
        let cells: Vec<Cell> = self.cells.iter().filter(|cell| wanted(cell)).cloned().collect();
        (!cells.is_empty()).then(|| Self { cells, ..self.clone() })
    }
}

/// What production's catalogue says about a table's types and partitions.
#[derive(Debug, Clone, Default)]
struct Forms {
    text_only: Vec<String>,
    partition_columns: Vec<String>,
    partition_by_more: bool,
}

/// The layout of each table that crosses.
pub async fn read(prepared: &Prepared) -> Result<BTreeMap<TableName, Layout>> {
    let tables: Vec<(&Table, &Selection)> = prepared
        .catalog
        .tables
        .iter()
        .filter_map(|table| Some((table, prepared.subset.get(&table.name)?)))
        .collect();
    let schemas: Vec<&str> = tables.iter().map(|(table, _)| table.name.schema.as_str()).collect();
    let names: Vec<&str> = tables.iter().map(|(table, _)| table.name.name.as_str()).collect();
    let rows = prepared.production.query(FORMS, &[&schemas, &names]).await;
    let rows = rows.map_err(quiet("read the types of production's columns"))?;
    let mut layouts = BTreeMap::new();
    for row in rows {
        let place: i64 = row.get(0);
        let Some((table, selection)) = tables.get(place as usize - 1) else { continue };
        let forms =
            Forms { text_only: row.get(1), partition_columns: row.get(2), partition_by_more: row.get(3) };
        let rule = |column: &str| prepared.rules.get(&(table.name.clone(), column.to_owned()));
        layouts.insert(table.name.clone(), layout(table, selection, &forms, &rule));
    }
    Ok(layouts)
}

fn layout<'r>(
    table: &Table,
    selection: &Selection,
    forms: &Forms,
    rule: &dyn Fn(&str) -> Option<&'r Strategy>,
) -> Layout {
    let cells: Vec<Cell> = table
        .columns
        .iter()
        .filter(|column| !column.generated)
        .map(|column| Cell {
            rule: rule(&column.name).filter(|rule| !matches!(rule, Strategy::Keep(_))).cloned(),
            codec: Codec::of(&column.base_type, column.is_array),
            emptied: selection.emptied.contains(&column.name),
            column: column.clone(),
        })
        .collect();
    let masked =
        |name: &String| cells.iter().any(|c| c.column.name == *name && (c.rule.is_some() || c.emptied));
    let by_root = forms.partition_by_more || forms.partition_columns.iter().any(masked);
    let binary = cells.iter().all(|cell| !forms.text_only.contains(&cell.column.name) && fits_binary(cell));
    let format = if binary { Format::Binary } else { Format::Text };
    Layout { name: table.name.clone(), format, by_root, partitioned: table.partitioned, cells }
}

/// Whether a column's rule can be applied to the binary form.
fn fits_binary(cell: &Cell) -> bool {
    const NOBODYS: [&str; 8] = ["bool", "numeric", "float4", "float8", "interval", "time", "timetz", "money"];
    match (&cell.rule, cell.codec) {
        _ if cell.emptied => true,
        (None, _) => true,
        // Nothing is read, and nothing in it could tell a person.
        (Some(Strategy::Null), None) => NOBODYS.contains(&cell.column.base_type.as_str()),
        // The constant of an array is one literal.
        (Some(Strategy::Constant(_)), Some(codec)) => !codec.is_array,
        // Made by the server, in the column's own type.
        (Some(Strategy::Sql(_)), _) => true,
        (Some(_), codec) => codec.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::Scalar;

    fn column(name: &str, base_type: &str, is_array: bool) -> Column {
        Column {
            fields: Vec::new(),
            name: name.into(),
            sql_type: base_type.into(),
            base_type: base_type.into(),
            is_enum: false,
            is_array,
            max_chars: None,
            not_null: false,
            generated: name == "computed",
            fixed: false,
            unique: false,
            in_key: false,
        }
    }

    fn made(columns: Vec<Column>, rules: &[(&str, Strategy)], forms: &Forms) -> Layout {
        let table = Table {
            name: TableName { schema: "public".into(), name: "t".into() },
            columns,
            primary_key: vec![],
            estimated_rows: 0,
            bytes: 0,
            partitioned: false,
            partitions: std::collections::BTreeMap::new(),
        };
        let rule = |name: &str| rules.iter().find(|(column, _)| *column == name).map(|(_, rule)| rule);
        layout(&table, &Selection::default(), forms, &rule)
    }

    #[test]
    fn a_table_without_rules_goes_on_as_it_is() {
        let columns = vec![
            column("a", "text", false),
            column("computed", "int4", false),
            column("n", "numeric", false),
        ];
        let kept = [("a", Strategy::Keep("nobody's".into()))];
        let layout = made(columns, &kept, &Forms::default());
        assert!(layout.untouched() && layout.format == Format::Binary);
        assert_eq!(layout.list(), "\"a\", \"n\"");
    }

    #[test]
    fn text_is_for_what_binary_cannot_carry() {
        let text_only = Forms { text_only: vec!["a".into()], ..Forms::default() };
        assert_eq!(made(vec![column("a", "regclass", false)], &[], &text_only).format, Format::Text);
        for (base_type, is_array, rule, format) in [
            ("text", true, Strategy::Email, Format::Binary),
            ("text", true, Strategy::Constant(Scalar("{}".into())), Format::Text),
            ("text", false, Strategy::Constant(Scalar("x".into())), Format::Binary),
            ("numeric", false, Strategy::Null, Format::Binary),
            ("hstore", false, Strategy::Null, Format::Text),
            ("numeric", false, Strategy::Token, Format::Text),
        ] {
            let layout = made(vec![column("a", base_type, is_array)], &[("a", rule)], &Forms::default());
            assert_eq!(layout.format, format, "{base_type}");
            assert!(!layout.untouched());
        }
    }

    #[test]
    fn a_masked_partition_column_leads_through_the_root() {
        let forms = Forms { partition_columns: vec!["a".into()], ..Forms::default() };
        assert!(!made(vec![column("a", "text", false)], &[], &forms).by_root);
        assert!(made(vec![column("a", "text", false)], &[("a", Strategy::City)], &forms).by_root);
        let hashed = Forms { partition_by_more: true, ..Forms::default() };
        assert!(made(vec![column("a", "text", false)], &[], &hashed).by_root);
    }
}
