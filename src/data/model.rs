//! The words of a copy: what production holds, which rows cross, what happens to each column.
//! Plain data, made by `catalog`, `subset` and `plan`, read by `transfer` and the report.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use super::row::RowId;
use crate::config::masking::Strategy;
use crate::model::quote_identifier;

/// A table's name with its schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TableName {
    pub schema: String,
    pub name: String,
}

impl TableName {
    /// `"schema"."name"`, for SQL.
    pub fn sql(&self) -> String {
        format!("{}.{}", quote_identifier(&self.schema), quote_identifier(&self.name))
    }
}

/// `Table` in the schema `public`, `schema.Table` elsewhere: as the config writes it.
impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.schema == "public" {
            f.write_str(&self.name)
        } else {
            write!(f, "{}.{}", self.schema, self.name)
        }
    }
}

/// What production holds, out of `pg_catalog`.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Such as 150020.
    pub server_version: u32,
    /// Ordinary tables and the roots of partitioned ones; partitions are read through their root.
    pub tables: Vec<Table>,
    pub keys: Vec<ForeignKey>,
}

impl Catalog {
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }
}

#[derive(Debug, Clone)]
pub struct Table {
    pub name: TableName,
    pub columns: Vec<Column>,
    /// Columns of the primary key; empty where there is none.
    pub primary_key: Vec<String>,
    /// The planner's estimate.
    pub estimated_rows: u64,
    pub partitioned: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Column {
    pub name: String,
    /// As SQL writes it, such as `character varying(40)[]`.
    pub sql_type: String,
    /// Below domains and arrays, such as `text`, `jsonb`, `uuid`, `inet`.
    pub base_type: String,
    /// An enum, at the bottom.
    pub is_enum: bool,
    pub is_array: bool,
    /// Of a composite type: its fields, in order.
    pub fields: Vec<String>,
    pub max_chars: Option<usize>,
    pub not_null: bool,
    /// Computed by the server: never copied.
    pub generated: bool,
    /// In a primary key, a unique constraint or a unique index (also an expression over it).
    pub unique: bool,
    /// In a foreign key, on either side: masking it alone would break the join.
    pub in_key: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    pub name: String,
    pub child: TableName,
    pub child_columns: Vec<String>,
    pub parent: TableName,
    pub parent_columns: Vec<String>,
    /// At least one child column can be NULL, so the edge can be cut.
    pub nullable: bool,
}

/// Rows of a table.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Every one, without a list.
    All,
    Chosen(BTreeSet<RowId>),
}

impl Default for Rows {
    fn default() -> Self {
        Self::Chosen(BTreeSet::new())
    }
}

impl Rows {
    /// How many; `None` where nobody has counted.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::All => None,
            Self::Chosen(rows) => Some(rows.len() as u64),
        }
    }

    /// True where none was chosen.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

/// Which rows of a table cross.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub rows: Rows,
    /// Columns set to NULL in single rows because what they refer to stays behind.
    pub nulled: BTreeMap<RowId, BTreeSet<String>>,
    /// Columns set to NULL in every row: they refer to a table that stays behind.
    pub emptied: BTreeSet<String>,
    /// Why rows of this table cross, and how many for each reason: "root", "belongs to User",
    /// "needed by Story.authorId", "whole table".
    pub reasons: BTreeMap<String, u64>,
}

/// The subset: a selection for each table that has rows.
pub type Subset = BTreeMap<TableName, Selection>;

/// What happens to a column.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnPlan {
    pub column: String,
    /// `None`: harmless by its type or its part in keys, copied as it is.
    #[serde(skip)]
    pub strategy: Option<Strategy>,
    /// The strategy's word, or `copy`.
    pub action: String,
    /// Why: `masking.tables.User.email`, "enum", "key", "undecided: looks like an e-mail address".
    pub why: String,
}

/// What happens to a table.
#[derive(Debug, Clone, Serialize)]
pub struct TablePlan {
    pub table: TableName,
    pub rows: u64,
    pub rows_in_production: u64,
    pub reasons: BTreeMap<String, u64>,
    pub nulled: u64,
    pub columns: Vec<ColumnPlan>,
}

/// A column or JSON path that nobody has decided about.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Undecided {
    pub table: TableName,
    pub column: String,
    /// For JSON: the leaf path.
    pub path: Option<String>,
    /// What it looks like, and the strategy to propose.
    pub looks_like: String,
    pub proposal: String,
}

/// The plan of a copy. Holds no value of production.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CopyPlan {
    pub tables: Vec<TablePlan>,
    pub undecided: Vec<Undecided>,
    pub warnings: Vec<String>,
}
