//! What a database is, as comparable data: every object of its schema and, per table and column,
//! a sum that does not depend on the order of rows.
//!
//! `schema` reads the catalogues (`objects/*.sql`), `tables` lists the tables with marks that tell
//! whether their rows moved, `data` sums them by `hash`es in the server, `sequences` says where the
//! sequences stand; `reader` keeps what is prepared on a session. `diff` compares two states,
//! `rows` finds the rows that differ.

mod data;
mod diff;
mod hash;
mod reader;
mod rows;
mod schema;
mod sequences;
mod tables;

pub use data::DataPrint;
pub use diff::{DataDifference, Difference, Drift, data_differences, schema_differences, sequence_drifts};
pub use reader::Reader;
pub use rows::differing_rows;
pub use schema::SchemaPrint;

use anyhow::Result;

use crate::postgres::Session;

/// Schemas that hold what stagectl or a migration tool notes about its own runs: no part of what
/// is compared.
pub const BOOKKEEPING: [&str; 3] = ["staging_migrations", "staging_logs", "sqitch"];

/// Tables in which migration tools note what they applied.
pub const BOOKKEEPING_TABLES: [&str; 13] = [
    "__diesel_schema_migrations",
    "__EFMigrationsHistory",
    "_prisma_migrations",
    "_sqlx_migrations",
    "alembic_version",
    "databasechangelog",
    "databasechangeloglock",
    "django_migrations",
    "flyway_schema_history",
    "goose_db_version",
    "refinery_schema_history",
    "schema_migration",
    "schema_migrations",
];

/// A whole database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub schema: SchemaPrint,
    pub data: DataPrint,
}

impl State {
    /// Takes the fingerprint, in one snapshot. The session must see every row (a superuser, or
    /// the owner of tables without forced row security): otherwise the server refuses.
    pub async fn take(session: &mut Session) -> Result<Self> {
        Reader::open(session).await?.snapshot(session, None).await
    }

    /// The same, but the rows of a table are read only where its marks say that they may have
    /// moved since `earlier`: taken of this database, or of the one that it is a fresh copy of.
    pub async fn take_since(session: &mut Session, earlier: &Self) -> Result<Self> {
        Reader::open(session).await?.snapshot(session, Some(earlier)).await
    }
}
