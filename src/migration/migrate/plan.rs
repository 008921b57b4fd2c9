//! Which steps would be taken, in which order, and what is done before and after. Pure.

use serde::Serialize;

use crate::config::migration::Layout;
use crate::failure::Failure;
use crate::migration::step::{Action, Step};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// What is there now.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub applied: Vec<Step>,
    pub pending: Vec<Step>,
    /// The copy that a killed run has left: staging is between two states.
    pub left: Option<String>,
}

/// What would be done, in this order.
#[derive(Debug, Clone, Serialize)]
pub struct MigratePlan {
    pub database: String,
    pub direction: Direction,
    /// The steps by name, as they are taken.
    pub steps: Vec<String>,
    pub actions: Vec<Planned>,
    #[serde(skip)]
    pub taken: Vec<Step>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    pub what: String,
    pub why: String,
}

impl MigratePlan {
    /// Plans all pending steps up, or the last one down, or `count` of them.
    ///
    /// # Errors
    /// A layout whose tool keeps a book that stagectl does not write; a down that is not there.
    pub fn make(
        database: &str,
        direction: Direction,
        layout: Layout,
        observed: &Observed,
        count: Option<usize>,
    ) -> Result<Self, Failure> {
        if let Some(tool) = own_command(layout, direction)
            && observed.applied.iter().chain(&observed.pending).any(|step| step.up.script().is_some())
        {
            return Err(Failure::config(format!(
                "the files are in the layout of a tool that keeps its own book, which stagectl does not write ({layout:?})"
            ))
            .hint(format!("name the tool's command in `migration.commands` (--up-command), such as `{tool}`: stagectl runs it with a copy made first")));
        }
        let taken: Vec<Step> = match direction {
            Direction::Up => observed.pending.iter().take(count.unwrap_or(usize::MAX)).cloned().collect(),
            Direction::Down => observed.applied.iter().rev().take(count.unwrap_or(1)).cloned().collect(),
        };
        if direction == Direction::Down
            && let Some((step, why)) = taken.iter().find_map(|step| Some((step, step.no_way_back()?)))
        {
            return Err(Failure::refused(format!("{} cannot be taken back: {why}", step.name))
                .hint("write its down and test it with `stagectl test-migration`, or restore a backup"));
        }
        let mut plan = Self {
            database: database.to_owned(),
            direction,
            steps: taken.iter().map(|step| step.name.clone()).collect(),
            actions: Vec::new(),
            taken,
        };
        plan.describe(observed.left.as_deref());
        Ok(plan)
    }

    fn describe(&mut self, left: Option<&str>) {
        let mut add = |what: String, why: &str| self.actions.push(Planned { what, why: why.to_owned() });
        if let Some(copy) = left {
            add(
                format!("put `{copy}` in the place of `{}`, and keep what is there", self.database),
                "a run was killed between two steps; the copy is the state before it",
            );
        }
        if self.taken.is_empty() {
            return;
        }
        add(
            format!("copy `{}`; its idle sessions are closed for that moment", self.database),
            "where a step fails, staging goes back to the copy",
        );
        for step in &self.taken {
            let action = match self.direction {
                Direction::Up => Some(&step.up),
                Direction::Down => step.down.as_ref(),
            };
            let how = action.map(|action| match action {
                Action::Script(script) => {
                    format!("{} statements, transaction: {}", script.statements.len(), script.transaction)
                }
                Action::Command(command) => format!("`{}`", command.line),
            });
            let why = match self.direction {
                Direction::Up => "it is pending",
                Direction::Down => "it is the newest that is applied",
            };
            add(format!("{} {}: {}", self.direction.word(), step.name, how.unwrap_or_default()), why);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// For a person.
    pub fn text(&self) -> String {
        if self.is_empty() {
            let state = if self.direction == Direction::Up { "pending" } else { "applied" };
            return format!("nothing to do: no step is {state} in `{}`\n", self.database);
        }
        let mut out = format!("would migrate `{}` {}:\n", self.database, self.direction.word());
        for action in &self.actions {
            out.push_str(&format!("  {}\n      because {}\n", action.what, action.why));
        }
        out
    }
}

/// The command that does the same, for a tool that keeps a book of its own.
fn own_command(layout: Layout, direction: Direction) -> Option<&'static str> {
    let (up, down) = match layout {
        Layout::Auto | Layout::Plain | Layout::Alembic | Layout::Django => return None,
        Layout::Diesel => ("diesel migration run", "diesel migration revert"),
        Layout::Sqlx => ("sqlx migrate run", "sqlx migrate revert"),
        Layout::GolangMigrate => (
            "migrate -path . -database \"$DATABASE_URL\" up 1",
            "migrate -path . -database \"$DATABASE_URL\" down 1",
        ),
        Layout::Dbmate => ("dbmate up", "dbmate rollback"),
        Layout::Goose => {
            ("goose postgres \"$DATABASE_URL\" up-by-one", "goose postgres \"$DATABASE_URL\" down")
        }
        Layout::Sqitch => {
            ("sqitch deploy \"db:$DATABASE_URL\"", "sqitch revert -y \"db:$DATABASE_URL\" @HEAD^")
        }
        Layout::Flyway => ("flyway migrate", "flyway undo"),
        Layout::Prisma => ("npx prisma migrate deploy", "npx prisma db execute --file down.sql"),
    };
    Some(if direction == Direction::Up { up } else { down })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::migration::TransactionMode;
    use crate::migration::script::Script;

    fn step(name: &str, down: Option<&str>) -> Step {
        let script = |sql: &str| Action::from(Script::parse("f".into(), sql, TransactionMode::Auto).unwrap());
        Step::new(name, script("SELECT 1"), down.map(script))
    }

    fn observed() -> Observed {
        Observed {
            applied: vec![step("1", Some("SELECT 1")), step("2", Some("SELECT 1"))],
            pending: vec![step("3", None), step("4", None)],
            left: None,
        }
    }

    fn make(direction: Direction, observed: &Observed, count: Option<usize>) -> Result<MigratePlan, Failure> {
        MigratePlan::make("staging", direction, Layout::Plain, observed, count)
    }

    #[test]
    fn up_takes_what_is_pending_and_down_the_newest_first() {
        assert_eq!(make(Direction::Up, &observed(), None).unwrap().steps, ["3", "4"]);
        assert_eq!(make(Direction::Up, &observed(), Some(1)).unwrap().steps, ["3"]);
        assert_eq!(make(Direction::Down, &observed(), None).unwrap().steps, ["2"]);
        let both = make(Direction::Down, &observed(), Some(2)).unwrap();
        assert_eq!(both.steps, ["2", "1"]);
        assert!(both.actions[0].what.starts_with("copy `staging`"), "{}", both.text());
    }

    #[test]
    fn nothing_to_take_is_an_empty_plan_but_a_killed_run_is_cleared_up() {
        let mut none = Observed { pending: Vec::new(), ..observed() };
        assert!(make(Direction::Up, &none, None).unwrap().is_empty());
        none.left = Some("staging__undo_x".to_owned());
        assert_eq!(make(Direction::Up, &none, None).unwrap().actions.len(), 1);
    }

    #[test]
    fn a_step_without_a_way_back_and_a_book_of_another_tool_are_refused() {
        let stuck = Observed { applied: vec![step("1", None)], ..Observed::default() };
        assert!(make(Direction::Down, &stuck, None).unwrap_err().message.contains("1 cannot be taken back"));
        let error = MigratePlan::make("s", Direction::Up, Layout::Dbmate, &observed(), None).unwrap_err();
        assert!(error.hints[0].contains("dbmate up"), "{error:?}");
    }
}
