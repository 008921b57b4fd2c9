//! Where a text can be: which columns the scan reads, and how each is looked at. Pure.

use super::field::Look;
use crate::model::quote_identifier;

/// How a column is asked for and looked at; `None`: its type has no room for a text or a long number.
/// `base_type` is that below domains and arrays.
pub fn look(name: &str, base_type: &str, is_array: bool) -> Option<(String, Look)> {
    let column = quote_identifier(name);
    Some(match base_type {
        // Labels of enums stand in the catalogue.
        "e" | "r" | "m" | "bool" | "int2" | "float4" | "float8" | "money" | "date" | "time" | "timetz"
        | "timestamp" | "timestamptz" | "interval" | "oid" | "xid" | "xid8" | "cid" | "tid" | "pg_lsn"
        | "bit" | "varbit" | "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle" | "char" => {
            return None;
        }
        "text" | "varchar" | "bpchar" | "citext" | "name" | "json" | "xml" if !is_array => {
            (column, Look::Text)
        }
        "jsonb" if !is_array => (column, Look::Jsonb),
        "bytea" if !is_array => (column, Look::Bytes),
        "int4" | "int8" if !is_array => (column, Look::Integer),
        "numeric" if !is_array => (column, Look::Numeric),
        "uuid" if !is_array => (column, Look::Uuid),
        _ => (format!("{column}::text"), Look::Text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_can_hold_a_text_is_read() {
        for base_type in ["text", "varchar", "citext", "json", "xml"] {
            assert_eq!(look("a", base_type, false), Some(("\"a\"".into(), Look::Text)));
        }
        assert_eq!(look("a", "jsonb", false), Some(("\"a\"".into(), Look::Jsonb)));
        assert_eq!(look("a", "bytea", false), Some(("\"a\"".into(), Look::Bytes)));
        for (base_type, how) in [
            ("int4", Look::Integer),
            ("int8", Look::Integer),
            ("numeric", Look::Numeric),
            ("uuid", Look::Uuid),
        ] {
            assert_eq!(look("a", base_type, false), Some(("\"a\"".into(), how)));
            assert_eq!(look("a", base_type, true), Some(("\"a\"::text".into(), Look::Text)));
        }
        for base_type in ["hstore", "some_composite", "tsvector", "inet", "ltree", "a_type_of_tomorrow"] {
            assert_eq!(look("a", base_type, false), Some(("\"a\"::text".into(), Look::Text)));
        }
        assert_eq!(look("a", "jsonb", true), Some(("\"a\"::text".into(), Look::Text)));
        assert_eq!(look("a", "timestamptz", false), None);
    }
}
