//! A real PostgreSQL server in a container.

use std::time::Duration;

use stagectl::model::{DatabaseAddress, Encryption};
use stagectl::postgres::{Session, connect};

use super::container::{Container, image};
use super::wait::eventually;

const PASSWORD: &str = "test-password";

/// A server with the superuser `postgres`; gone on drop.
#[derive(Debug)]
pub struct Postgres {
    pub container: Container,
    pub port: u16,
    /// Which image it runs, as [`image`] knows it.
    pub part: &'static str,
}

impl Postgres {
    /// Starts one and waits until it answers. Its data lives in memory.
    pub fn start() -> Self {
        Self::start_on("mode=0700", "postgres")
    }

    /// One whose data may take this many MiB. Its log of changes lies elsewhere: where that has no
    /// room, the server itself ends.
    pub fn start_with_disk(mib: u32) -> Self {
        Self::start_on(&format!("mode=0700,size={mib}m"), "postgres")
    }

    /// One of another major version, 17.
    pub fn start_newer() -> Self {
        Self::start_on("mode=0700", "postgres17")
    }

    fn start_on(disk: &str, part: &'static str) -> Self {
        let container = Container::run(&[
            "--publish",
            "127.0.0.1::5432",
            "--env",
            &format!("POSTGRES_PASSWORD={PASSWORD}"),
            "--env",
            "POSTGRES_INITDB_WALDIR=/wal/pg",
            "--tmpfs",
            "/wal:mode=1777",
            "--tmpfs",
            "/small:mode=1777,size=48m",
            "--tmpfs",
            &format!("/var/lib/postgresql/data:{disk}"),
            "--shm-size=256m",
            &image(part),
            "postgres",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=200",
            "-c",
            "max_prepared_transactions=2",
            "-c",
            "wal_level=logical",
            "-c",
            "shared_preload_libraries=pg_stat_statements",
        ]);
        let port = container.port(5432);
        let server = Self { container, port, part };
        // Over TCP: during its initialisation the server listens on its socket only.
        eventually("PostgreSQL answers", Duration::from_secs(90), || {
            server.container.try_exec(&["pg_isready", "--host=127.0.0.1", "--username=postgres"])
        });
        server
    }

    pub fn address(&self, database: &str) -> DatabaseAddress {
        self.address_as("postgres", PASSWORD, database)
    }

    pub fn address_as(&self, user: &str, password: &str, database: &str) -> DatabaseAddress {
        DatabaseAddress {
            host: "127.0.0.1".into(),
            port: self.port,
            name: database.into(),
            user: user.into(),
            password: password.to_owned().into(),
            encryption: Encryption::Prefer,
        }
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgresql://postgres:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    #[allow(clippy::unused_self, reason = "reads as a property of the server")]
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// A session as the superuser.
    pub async fn session(&self, database: &str) -> Session {
        connect(&self.address(database)).await.expect("connect to the test server")
    }

    /// Runs statements as the superuser.
    pub async fn execute(&self, database: &str, sql: &str) {
        if let Err(error) = self.session(database).await.batch_execute(sql).await {
            panic!("{}\nin: {sql}", stagectl::postgres::explain(&error));
        }
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, database: &str, sql: &str) -> Vec<String> {
        let rows = match self.session(database).await.simple_query(sql).await {
            Ok(rows) => rows,
            Err(error) => panic!("{}\nin: {sql}", stagectl::postgres::explain(&error)),
        };
        rows.into_iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("NULL").to_owned()),
                _ => None,
            })
            .collect()
    }

    /// Everything that a database holds, as text.
    pub fn dump(&self, database: &str) -> String {
        self.container
            .try_exec(&["pg_dump", "--username=postgres", "--host=127.0.0.1", "--inserts", database])
            .or_else(|| {
                let run = "PGPASSWORD=$POSTGRES_PASSWORD exec pg_dump -U postgres -h 127.0.0.1 --inserts";
                self.container.try_exec(&["sh", "-c", &format!("{run} {database}")])
            })
            .expect("pg_dump")
            // A word of chance in each dump, from 15.14 on.
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
            .fold(String::new(), |text, line| text + line + "\n")
    }
}
