//! Expressions that hash a value in the server: by the type's own function where equal hashes mean
//! equal text, by its text otherwise (json, interval, enum …). Pure.

use crate::model::quote_identifier;

/// A column as the catalogue knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedColumn {
    pub name: String,
    /// The type's object id; those of the built-in types are the same on every server.
    pub kind: u32,
    /// True where the type is bounded, such as `numeric(10,2)`.
    pub bounded: bool,
}

impl HashedColumn {
    fn quoted(&self) -> String {
        format!("t.{}", quote_identifier(&self.name))
    }

    const fn is_integer(&self) -> bool {
        matches!(self.kind, 20 | 21 | 23)
    }

    /// True for keys that name a row and no person.
    pub const fn is_surrogate(&self) -> bool {
        self.is_integer() || self.kind == 2950
    }

    /// The hash under a seed; NULL for NULL.
    fn hash(&self, seed: &str) -> String {
        let column = self.quoted();
        match self.kind {
            16 => format!("hashint4extended({column}::integer, {seed})"),
            20 => format!("hashint8extended({column}, {seed})"),
            21 => format!("hashint2extended({column}, {seed})"),
            23 => format!("hashint4extended({column}, {seed})"),
            26 => format!("hashoidextended({column}, {seed})"),
            700 => format!("hashfloat4extended({column}, {seed})"),
            701 => format!("hashfloat8extended({column}, {seed})"),
            25 | 1043 => format!("hashtextextended({column} COLLATE \"C\", {seed})"),
            1114 => format!("timestamp_hash_extended({column}, {seed})"),
            // The session's time zone is UTC.
            1184 => format!("timestamp_hash_extended({column}::timestamp, {seed})"),
            // Without a scale 1.0 and 1.00 hash alike and are not the same.
            1700 if self.bounded => format!("hash_numeric_extended({column}, {seed})"),
            2950 => format!("uuid_hash_extended({column}, {seed})"),
            _ => format!("hashtextextended({column}::text COLLATE \"C\", {seed})"),
        }
    }

    /// The hash under a seed; NULL has one of its own.
    pub fn value(&self, seed: &str) -> String {
        format!("coalesce({}, hashint8extended({seed}, 1))", self.hash(seed))
    }
}

/// A row's seed: its key, or its key's hash; without a key the same for all.
pub fn seed(key: &[HashedColumn]) -> String {
    match key {
        [] => "0::bigint".to_owned(),
        [one] if one.is_integer() => format!("{}::bigint", one.quoted()),
        columns => chain(columns),
    }
}

/// The hash of several columns, each the seed of the next.
pub fn chain(columns: &[HashedColumn]) -> String {
    columns.iter().fold("0::bigint".to_owned(), |seed, column| {
        // The seed stands here once: it holds all columns before.
        format!("hashint8extended(coalesce({}, 1), {seed})", column.hash("0"))
    })
}

/// Columns as one text that keeps NULL apart from the empty text.
pub fn row_text(columns: &[HashedColumn]) -> String {
    let columns: Vec<String> = columns.iter().map(HashedColumn::quoted).collect();
    format!("ROW({})::text", columns.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, kind: u32, bounded: bool) -> HashedColumn {
        HashedColumn { name: name.into(), kind, bounded }
    }

    #[test]
    fn types_whose_equality_hides_a_difference_are_hashed_as_text() {
        let (json, interval, numeric) = (3802, 1186, 1700);
        for kind in [json, interval, numeric] {
            assert!(column("c", kind, false).value("0").contains("::text"), "{kind}");
        }
        assert!(column("c", numeric, true).value("0").contains("hash_numeric_extended"));
    }

    #[test]
    fn an_integer_key_seeds_by_itself_and_others_by_their_hash() {
        assert_eq!(seed(&[column("id", 23, false)]), "t.\"id\"::bigint");
        assert_eq!(seed(&[]), "0::bigint");
        assert!(seed(&[column("a", 23, false), column("B", 25, false)]).contains("t.\"B\""));
    }
}
