//! How many rows production has, by table: as flags and stagectl.yml say, else as the newest copy counted them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::failure::Failure;
use crate::report::copy::CopyBody;
use crate::store::latest;

/// What the newest copy found in production; nothing where there was no copy.
pub fn of_the_newest_copy(reports: &Path) -> Result<BTreeMap<String, i64>> {
    let Some(path) = latest(reports, "test-data-summary")? else { return Ok(BTreeMap::new()) };
    let text = fs_err::read_to_string(&path)?;
    let body: CopyBody = serde_json::from_str(&text).with_context(|| format!("read {}", path.display()))?;
    let tables = body.tables.into_iter();
    Ok(tables
        .map(|table| (table.table, i64::try_from(table.rows_in_production).unwrap_or(i64::MAX)))
        .collect())
}

/// `TABLE=N` of the command line.
pub fn of_flags(flags: &[String]) -> Result<BTreeMap<String, i64>> {
    let pair = |flag: &String| {
        let (table, rows) = flag.rsplit_once('=')?;
        Some((table.to_owned(), rows.parse().ok().filter(|rows| *rows >= 0)?))
    };
    flags
        .iter()
        .map(|flag| {
            pair(flag).ok_or_else(|| {
                Failure::usage(format!("`{flag}` is no number of rows"))
                    .hint("--production-rows takes TABLE=N, such as orders=800000")
                    .into()
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::copy::CopiedTable;

    #[test]
    fn the_newest_copy_says_what_production_has() {
        let folder = tempfile::tempdir().unwrap();
        assert!(of_the_newest_copy(folder.path()).unwrap().is_empty());
        let orders = CopiedTable {
            table: "shop.orders".into(),
            rows: 5,
            rows_in_production: 800,
            ..CopiedTable::default()
        };
        let body = CopyBody { tables: vec![orders], ..CopyBody::default() };
        let text = serde_json::to_string(&body).unwrap();
        fs_err::write(folder.path().join("test-data-summary-20260101T000000Z.json"), text).unwrap();
        let expected = BTreeMap::from([("shop.orders".to_owned(), 800)]);
        assert_eq!(of_the_newest_copy(folder.path()).unwrap(), expected);
    }

    #[test]
    fn a_flag_is_a_table_and_its_rows() {
        let rows = |flag: &str| of_flags(&[flag.to_owned()]);
        assert_eq!(rows("a.b=12").unwrap(), BTreeMap::from([("a.b".to_owned(), 12)]));
        for wrong in ["orders", "orders=many", "orders=-1"] {
            assert!(rows(wrong).is_err(), "{wrong}");
        }
    }
}
