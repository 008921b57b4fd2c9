//! What a database is, as comparable data: every object of its schema and, per table and column,
//! a sum that does not depend on the order of rows.

mod data;
mod diff;
mod rows;
mod schema;

pub use data::DataPrint;
pub use diff::{DataDifference, Difference, data_differences, schema_differences};
pub use rows::{RowCounts, lost_rows};
pub use schema::SchemaPrint;

use anyhow::Result;

use crate::postgres::Session;

/// Schemas that hold what stagectl notes about its own runs: no part of what is compared.
pub const BOOKKEEPING: [&str; 2] = ["staging_migrations", "staging_logs"];

/// A whole database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub schema: SchemaPrint,
    pub data: DataPrint,
}

impl State {
    /// Takes the fingerprint, in one snapshot. The session must see every row (a superuser, or
    /// the owner of tables without forced row security): otherwise the server refuses.
    pub async fn take(session: &mut Session) -> Result<Self> {
        let transaction = session
            .build_transaction()
            .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        // The text form of values must not hang on the session's settings.
        transaction
            .batch_execute(
                "SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off; SET LOCAL timezone = 'UTC'; \
                 SET LOCAL datestyle = 'ISO'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1; \
                 SET LOCAL bytea_output = 'hex'; SET LOCAL jit = off",
            )
            .await?;
        let schema = schema::take(&transaction).await?;
        let data = data::take(&transaction).await?;
        transaction.commit().await?;
        Ok(Self { schema, data })
    }
}
