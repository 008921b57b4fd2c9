//! The corpus of downs that forget something (`tests/data/rollback/*.sql`), and what the fingerprint
//! says of each.

use stagectl::migration::{
    DataDifference, Difference, Drift, Reader, State, data_differences, schema_differences, sequence_drifts,
};
use stagectl::postgres::{Session, explain};

/// What every case begins with.
pub const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, a int, b text DEFAULT 'x');
INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two'), (3, NULL, NULL);";

/// A role that cases give things to; it is there before them.
pub const ROLE: &str = "somebody";

/// The files, each about one kind of fault.
pub const FILES: [(&str, &str); 4] = [
    ("schema", include_str!("../../data/rollback/schema.sql")),
    ("cluster", include_str!("../../data/rollback/cluster.sql")),
    ("data", include_str!("../../data/rollback/data.sql")),
    ("controls", include_str!("../../data/rollback/controls.sql")),
];

/// One case.
#[derive(Debug, Default, Clone)]
pub struct Case {
    pub name: String,
    /// What a finding must say.
    pub finds: String,
    pub setup: String,
    pub up: String,
    /// A down with a fault; empty for a control.
    pub forgets: String,
    pub restores: String,
}

/// The cases of a file.
pub fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut part = String::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("-- case: ") {
            cases.push(Case { name: name.to_owned(), ..Case::default() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        if let Some(finds) = line.strip_prefix("-- finds: ") {
            finds.clone_into(&mut case.finds);
        } else if let Some(name) = line.strip_prefix("-- ").and_then(|line| line.strip_suffix(':')) {
            name.clone_into(&mut part);
        } else {
            let text = match part.as_str() {
                "setup" => &mut case.setup,
                "up" => &mut case.up,
                "forgets" => &mut case.forgets,
                _ => &mut case.restores,
            };
            text.push_str(line);
            text.push('\n');
        }
    }
    cases
}

/// What is found after the down that forgets (absent for a control) and after the faithful one. Both
/// are tried in one transaction that is rolled back.
pub async fn try_case(
    session: &Session,
    reader: &mut Reader,
    case: &Case,
) -> Result<(Option<Vec<String>>, Vec<String>), String> {
    let run = async |sql: &str| {
        let result = session.batch_execute(sql).await;
        result.map_err(|error| format!("{}: {} in {sql}", case.name, explain(&error)))
    };
    run(&format!("BEGIN; {TABLE} {} SAVEPOINT start", case.setup)).await?;
    let before = reader.inside(session, None).await.map_err(|error| format!("{error:#}"))?;
    let mut said = Vec::new();
    for down in [&case.forgets, &case.restores] {
        if down.is_empty() {
            said.push(None);
            continue;
        }
        run(&case.up).await?;
        run(down).await?;
        let after = reader.inside(session, Some(&before)).await.map_err(|error| format!("{error:#}"))?;
        said.push(Some(findings(&before, &after)));
        run("ROLLBACK TO start").await?;
    }
    run("ROLLBACK").await?;
    let quiet = said.pop().flatten().unwrap_or_default();
    Ok((said.pop().flatten(), quiet))
}

fn findings(before: &State, after: &State) -> Vec<String> {
    let schema = schema_differences(&before.schema, &after.schema);
    let schema = schema.iter().filter(|d| !d.note_only).map(Difference::line);
    let data = data_differences(&before.data, &after.data);
    let drifts = sequence_drifts(&before.data, &after.data);
    let drifts = drifts.iter().filter(|drift| !drift.by_rows).map(Drift::line);
    schema.chain(data.iter().map(DataDifference::line)).chain(drifts).collect()
}
