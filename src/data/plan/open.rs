//! What nobody has decided: a question with a proposal, or what `--unclassified` does about it. Pure.

use std::collections::BTreeMap;

use super::{Planning, Unclassified};
use crate::config::file::Scalar;
use crate::config::masking::{Rule, Strategy};
use crate::data::classify::{self, Looks, yaml};
use crate::data::evidence::{Evidence, Leaf, is_key};
use crate::data::mask::json::covers;
use crate::data::model::{Column, ColumnPlan, Table, Undecided};

impl Planning<'_> {
    /// What somebody must decide, with a rule to start from.
    pub(super) fn ask(
        &mut self,
        table: &Table,
        column: &Column,
        looks_like: String,
        seen: u64,
        rule: &Strategy,
    ) -> ColumnPlan {
        let why = looks_like.clone();
        self.plan.undecided.push(Undecided {
            table: table.name.clone(),
            column: column.name.clone(),
            path: None,
            looks_like,
            seen,
            proposal: yaml(rule),
        });
        ColumnPlan { column: column.name.clone(), strategy: None, action: "undecided".to_owned(), why }
    }

    pub(super) fn undecided(
        &mut self,
        table: &Table,
        column: &Column,
        looks: Looks,
        seen: u64,
    ) -> ColumnPlan {
        let wrap = |strategy: Strategy| match strategy {
            Strategy::Null | Strategy::Keep(_) => strategy,
            other if column.is_array => Strategy::Elements(Box::new(Rule(other))),
            other => other,
        };
        let looks_mask = || {
            let composite = || Strategy::Composite(classify::fields(&column.fields));
            if column.fields.is_empty() { distinct(looks.mask(), table, column) } else { composite() }
        };
        let why = format!("undecided, {}", looks_like(looks));
        let mask = match wrap(looks_mask()) {
            Strategy::Null if column.not_null => blank(column),
            mask => mask,
        };
        match self.inputs.unclassified {
            Unclassified::Stop => {
                let proposal = || distinct(looks.proposal(), table, column);
                let own = if column.fields.is_empty() { proposal() } else { looks_mask() };
                let proposal = match wrap(own) {
                    Strategy::Null if column.not_null => blank(column),
                    proposal => proposal,
                };
                self.ask(table, column, looks_like(looks), seen, &proposal)
            }
            Unclassified::Null if !column.not_null && !is_key(table, column) => {
                self.ruled(table, column, Strategy::Null, Some(why))
            }
            Unclassified::Null | Unclassified::Mask => self.ruled(table, column, mask, Some(why)),
        }
    }

    /// Every leaf path of the rows that cross needs a rule, and no key may be personal.
    pub(super) fn json(
        &mut self,
        table: &Table,
        column: &Column,
        seen: &Evidence,
        rule: Option<&Strategy>,
    ) -> ColumnPlan {
        let mut paths = match rule {
            Some(Strategy::Json(paths)) => paths.clone(),
            _ => BTreeMap::new(),
        };
        if seen.personal_keys {
            return self.undecided(table, column, Looks::Opaque, seen.seen);
        }
        let open: Vec<(&String, &Leaf)> = seen
            .paths
            .iter()
            .filter(|(path, _)| !paths.keys().any(|pattern| covers(pattern, path)))
            .collect();
        if open.is_empty() {
            return self.ruled(
                table,
                column,
                Strategy::Json(paths),
                rule.is_none().then(|| "no value inside".to_owned()),
            );
        }
        if self.inputs.unclassified == Unclassified::Stop {
            let mut shown = BTreeMap::new();
            for (_, leaf) in &open {
                shown.entry(leaf.shown.clone()).or_insert((leaf.looks, leaf.seen));
            }
            let why = format!("{} JSON paths without a rule", shown.len());
            self.plan.undecided.extend(shown.into_iter().map(|(path, (looks, seen))| Undecided {
                table: table.name.clone(),
                column: column.name.clone(),
                path: Some(path),
                looks_like: looks_like(looks),
                seen,
                proposal: yaml(&looks.proposal()),
            }));
            let (column, action) = (column.name.clone(), "undecided".to_owned());
            return ColumnPlan { column, strategy: None, action, why };
        }
        let null = self.inputs.unclassified == Unclassified::Null;
        let why = format!("undecided, {} JSON paths", open.len());
        for (path, leaf) in open {
            let mask = if null { Strategy::Null } else { leaf.looks.mask() };
            paths.insert(path.clone(), Rule(mask));
        }
        self.ruled(table, column, Strategy::Json(paths), Some(why))
    }
}

/// Keys are told apart by what stands in them, so filler will not do.
fn distinct(rule: Strategy, table: &Table, column: &Column) -> Strategy {
    if rule == Strategy::Text && is_key(table, column) { Strategy::Token } else { rule }
}

/// For a comment beside the proposal.
fn looks_like(looks: Looks) -> String {
    format!("looks like {}", looks.words())
}

/// What stands for nothing in a NOT NULL column of a type that no mask fits.
fn blank(column: &Column) -> Strategy {
    let text = match column.base_type.as_str() {
        "bytea" => "\\x",
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" | "money" if !column.is_array => "0",
        "date" | "timestamp" | "timestamptz" if !column.is_array => "1970-01-01",
        "uuid" if !column.is_array => "00000000-0000-4000-8000-000000000000",
        "inet" | "cidr" if !column.is_array => "10.0.0.1",
        _ if column.is_array => "{}",
        "json" | "jsonb" => "{}",
        _ => "",
    };
    Strategy::Constant(Scalar(text.to_owned()))
}
