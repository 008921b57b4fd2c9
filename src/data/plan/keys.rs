//! One rule along a foreign key: both ends are masked alike, or the join breaks. Pure.

use anyhow::Result;

use super::{Planning, action};
use crate::config::masking::Strategy;
use crate::data::evidence::configured;
use crate::data::model::TableName;
use crate::failure::Failure;

/// Circles of keys end here; real chains are short.
const LONGEST: usize = 16;

impl Planning<'_> {
    /// Both ends of a foreign key must be masked alike, or the join breaks.
    pub(super) fn check_keys(&self) -> Result<()> {
        for key in &self.inputs.catalog.keys {
            for (child, parent) in key.child_columns.iter().zip(&key.parent_columns) {
                let Some(own) = configured(self.inputs.masking, &key.child, child) else { continue };
                let theirs = self.rule_along_keys(&key.parent, parent, 0);
                let plain = |rule: Option<&Strategy>| rule.is_none_or(|r| matches!(r, Strategy::Keep(_)));
                let cut = matches!(own, Strategy::Null) && key.nullable;
                if !cut && Some(own) != theirs && !(plain(Some(own)) && plain(theirs)) {
                    return Err(Failure::config(format!(
                        "masking.tables: `{}.{child}` refers to `{}.{parent}`, and their rules differ",
                        key.child, key.parent
                    ))
                    .hint("give the rule to the column that is referred to; those that refer to it follow")
                    .into());
                }
            }
        }
        Ok(())
    }

    /// The rule of a column, or of the one that its foreign keys lead to.
    pub(super) fn rule_along_keys(&self, table: &TableName, column: &str, depth: usize) -> Option<&Strategy> {
        if let Some(rule) = configured(self.inputs.masking, table, column) {
            return Some(rule);
        }
        if depth > LONGEST {
            return None;
        }
        self.referred(table, column)
            .find_map(|(table, column)| self.rule_along_keys(table, column, depth + 1))
    }

    /// A column that refers takes over what `--unclassified` has decided about the one that it leads to.
    pub(super) fn follow_keys(&mut self) {
        let mut tables = std::mem::take(&mut self.plan.tables);
        for table in &mut tables {
            for column in table.columns.iter_mut().filter(|column| column.strategy.is_none()) {
                let Some(rule) = self.decided_along_keys(&table.table, &column.column, 0) else { continue };
                self.rules.insert((table.table.clone(), column.column.clone()), rule.clone());
                column.action = action(&rule);
                column.strategy = Some(rule);
            }
        }
        self.plan.tables = tables;
    }

    pub(super) fn referred(
        &self,
        table: &TableName,
        column: &str,
    ) -> impl Iterator<Item = (&TableName, &str)> {
        self.inputs.catalog.keys.iter().filter(move |key| key.child == *table).flat_map(move |key| {
            let pairs = key.child_columns.iter().zip(&key.parent_columns);
            let own = pairs.filter(move |(child, _)| *child == column);
            own.map(move |(_, parent)| (&key.parent, parent.as_str()))
        })
    }

    /// The rule that this run gives the column that a foreign key leads to.
    fn decided_along_keys(&self, table: &TableName, column: &str, depth: usize) -> Option<Strategy> {
        if depth > LONGEST {
            return None;
        }
        self.referred(table, column).find_map(|(table, column)| {
            let own = self.rules.get(&(table.clone(), column.to_owned())).cloned();
            own.or_else(|| self.decided_along_keys(table, column, depth + 1))
        })
    }
}
