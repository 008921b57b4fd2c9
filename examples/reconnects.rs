//! Connects to a database again and again, as an application's pool would, until its standard input ends.
//! Prints the longest time in ms in which no connection was made, the usual time of one, and how many were.
//!
//!   cargo run --release --example reconnects -- postgresql://USER:PASSWORD@HOST/DATABASE

#![allow(clippy::print_stdout, reason = "it is a measurement")]

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).context("no URL")?;
    let address = stagectl::postgres::address(&url)?;
    let ended = Arc::new(AtomicBool::new(false));
    let flag = ended.clone();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        flag.store(true, Ordering::Relaxed);
    });
    let mut times = Vec::new();
    let mut last: Option<Instant> = None;
    let mut failed = 0u64;
    while !ended.load(Ordering::Relaxed) {
        match stagectl::postgres::connect(&address).await {
            Ok(session) => {
                if session.query_one("SELECT 1", &[]).await.is_err() {
                    failed += 1;
                    continue;
                }
                let now = Instant::now();
                if let Some(last) = last.replace(now) {
                    times.push((now - last).as_secs_f64() * 1000.0);
                }
            }
            Err(_) => failed += 1,
        }
    }
    times.sort_by(f64::total_cmp);
    let (longest, usual) = (times.last().copied().unwrap_or(0.0), times.get(times.len() / 2).copied());
    println!("{longest:.1} {:.1} {} {failed}", usual.unwrap_or(0.0), times.len());
    Ok(())
}
