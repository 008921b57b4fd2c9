//! What a run would try, as text or JSON. Pure.

use serde::Serialize;

use super::lab::Inputs;
use super::step::{Action as Deed, Step};
use super::verdict::Category;

/// The plan of a run: every action with its reason.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub database: String,
    pub role: String,
    pub steps: Vec<PlannedStep>,
    pub actions: Vec<Action>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PlannedStep {
    pub name: String,
    pub up_statements: usize,
    pub down_statements: Option<usize>,
    pub up_transaction: String,
    pub down_transaction: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Action {
    pub category: &'static str,
    pub what: String,
    pub why: &'static str,
}

/// Plans the categories over the steps.
pub fn plan(inputs: &Inputs, database: &str, role: &str, categories: &[Category]) -> Plan {
    let actions = categories
        .iter()
        .map(|category| {
            let (what, why) = describe(*category, inputs);
            Action { category: category.word(), what, why }
        })
        .collect();
    Plan {
        database: database.to_owned(),
        role: role.to_owned(),
        steps: inputs.steps.iter().map(planned).collect(),
        actions,
    }
}

fn planned(step: &Step) -> PlannedStep {
    PlannedStep {
        name: step.name.clone(),
        up_statements: step.up.count(),
        down_statements: step.down.as_ref().map(Deed::count),
        up_transaction: step.up.transaction(),
        down_transaction: step.down.as_ref().map(Deed::transaction),
    }
}

fn describe(category: Category, inputs: &Inputs) -> (String, &'static str) {
    let (conversions, assertions) = (inputs.config.conversions.len(), inputs.config.assertions.len());
    let boundaries: usize =
        inputs.steps.iter().map(|step| step.up.count() + step.down.as_ref().map_or(0, Deed::count)).sum();
    match category {
        Category::Prerequisites => (
            "drop stale clones, check server, rights and sessions, clone the staging database".to_owned(),
            "nothing is tried on the staging database itself",
        ),
        Category::Logic => (
            format!(
                "up on a clone, statement by statement; {conversions} conversions, {assertions} assertions"
            ),
            "every row is converted and none is lost",
        ),
        Category::Integrity => (
            "every key and check over every row; row counts; what is not valid".to_owned(),
            "constraints that are there need not hold",
        ),
        Category::Rollback => (
            "down, compare schema and data with before, up again, compare with after".to_owned(),
            "a down that runs need not restore",
        ),
        Category::Performance => (
            format!(
                "{} named queries before and after, {} runs each; locks, rewrites, log",
                inputs.queries.len(),
                inputs.config.query_runs
            ),
            "a migration must not make pages slow or keep them waiting",
        ),
        Category::EdgeCases => (
            format!(
                "up twice, up to {boundaries} cuts, a held row, writers, strange rows, empty tables; a clone each"
            ),
            "production is neither quiet nor tidy",
        ),
    }
}

impl Plan {
    /// For a person.
    pub fn text(&self) -> String {
        let mut out = format!(
            "would test {} step(s) on clones of `{}`, as `{}`; the database itself stays as it is\n",
            self.steps.len(),
            self.database,
            self.role
        );
        for step in &self.steps {
            let down = step.down_statements.map_or("no down".to_owned(), |n| format!("{n} statements down"));
            out.push_str(&format!(
                "  {}: {} statements up ({}), {down}\n",
                step.name, step.up_statements, step.up_transaction
            ));
        }
        for action in &self.actions {
            out.push_str(&format!("  {}: {}\n      because {}\n", action.category, action.what, action.why));
        }
        out
    }
}
