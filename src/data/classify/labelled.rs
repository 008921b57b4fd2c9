//! The classifier measured on columns that a person has labelled.

use super::{Looks, column, harmless};
use crate::data::model::Column;

/// Class, table, column and sampled values of each labelled column.
fn labelled() -> Vec<(&'static str, &'static str, Column, Vec<String>)> {
    let text = include_str!("../../../tests/data/labelled_columns.tsv");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [class, table, name, base, values] = cells[..] else { panic!("five cells: {line}") };
            let column = Column {
                name: name.into(),
                base_type: base.into(),
                sql_type: base.into(),
                ..Column::default()
            };
            let values = values.split(" ; ").filter(|value| !value.is_empty()).map(str::to_owned).collect();
            (class, table, column, values)
        })
        .collect()
}

fn verdict(table: &str, of: &Column, values: &[String]) -> Option<Looks> {
    harmless(of).is_none().then(|| column(table, of, values))
}

#[test]
fn personal_columns_are_recognised_and_others_left_alone() {
    let all = labelled();
    assert!(all.len() >= 150, "{} labelled columns", all.len());
    let (mut personal, mut found, mut exact, mut taken) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for (class, table, column, values) in &all {
        let verdict = verdict(table, column, values);
        let word = verdict.map_or("harmless".to_owned(), |looks| format!("{looks:?}"));
        let taken_for_personal = verdict.is_some_and(Looks::personal);
        let is_personal = !["Label", "Code", "Number", "Flag", "harmless"].contains(class);
        personal += u32::from(is_personal);
        taken += u32::from(taken_for_personal);
        found += u32::from(is_personal && taken_for_personal);
        exact += u32::from(is_personal && word == *class);
        if word != *class {
            wrong.push(format!("{table}.{}: {class}, taken for {word}", column.name));
        }
    }
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole);
    let (recall, precision, class) = (share(found, personal), share(found, taken), share(exact, personal));
    println!("{} columns: recall {recall:.3}, precision {precision:.3}, right class {class:.3}", all.len());
    assert!(recall >= 0.95 && precision >= 0.95 && class >= 0.95, "{recall} {precision} {class}: {wrong:#?}");
}
