//! A staging database of users and orders, and what a report says of a test on it.

use serde_json::Value;

use crate::support::{Outcome, Postgres, Workspace};

const PASSWORD: &str = "application-password";

/// A staging database of users and orders, owned by the application's role.
const SCHEMA: &str = "
CREATE TYPE role AS ENUM ('LEARNER', 'TEACHER', 'ADMIN');
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, role role NOT NULL DEFAULT 'LEARNER', note varchar(20), visits int);
CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total numeric(10,2) CHECK (total >= 0));
CREATE INDEX orders_user_id ON orders (user_id);
INSERT INTO users SELECT i, 'user ' || i, i || '@staging.local', (ARRAY['LEARNER','TEACHER'])[1 + i % 2]::role, NULL FROM generate_series(1, 8) i;
INSERT INTO orders SELECT i, 1 + i % 8, i FROM generate_series(1, 12) i;";

pub const UP: &str = "ALTER TYPE role RENAME VALUE 'LEARNER' TO 'CUSTOMER';\n";
pub const DOWN: &str = "ALTER TYPE role RENAME VALUE 'CUSTOMER' TO 'LEARNER';\n";

pub struct Staging {
    pub server: Postgres,
    pub workspace: Workspace,
}

impl Staging {
    pub async fn start() -> Self {
        Self::start_over(Postgres::start()).await
    }

    /// On this server.
    pub async fn start_over(server: Postgres) -> Self {
        let create = format!("CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'");
        server.execute("postgres", &create).await;
        server.execute("postgres", "CREATE DATABASE staging_db OWNER app").await;
        server.execute("staging_db", &format!("SET ROLE app; {SCHEMA}")).await;
        let staging = Self { workspace: Workspace::new(), server };
        staging.configure("");
        staging
    }

    /// Writes stagectl.yml with more lines below `migration`.
    pub fn configure(&self, more: &str) {
        self.workspace.write(
            "stagectl.yml",
            &format!(
                "version: 1\nproject: lab\nservices:\n  db:\n    role: database\n    image: postgres:15.8\n    container_name: '{}'\n    ports: ['{}:5432']\n\
                 database:\n  service: db\n  name: staging_db\n  user: app\n  password: {PASSWORD}\n  admin_password: {}\n\
                 migration:\n  path: migrations/one\n  lock_ms: 60000\n{more}",
                self.server.container.id,
                self.server.port,
                self.server.password()
            ),
        );
    }

    pub fn migration(&self, up: &str, down: Option<&str>) {
        self.workspace.write("migrations/one/up.sql", up);
        let path = self.workspace.path("migrations/one/down.sql");
        match down {
            Some(text) => self.workspace.write("migrations/one/down.sql", text),
            None if path.exists() => fs_err::remove_file(path).expect("remove down.sql"),
            None => {}
        }
    }

    pub fn test(&self, args: &[&str]) -> Outcome {
        self.workspace.stagectl(&[&["test-migration", "--json"], args].concat())
    }

    pub async fn databases(&self) -> Vec<String> {
        self.server
            .texts(
                "postgres",
                "SELECT datname FROM pg_database WHERE datname LIKE 'staging\\_db%' ORDER BY 1",
            )
            .await
    }
}

/// A check of a report.
#[track_caller]
pub fn find<'a>(report: &'a Value, id: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {report:#}"))
}

/// Asserts a check's status, and that it says these words.
#[track_caller]
pub fn expect(report: &Value, id: &str, status: &str, words: &str) {
    let check = find(report, id);
    assert_eq!(check["status"], status, "{check:#}");
    let said = format!("{} {}", check["found"], check["evidence"]);
    assert!(said.contains(words), "`{words}` is not said in {check:#}");
}
