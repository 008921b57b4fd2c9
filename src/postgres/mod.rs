//! PostgreSQL: the only place that knows `tokio_postgres`.

mod connect;
pub mod staging;

pub use connect::{Session, connect, connect_url_read_only, explain};
