//! PostgreSQL: the only place that knows `tokio_postgres`.

mod connect;
mod passfile;
pub mod programs;
pub mod settings;
pub mod staging;
mod url;

pub use connect::{
    APPLICATION, Session, connect, connect_if_exists, connect_url_read_only, connect_when_up, explain,
    failure, failure_saying, tls_config,
};
pub use url::{address, without_passwords};
