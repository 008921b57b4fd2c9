//! What a statement did to columns that were there: dropped, renamed, of another type. Pure.

use super::super::{rules, types};
use super::Finder;
use crate::migration::trace::{Change, Relation, Seen};

impl Finder<'_> {
    pub(super) fn columns(&mut self, seen: &Seen, table: &Relation, changes: &[&Change]) {
        let name = table.quoted();
        let was_there = |column: &str| table.columns.iter().any(|old| old.name == column);
        for change in changes {
            match change {
                Change::ColumnDropped(column) if was_there(&column.name) => {
                    let filled = self.facts.filled.contains(&(table.oid, column.number));
                    let (rule, what) = if filled {
                        (&rules::DROP_COLUMN, "it holds values")
                    } else {
                        (&rules::DROP_EMPTY_COLUMN, "it holds no value")
                    };
                    let object = format!("{name}.{}", column.name);
                    self.add(
                        rule,
                        Some(seen),
                        &object,
                        format!("seen: {what}"),
                        &[("column", &column.name), ("table", &name)],
                    );
                }
                Change::ColumnRenamed { from, to } if was_there(from) => {
                    self.add(
                        &rules::RENAME_COLUMN,
                        Some(seen),
                        &name,
                        format!("seen: {from} is now {to}"),
                        &[("column", from)],
                    );
                }
                Change::ColumnType { column, from, to } => {
                    let fill = [("column", column.as_str()), ("type", to.as_str())];
                    let what = format!("seen: {column} was {from} and is {to}");
                    if types::loses(from, to) && self.facts.rows(table.oid) > 0 {
                        self.add(&rules::LOSSY_TYPE, Some(seen), &name, what.clone(), &fill);
                    }
                    if types::differs(from, to) {
                        self.add(&rules::OTHER_TYPE, Some(seen), &name, what, &fill);
                    }
                }
                Change::ColumnAdded(column) if column.not_null && !column.filled => {
                    let fill = [("column", column.name.as_str()), ("type", column.kind.as_str())];
                    let what = format!("seen: {} is NOT NULL without a default", column.name);
                    self.add(&rules::REQUIRED_COLUMN, Some(seen), &name, what, &fill);
                }
                _ => {}
            }
        }
    }
}
