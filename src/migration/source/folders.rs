//! A folder per migration: diesel and Prisma.

use super::folder::{Folder, Rule, Transaction};
use crate::failure::Failure;
use crate::migration::step::{Action, Step};

/// diesel: `up.sql` and `down.sql`. The version is what stands before `_`, without `-`, and decides
/// about the order: a folder's whole name does not.
pub fn diesel(folder: &Folder) -> Result<Vec<Step>, Failure> {
    let mut names: Vec<String> =
        folder.folders()?.into_iter().filter(|name| folder.at(name).has("up.sql")).collect();
    names.sort_by_key(|name| version(name));
    names
        .iter()
        .map(|name| {
            let here = folder.at(name);
            let rule = if here.has("metadata.toml") && runs_alone(&here.text("metadata.toml")?) {
                Rule::Separate("`run_in_transaction = false`")
            } else {
                Rule::Wrapped
            };
            let transaction = Transaction::new("diesel", rule);
            let up = here.script("up.sql", transaction)?;
            let down = here.has("down.sql").then(|| here.script("down.sql", transaction)).transpose()?;
            Ok(Step::new(name, up.into(), down.map(Action::from)).with_id(version(name)))
        })
        .collect()
}

fn version(name: &str) -> String {
    name.split('_').next().unwrap_or(name).replace('-', "")
}

fn runs_alone(metadata: &str) -> bool {
    metadata.lines().any(|line| {
        line.split('#').next().unwrap_or("").replace([' ', '\t'], "") == "run_in_transaction=false"
    })
}

/// True for a folder's name as `diesel migration generate` gives it.
pub fn is_diesel_name(name: &str) -> bool {
    let Some((before, _)) = name.split_once('_') else { return false };
    let digits = before.replace('-', "");
    before.contains('-') && digits.len() >= 14 && digits.bytes().all(|b| b.is_ascii_digit())
        || name == "00000000000000_diesel_initial_setup"
}

/// Prisma: `migration.sql`. It has no way back; a `down.sql` beside it is the project's own.
pub fn prisma(folder: &Folder) -> Result<Vec<Step>, Failure> {
    let transaction = Transaction::new("Prisma", Rule::OneQuery);
    let names = folder.folders()?;
    names
        .iter()
        .filter(|name| folder.at(name).has("migration.sql"))
        .map(|name| {
            let here = folder.at(name);
            let up = here.script("migration.sql", transaction)?;
            let down = here.has("down.sql").then(|| here.script("down.sql", transaction)).transpose()?;
            let mut step = Step::new(name, up.into(), down.map(Action::from));
            if step.down.is_none() {
                step.irreversible = Some("Prisma has no way back, and there is no down.sql".to_owned());
            }
            Ok(step)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diesel_orders_by_digits_and_reads_its_metadata() {
        assert_eq!(version("2020-01-02-030405_x_y"), "20200102030405");
        assert!(is_diesel_name("2020-01-02-030405_x") && !is_diesel_name("20200102_x"));
        assert!(
            runs_alone("run_in_transaction = false # it\n") && !runs_alone("# run_in_transaction = false")
        );
    }
}
