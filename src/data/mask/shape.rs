//! What a mask must fit: its column's length, type and indexes.

/// What the mask must fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// `varchar(n)`: n characters.
    pub max_chars: Option<usize>,
    /// Part of a unique index: different values must stay different.
    pub unique: bool,
    pub base: Base,
}

/// The type below domains and arrays, as far as masks care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Base {
    #[default]
    Text,
    Uuid,
    /// `bytes` of a whole number; 0 for decimals.
    Number {
        bytes: u8,
    },
    Date,
    MacAddress,
    /// `bytea`, as `\x616263`.
    Bytes,
}

impl Base {
    /// Of a type's name in `pg_type`.
    pub fn of(type_name: &str) -> Self {
        match type_name {
            "uuid" => Self::Uuid,
            "int2" => Self::Number { bytes: 2 },
            "int4" => Self::Number { bytes: 4 },
            "int8" | "oid" => Self::Number { bytes: 8 },
            "numeric" | "float4" | "float8" | "money" => Self::Number { bytes: 0 },
            "date" | "timestamp" | "timestamptz" => Self::Date,
            "macaddr" | "macaddr8" => Self::MacAddress,
            "bytea" => Self::Bytes,
            _ => Self::Text,
        }
    }
}
