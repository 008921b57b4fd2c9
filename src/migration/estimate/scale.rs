//! Makes a clone smaller: a share of the touched tables' rows, and no row that points to one that
//! has gone.

use anyhow::{Context as _, Result};

use crate::migration::trace::Relation;
use crate::model::quote_identifier;
use crate::postgres::Session;

/// Foreign keys, each as the statement that removes what no longer has a parent.
const ORPHANS: &str = "
SELECT format('DELETE FROM %s c WHERE (%s) IS NOT NULL AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
  k.conrelid::regclass,
  (SELECT string_agg(format('c.%I', a.attname), ', ') FROM unnest(k.conkey) n(attnum) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.attnum),
  k.confrelid::regclass,
  (SELECT string_agg(format('p.%I = c.%I', f.attname, a.attname), ' AND ')
   FROM unnest(k.conkey, k.confkey) n(own, other)
   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = n.own
   JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = n.other))
FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0";

/// Keeps `quarters` of four of the rows of `tables`. `admin` must be allowed to go around triggers.
pub async fn shrink(admin: &Session, tables: &[&Relation], quarters: u32) -> Result<()> {
    admin
        .batch_execute("SET session_replication_role = replica")
        .await
        .context("make a smaller clone without running triggers")?;
    for table in tables {
        let name = quoted(table);
        let sql = format!("DELETE FROM {name} WHERE mod(abs(hashtext(ctid::text)::bigint), 4) >= {quarters}");
        admin.batch_execute(&sql).await.with_context(|| format!("take rows from {name}"))?;
    }
    let orphans: Vec<String> = admin.query(ORPHANS, &[]).await?.iter().map(|row| row.get(0)).collect();
    // A row that goes may be another's parent; keys that form a ring come to rest after a few rounds.
    for _ in 0..10 {
        let mut gone = 0;
        for sql in &orphans {
            gone += admin.execute(sql.as_str(), &[]).await.with_context(|| sql.clone())?;
        }
        if gone == 0 {
            break;
        }
    }
    for table in tables {
        let name = quoted(table);
        admin.batch_execute(&format!("VACUUM FULL ANALYZE {name}")).await?;
    }
    Ok(())
}

/// Reads the tables once, so that each size is measured with its rows in memory.
pub async fn warm(admin: &Session, tables: &[&Relation]) -> Result<Vec<i64>> {
    let mut counts = Vec::new();
    for table in tables {
        let sql = format!("SELECT count(*) FROM {}", quoted(table));
        counts.push(admin.query_one(&sql, &[]).await.context("count rows")?.get(0));
    }
    Ok(counts)
}

fn quoted(table: &Relation) -> String {
    format!("{}.{}", quote_identifier(&table.schema), quote_identifier(&table.name))
}
