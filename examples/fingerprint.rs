//! Measures the fingerprint on a database: its times, or what it finds in the corpus of downs that
//! forget something.
//!
//!     cargo run --release --example fingerprint -- times  HOST PORT DATABASE USER PASSWORD
//!     cargo run --release --example fingerprint -- faults HOST PORT DATABASE USER PASSWORD

#![allow(clippy::print_stdout, reason = "its lines are what it is for")]

#[path = "../tests/it/migration/corpus.rs"]
mod corpus;

use std::time::Instant;

use corpus::{FILES, ROLE, parse, try_case};
use stagectl::migration::{Reader, State};
use stagectl::model::{DatabaseAddress, Encryption};
use stagectl::postgres::{Session, connect};

const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, host, port, name, user, password] = arguments.as_slice() else {
        anyhow::bail!("usage: fingerprint times|faults HOST PORT DATABASE USER PASSWORD");
    };
    let address = DatabaseAddress {
        host: host.clone(),
        port: port.parse()?,
        name: name.clone(),
        user: user.clone(),
        password: password.clone().into(),
        encryption: Encryption::Prefer,
    };
    let session = connect(&address).await?;
    let mut reader = Reader::open(&session).await?;
    match mode.as_str() {
        "times" => times(&session, &mut reader).await,
        _ => faults(&session, &mut reader).await,
    }
}

/// A line: objects, rows, median milliseconds where nothing moved, and where every row is read.
async fn times(session: &Session, reader: &mut Reader) -> anyhow::Result<()> {
    let state = reader.snapshot(session, None).await?;
    let schema = rounds(session, reader, Some(&state)).await?;
    let whole = rounds(session, reader, None).await?;
    let rows: i64 = state.data.tables.values().map(|table| table.rows).sum();
    println!("{}\t{rows}\t{schema:.1}\t{whole:.1}", state.schema.objects.len());
    Ok(())
}

async fn rounds(session: &Session, reader: &mut Reader, earlier: Option<&State>) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        reader.snapshot(session, earlier).await?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(median(times))
}

/// A line per kind: faults found, faults in all, false alarms.
async fn faults(session: &Session, reader: &mut Reader) -> anyhow::Result<()> {
    // It may be there from an earlier measurement.
    let _ = session.batch_execute(&format!("CREATE ROLE {ROLE}")).await;
    for (kind, text) in FILES {
        let (mut found, mut faults, mut alarms) = (0, 0, 0);
        for case in parse(text) {
            let (caught, quiet) = try_case(session, reader, &case).await.map_err(anyhow::Error::msg)?;
            if let Some(caught) = caught {
                faults += 1;
                found += usize::from(caught.iter().any(|line| line.contains(&case.finds)));
            }
            alarms += usize::from(!quiet.is_empty());
        }
        println!("{kind}\t{found}\t{faults}\t{alarms}");
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
