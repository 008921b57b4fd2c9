//! What has changed since somebody reviewed the decisions. Pure.

use super::model::{Column, TableName};
use super::subset::keys::is_called;
use crate::config::masking::Masking;

/// A column, compared with `schema` of the decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// As it was, or nobody has written down how it was.
    Same,
    /// Not there when the decisions were reviewed.
    New,
    /// Of another type then.
    Retyped(String),
}

pub fn since(masking: &Masking, table: &TableName, column: &Column) -> Since {
    if masking.schema.is_empty() {
        return Since::Same;
    }
    let reviewed = masking.schema.iter().find(|(name, _)| is_called(table, name));
    match reviewed.and_then(|(_, columns)| columns.get(&column.name)) {
        None => Since::New,
        Some(was) if *was == column.sql_type => Since::Same,
        Some(was) => Since::Retyped(was.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_retyped_columns_are_told() {
        let masking: Masking = serde_yaml::from_str("schema: {User: {id: integer, note: text}}").unwrap();
        let table = TableName { schema: "public".into(), name: "User".into() };
        let column =
            |name: &str, kind: &str| Column { name: name.into(), sql_type: kind.into(), ..Column::default() };
        assert_eq!(since(&masking, &table, &column("id", "integer")), Since::Same);
        assert_eq!(since(&masking, &table, &column("more", "text")), Since::New);
        assert_eq!(since(&masking, &table, &column("note", "jsonb")), Since::Retyped("text".into()));
        assert_eq!(since(&Masking::default(), &table, &column("id", "integer")), Since::Same);
    }
}
