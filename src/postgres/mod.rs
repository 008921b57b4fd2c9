//! PostgreSQL: the only place that knows `tokio_postgres`.

mod connect;
pub mod programs;
pub mod settings;
pub mod staging;
mod target;

pub use connect::{Session, connect, connect_url_read_only, explain, failure, failure_saying, tls_config};
pub use target::{Target, address, target};
