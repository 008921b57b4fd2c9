//! What happens to each column of the rows that cross, and why. Pure.

use std::collections::BTreeMap;

use anyhow::Result;

use super::classify::{self, Looks, yaml};
use super::evidence::{Evidence, Leaf, Samples, configured, is_json, is_key};
use super::mask::json::covers;
use super::model::{Catalog, Column, ColumnPlan, CopyPlan, Subset, Table, TableName, TablePlan, Undecided};
use super::review::{self, Since};
use super::subset::keys::{BOOKKEEPING, is_called};
use crate::config::file::Scalar;
use crate::config::masking::{Masking, Rule, Strategy};
use crate::failure::Failure;

/// What to do with a column that nobody has decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclassified {
    Stop,
    Mask,
    Null,
}

/// The rule of each column that has one.
pub type Rules = BTreeMap<(TableName, String), Strategy>;

/// What the plan is made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    pub catalog: &'a Catalog,
    pub subset: &'a Subset,
    /// Rows of production by table.
    pub counts: &'a BTreeMap<TableName, u64>,
    pub masking: &'a Masking,
    pub samples: &'a Samples,
    pub unclassified: Unclassified,
}

/// Decides about every column of every table that has rows in the subset.
///
/// # Errors
/// Refuses rules that cannot hold: a NULL for a NOT NULL column, two rules along one foreign key.
pub fn plan(inputs: Inputs<'_>) -> Result<(CopyPlan, Rules)> {
    let mut planning = Planning { inputs, plan: CopyPlan::default(), rules: Rules::new() };
    planning.check_names();
    planning.check_keys()?;
    for (name, selection) in inputs.subset {
        let Some(table) = inputs.catalog.table(name).filter(|_| !selection.rows.is_empty()) else { continue };
        let columns = table.columns.iter().map(|c| planning.column(table, c)).collect::<Result<_>>()?;
        let in_production = inputs.counts.get(name).copied().unwrap_or(table.estimated_rows);
        let rows = selection.rows.len().unwrap_or(in_production);
        let each = table.bytes as f64 / in_production.max(1) as f64;
        planning.plan.tables.push(TablePlan {
            table: name.clone(),
            rows,
            rows_in_production: in_production,
            bytes: (each * rows as f64) as u64,
            reasons: selection.reasons.clone(),
            nulled: selection.nulled.len() as u64,
            columns,
        });
    }
    Ok((planning.plan, planning.rules))
}

struct Planning<'a> {
    inputs: Inputs<'a>,
    plan: CopyPlan,
    rules: Rules,
}

impl Planning<'_> {
    /// A rule for nothing is a typing error, or production has changed.
    fn check_names(&mut self) {
        for (table, columns) in &self.inputs.masking.tables {
            let Some(found) = self.inputs.catalog.tables.iter().find(|t| is_called(&t.name, table)) else {
                self.plan.warnings.push(format!("masking.tables.{table}: production has no such table"));
                continue;
            };
            for column in columns.keys().filter(|name| !found.columns.iter().any(|c| c.name == **name)) {
                self.plan
                    .warnings
                    .push(format!("masking.tables.{table}.{column}: production has no such column"));
            }
        }
    }

    /// Both ends of a foreign key must be masked alike, or the join breaks.
    fn check_keys(&self) -> Result<()> {
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
    fn rule_along_keys(&self, table: &TableName, column: &str, depth: usize) -> Option<&Strategy> {
        if let Some(rule) = configured(self.inputs.masking, table, column) {
            return Some(rule);
        }
        // Circles of keys end here; real chains are short.
        if depth > 16 {
            return None;
        }
        self.referred(table, column)
            .find_map(|(table, column)| self.rule_along_keys(table, column, depth + 1))
    }

    fn referred(&self, table: &TableName, column: &str) -> impl Iterator<Item = (&TableName, &str)> {
        self.inputs.catalog.keys.iter().filter(move |key| key.child == *table).flat_map(move |key| {
            let pairs = key.child_columns.iter().zip(&key.parent_columns);
            let own = pairs.filter(move |(child, _)| *child == column);
            own.map(move |(_, parent)| (&key.parent, parent.as_str()))
        })
    }

    fn column(&mut self, table: &Table, column: &Column) -> Result<ColumnPlan> {
        let place = (table.name.clone(), column.name.clone());
        let as_it_is = |why: &str| ColumnPlan {
            column: column.name.clone(),
            strategy: None,
            action: "copy".to_owned(),
            why: why.to_owned(),
        };
        if column.generated {
            return Ok(ColumnPlan { action: "computed".to_owned(), ..as_it_is("generated by the server") });
        }
        let stop = self.inputs.unclassified == Unclassified::Stop;
        let since = review::since(self.inputs.masking, &table.name, column);
        if let Some(rule) = configured(self.inputs.masking, &table.name, &column.name).cloned() {
            check(table, column, &rule)?;
            if let (true, Since::Retyped(was)) = (stop, since) {
                let what =
                    format!("{was} when it was reviewed, {} now: change `schema` too", column.sql_type);
                return Ok(self.ask(table, column, what, 0, &rule));
            }
            return Ok(match self.inputs.samples.get(&place) {
                Some(evidence) => self.json(table, column, evidence, Some(&rule)),
                None => self.ruled(table, column, rule, None),
            });
        }
        if BOOKKEEPING.contains(&table.name.name.as_str()) {
            return Ok(as_it_is("bookkeeping"));
        }
        let refers_to = self.referred(&table.name, &column.name).next();
        if let Some(why) = refers_to.map(|(parent, name)| format!("key of {parent}.{name}")) {
            let rule = self.rule_along_keys(&table.name, &column.name, 0).cloned();
            return Ok(match rule {
                Some(rule) => self.ruled(table, column, rule, Some(why)),
                // Decided, or undecided, where it leads to.
                None => as_it_is(&why),
            });
        }
        if let Some(why) = classify::harmless(column) {
            if stop && since == Since::New {
                let keep = Strategy::Keep(why.to_owned());
                return Ok(self.ask(table, column, format!("{why}, new since the review"), 0, &keep));
            }
            return Ok(as_it_is(why));
        }
        let Some(evidence) = self.inputs.samples.get(&place) else {
            return Ok(self.undecided(table, column, Looks::Opaque, 0));
        };
        if is_key(table, column) && evidence.generated_ids {
            return Ok(as_it_is("generated id"));
        }
        Ok(if is_json(column) {
            self.json(table, column, evidence, None)
        } else {
            self.undecided(table, column, evidence.looks, evidence.seen)
        })
    }

    fn ruled(&mut self, table: &Table, column: &Column, rule: Strategy, why: Option<String>) -> ColumnPlan {
        let configured_at = format!("masking.tables.{}.{}", table.name, column.name);
        let why = why.unwrap_or(match &rule {
            Strategy::Keep(reason) => format!("{configured_at}: {reason}"),
            _ => configured_at,
        });
        let action = match &rule {
            Strategy::Elements(each) => format!("elements: {}", each.0.word()),
            Strategy::Json(paths) => format!("json: {} paths", paths.len()),
            Strategy::Xml(paths) => format!("xml: {} paths", paths.len()),
            Strategy::Hstore(keys) => format!("hstore: {} keys", keys.len()),
            Strategy::Composite(fields) => format!("composite: {} fields", fields.len()),
            other => other.word().to_owned(),
        };
        self.rules.insert((table.name.clone(), column.name.clone()), rule.clone());
        ColumnPlan { column: column.name.clone(), strategy: Some(rule), action, why }
    }

    /// What somebody must decide, with a rule to start from.
    fn ask(
        &mut self,
        table: &Table,
        column: &Column,
        looks_like: String,
        seen: u64,
        rule: &Strategy,
    ) -> ColumnPlan {
        let why = format!("undecided: {looks_like}");
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

    fn undecided(&mut self, table: &Table, column: &Column, looks: Looks, seen: u64) -> ColumnPlan {
        let wrap = |strategy: Strategy| match strategy {
            Strategy::Null | Strategy::Keep(_) => strategy,
            other if column.is_array => Strategy::Elements(Box::new(Rule(other))),
            other => other,
        };
        let looks_mask = || {
            let composite = || Strategy::Composite(classify::fields(&column.fields));
            if column.fields.is_empty() { looks.mask() } else { composite() }
        };
        let why = format!("undecided: looks like {}", looks.words());
        let mask = match wrap(looks_mask()) {
            Strategy::Null if column.not_null => blank(column),
            mask => mask,
        };
        match self.inputs.unclassified {
            Unclassified::Stop => {
                let own = if column.fields.is_empty() { looks.proposal() } else { looks_mask() };
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
    fn json(
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
            let why = format!("undecided: {} JSON paths", shown.len());
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
        let why = format!("undecided: {} JSON paths", open.len());
        for (path, leaf) in open {
            let mask = if null { Strategy::Null } else { leaf.looks.mask() };
            paths.insert(path.clone(), Rule(mask));
        }
        self.ruled(table, column, Strategy::Json(paths), Some(why))
    }
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

/// Refuses a rule that does not fit its column.
fn check(table: &Table, column: &Column, rule: &Strategy) -> Result<()> {
    let refuse = |what: &str, hint: &str| {
        let place = format!("masking.tables.{}.{}", table.name, column.name);
        Err(Failure::config(format!("{place}: {what}")).hint(hint.to_owned()).into())
    };
    match rule {
        Strategy::Null if column.not_null => {
            refuse("the column is NOT NULL", "use a mask, or `{constant: VALUE}`")
        }
        Strategy::Keep(_) | Strategy::Null | Strategy::Constant(_) => Ok(()),
        Strategy::Elements(_) if column.is_array => Ok(()),
        Strategy::Elements(_) => refuse("the column is no array", "name the strategy itself"),
        _ if column.is_array => refuse("the column is an array", "write `{elements: STRATEGY}`"),
        Strategy::Json(_) if is_json(column) => Ok(()),
        Strategy::Json(_) => refuse("the column is not JSON", "name the strategy itself"),
        Strategy::Xml(_) if column.base_type != "xml" => {
            refuse("the column is not XML", "name the strategy itself")
        }
        Strategy::Hstore(_) if column.base_type != "hstore" => {
            refuse("the column is no hstore", "name the strategy itself")
        }
        Strategy::Composite(rules) => {
            match rules.keys().find(|name| *name != "*" && !column.fields.contains(name)) {
                _ if column.fields.is_empty() => {
                    refuse("the column is of no composite type", "name the strategy itself")
                }
                Some(name) => refuse(
                    &format!("its type has no field `{name}`"),
                    &format!("its fields are {}", column.fields.join(", ")),
                ),
                None => Ok(()),
            }
        }
        _ if is_json(column) => refuse("the column is JSON", "write `{json: {PATH: STRATEGY}}`"),
        _ => Ok(()),
    }
}
