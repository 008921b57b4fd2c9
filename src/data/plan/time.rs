//! How long a copy takes, from rows, bytes and masks: the order of magnitude, for a plan. Pure.

use crate::data::model::CopyPlan;

/// Nanoseconds of one worker, as measured with both servers on one machine of four cores. A slow network
/// between them adds to it.
const ROW: u64 = 1_000;
const BYTE: u64 = 8;
const MASK: u64 = 700;
/// What the schema, the indexes, the proof and the swap take: about as long again as the rows, and a start.
const REST: u64 = 2;
const START_MS: u64 = 2_000;

/// Fills in the times of a plan whose rows, bytes and strategies are known.
pub fn estimate(plan: &mut CopyPlan, jobs: usize) {
    // Workers share one machine's disks and cores: four of them are about twice as fast as one.
    let together = (jobs.max(1) as f64).sqrt();
    for table in &mut plan.tables {
        let masked = table.columns.iter().filter(|column| column.strategy.is_some()).count() as u64;
        let ns =
            table.rows.saturating_mul(ROW + masked * MASK).saturating_add(table.bytes.saturating_mul(BYTE));
        table.ms = (ns as f64 / together / 1e6) as u64;
    }
    let rows: u64 = plan.tables.iter().map(|table| table.ms).sum();
    plan.ms = START_MS + rows * REST;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::model::TablePlan;

    #[test]
    fn more_rows_take_longer_and_more_workers_less() {
        let of = |rows: u64, jobs: usize| {
            let table = TablePlan { rows, bytes: rows * 150, ..TablePlan::default() };
            let mut plan = CopyPlan { tables: vec![table], ..CopyPlan::default() };
            estimate(&mut plan, jobs);
            (plan.tables[0].ms, plan.ms)
        };
        assert_eq!(of(0, 4), (0, START_MS));
        assert_eq!(of(6_000_000, 1).0, 2 * of(6_000_000, 4).0);
        let (rows, whole) = of(6_000_000, 4);
        assert!((5_000..10_000).contains(&rows) && whole > 2 * rows, "{rows} of {whole}");
    }
}
