//! The words of a copy: what production holds, which rows cross, what happens to each column.
//! Plain data, made by `catalog`, `subset` and `plan`, read by `transfer` and the report.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::collisions::Collision;
pub use super::row::RowId;
use crate::config::masking::Strategy;
use crate::model::quote_identifier;

/// A table's name with its schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
    /// Tables whose rows lie on another server, also as partitions.
    pub foreign_tables: Vec<TableName>,
    /// Large objects, which no table holds.
    pub large_objects: u64,
}

impl Catalog {
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }
}

#[derive(Debug, Clone, Default)]
pub struct Table {
    pub name: TableName,
    pub columns: Vec<Column>,
    /// Columns of the primary key; empty where there is none.
    pub primary_key: Vec<String>,
    /// The planner's estimate.
    pub estimated_rows: u64,
    /// On disk, with what is stored out of line and without indexes.
    pub bytes: u64,
    pub partitioned: bool,
    /// Where its rows lie, by oid, as far as the role may read them there. Empty without partitions.
    pub partitions: BTreeMap<u32, TableName>,
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
    /// In a primary key, a partition's bounds, or a unique index to which NULLs are equal: a NULL
    /// in its place could collide.
    pub fixed: bool,
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
    /// Empty where an expression refers.
    pub child_columns: Vec<String>,
    pub parent: TableName,
    pub parent_columns: Vec<String>,
    /// At least one child column can be NULL.
    pub nullable: bool,
    /// MATCH FULL: all columns are NULL, or none.
    pub full: bool,
    /// An index finds the rows that refer to a row.
    pub indexed: bool,
    pub join: Join,
}

impl ForeignKey {
    /// What refers, as the plan names it: `Story.authorId`.
    pub fn from(&self) -> String {
        format!("{}.{}", self.child, self.columns())
    }

    /// The columns or the expression that refer.
    pub fn columns(&self) -> String {
        if self.child_columns.is_empty() { self.name.clone() } else { self.child_columns.join("+") }
    }
}

/// How SQL joins a key's rows: `c` are those that refer, `p` those referred to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Join {
    /// Finds the rows that refer.
    pub down: String,
    /// Finds the rows referred to.
    pub up: String,
    /// For a reference of the config: the expression that stands for its column, and which rows refer.
    pub virtual_from: Option<(String, Option<String>)>,
}

impl Join {
    /// What a FROM clause reads for the rows that refer, out of their table.
    pub fn referring(&self, table: &str) -> String {
        let Some((expression, when)) = &self.virtual_from else { return table.to_owned() };
        let when = when.as_ref().map_or_else(String::new, |when| format!(" WHERE ({when})"));
        format!("(SELECT tableoid, ctid, *, ({expression}) AS \"stagectl reference\" FROM {table}{when})")
    }
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

    /// Whether this one is among them.
    pub fn contains(&self, row: &RowId) -> bool {
        match self {
            Self::All => true,
            Self::Chosen(rows) => rows.contains(row),
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
    /// Why rows of this table cross, and how many for each reason: "root", "belonging to User (userId)",
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
#[derive(Debug, Clone, Default, Serialize)]
pub struct TablePlan {
    pub table: TableName,
    pub rows: u64,
    pub rows_in_production: u64,
    /// Estimated from the table's size on disk.
    pub bytes: u64,
    /// Estimated, with the workers of this run.
    pub ms: u64,
    pub reasons: BTreeMap<String, u64>,
    pub nulled: u64,
    pub columns: Vec<ColumnPlan>,
}

/// What a foreign key does in a subset.
#[derive(Debug, Clone, Serialize)]
pub struct KeyPlan {
    /// `Story.authorId`.
    pub from: String,
    pub to: TableName,
    /// By the server; otherwise by `copy.references`.
    pub declared: bool,
    /// Rows that refer come along.
    pub down: bool,
    /// The row referred to comes along.
    pub up: bool,
    /// The columns that are set to NULL where it stays behind.
    pub cut: Vec<String>,
    /// New rows that came because they refer.
    pub children: u64,
    /// New rows that came because they are referred to.
    pub parents: u64,
    /// Rows whose reference is set to NULL.
    pub nulled: u64,
    /// What `follow` would bring instead; known in a dry run.
    pub following: Option<Following>,
}

/// New rows, at least, that following a key would bring.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Following {
    pub rows: u64,
    /// The count was ended there.
    pub more: bool,
}

/// A column or JSON path that nobody has decided about.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct Undecided {
    pub table: TableName,
    pub column: String,
    /// For JSON: the leaf path.
    pub path: Option<String>,
    /// What it looks like, how many values say so, and the strategy to propose.
    pub looks_like: String,
    pub seen: u64,
    pub proposal: String,
}

/// The plan of a copy. Holds no value of production.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CopyPlan {
    /// The rows it starts from, in words; empty where all rows cross.
    pub starts: Vec<String>,
    pub tables: Vec<TablePlan>,
    /// Estimated for the whole run, with indexes and proof.
    pub ms: u64,
    /// What comes along each key, and what is cut.
    pub keys: Vec<KeyPlan>,
    pub undecided: Vec<Undecided>,
    /// Unique indexes that the masks would break, as a dry run has found.
    pub collisions: Vec<Collision>,
    /// The file that the decisions stand in; `None` for `stagectl.yml`.
    pub decisions: Option<String>,
    pub warnings: Vec<String>,
}
