//! What a database holds beside its rows: the texts of its schema, and large objects.

use anyhow::Result;

use super::tally::Tally;
use super::{Scan, Seeker, decode};
use crate::data::quiet::quiet;
use crate::postgres::Session;

const TEXTS: &str = include_str!("../sql/scan_objects.sql");
/// Bytes of a large object that are read at once, and how many of them the next piece reads again: a
/// value that lies across the cut is whole in one of the two.
const PIECE: i32 = 1 << 20;
const OVERLAP: i64 = 4096;

/// Comments, defaults, checks, functions, views and whatever else can quote a value.
pub async fn schema(session: &Session, seeker: &mut Seeker, scan: &mut Scan) -> Result<()> {
    for row in session.query(TEXTS, &[]).await.map_err(quiet("read the texts of the schema"))? {
        let (place, text): (String, String) = (row.get(0), row.get(1));
        scan.bytes += text.len() as u64;
        scan.places += 1;
        let mut sight = seeker.look(&text);
        // An address in a function or a comment is mostly the team's own; only production's rows tell.
        let address = std::mem::take(&mut sight.foreign);
        let mut tally = Tally::default();
        tally.see(sight);
        if tally.leaks() > 0 {
            *scan.hits.entry(place).or_default() += 1;
        } else if address {
            scan.addresses.push(place);
        }
    }
    Ok(())
}

/// Large objects, piece by piece.
pub async fn large(session: &Session, seeker: &mut Seeker, scan: &mut Scan) -> Result<()> {
    let failed = quiet("read the large objects");
    let list = session.query("SELECT oid FROM pg_largeobject_metadata ORDER BY oid", &[]).await;
    for row in list.map_err(&failed)? {
        let oid: u32 = row.get(0);
        scan.places += 1;
        let (mut from, mut leaks) = (0_i64, false);
        loop {
            let piece = session.query_one("SELECT lo_get($1, $2, $3)", &[&oid, &from, &PIECE]).await;
            let piece = piece.map_err(&failed)?;
            let bytes: &[u8] = piece.get(0);
            scan.bytes += bytes.len() as u64;
            let mut tally = Tally::default();
            tally.see(seeker.look(&decode::bytes(bytes)));
            leaks |= tally.leaks() > 0;
            if bytes.len() < PIECE as usize {
                break;
            }
            from += i64::from(PIECE) - OVERLAP;
        }
        if leaks {
            *scan.hits.entry("large objects".to_owned()).or_default() += 1;
        }
    }
    Ok(())
}
