//! Runs a command behind the proxy and prints what each statement locked:
//! `lock_trace postgresql://postgres:…@127.0.0.1:5432/scratch psql -f up.sql`.
//! The command finds the proxy's address in `DATABASE_URL` and in libpq's variables.
//! For measuring; `stagectl test-migration` does this on a clone.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose output this is")]

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use secrecy::ExposeSecret as _;
use stagectl::migration::{Faults, Proxy};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(program)) = (arguments.next(), arguments.next()) else {
        bail!("usage: lock_trace URL COMMAND [ARGUMENT …]");
    };
    let server = stagectl::postgres::address(&url)?;
    let beside = stagectl::postgres::connect(&server).await?;
    let proxy = Proxy::start(&server, beside, Faults::default()).await?;
    let through = proxy.address();
    let (user, password) = (&server.user, server.password.expose_secret());
    let start = Instant::now();
    let status = tokio::process::Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .env(
            "DATABASE_URL",
            format!(
                "postgresql://{user}:{password}@127.0.0.1:{}/{}?sslmode=disable",
                through.port, server.name
            ),
        )
        .envs([
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", &through.port.to_string()),
            ("PGUSER", user),
            ("PGPASSWORD", password),
            ("PGDATABASE", &server.name),
        ])
        .status()
        .await
        .with_context(|| format!("run {program}"))?;
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    let trace = proxy.trace();
    for seen in trace.statements.iter().filter(|seen| !seen.is_bookkeeping()) {
        println!("{:8.2} ms  {}", seen.ms, seen.text.split_whitespace().collect::<Vec<_>>().join(" "));
        for lock in &seen.locks {
            println!("             {}", lock.line());
        }
        for (oid, change) in &seen.changes {
            println!("             {} {change:?}", trace.name(*oid));
        }
    }
    for problem in &trace.problems {
        eprintln!("{problem}");
    }
    eprintln!("{} statements, {ms:.1} ms, {status}", trace.statements.len());
    Ok(())
}
