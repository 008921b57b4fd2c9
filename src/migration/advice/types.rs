//! What a change of a column's type means for its values and for the code that reads them. Pure.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Whole(u32),
    Fraction,
    Text,
    Time,
    Date,
    Other,
}

/// Kind and, in parentheses, numbers of a type as `format_type` writes it.
fn family(kind: &str) -> (Family, Vec<i64>) {
    let name = kind.split('(').next().unwrap_or_default().trim();
    let numbers = kind
        .split(['(', ')'])
        .nth(1)
        .map(|inside| inside.split(',').filter_map(|n| n.trim().parse().ok()).collect())
        .unwrap_or_default();
    let family = match name {
        "smallint" => Family::Whole(2),
        "integer" => Family::Whole(4),
        "bigint" => Family::Whole(8),
        "numeric" | "real" | "double precision" | "money" => Family::Fraction,
        "text" | "character varying" | "character" | "citext" | "name" => Family::Text,
        "date" => Family::Date,
        name if name.starts_with("timestamp") => Family::Time,
        _ => Family::Other,
    };
    (family, numbers)
}

/// True where values of `from` cannot all be kept in `to`.
pub fn loses(from: &str, to: &str) -> bool {
    let ((old, old_numbers), (new, new_numbers)) = (family(from), family(to));
    match (old, new) {
        (Family::Fraction, Family::Whole(_)) | (Family::Time, Family::Date) => true,
        // Digits after the point are rounded away.
        (Family::Fraction, Family::Fraction) => {
            let scale = |numbers: &[i64]| numbers.first().map(|_| numbers.get(1).copied().unwrap_or(0));
            match (scale(&old_numbers), scale(&new_numbers)) {
                (Some(old), Some(new)) => new < old,
                (None, Some(_)) => true,
                _ => false,
            }
        }
        // The server refuses to shorten silently; it does so where the migration asks for it.
        (Family::Text, Family::Text) => match (old_numbers.first(), new_numbers.first()) {
            (Some(old), Some(new)) => new < old,
            (None, Some(_)) => true,
            _ => false,
        },
        _ => false,
    }
}

/// True where code that reads the one does not expect the other.
pub fn differs(from: &str, to: &str) -> bool {
    let (old, new) = (family(from).0, family(to).0);
    match (old, new) {
        (Family::Whole(_) | Family::Fraction, Family::Whole(_) | Family::Fraction) => false,
        (Family::Other, Family::Other) => from.split('(').next() != to.split('(').next(),
        _ => old != new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_type_cannot_hold_is_known() {
        for (from, to) in [
            ("numeric(10,2)", "integer"),
            ("numeric(10,2)", "numeric(10,1)"),
            ("timestamp with time zone", "date"),
            ("text", "character varying(10)"),
            ("double precision", "bigint"),
        ] {
            assert!(loses(from, to), "{from} → {to}");
        }
        for (from, to) in [
            ("integer", "bigint"),
            ("character varying(10)", "text"),
            ("integer", "text"),
            ("numeric(10,2)", "numeric(12,2)"),
        ] {
            assert!(!loses(from, to), "{from} → {to}");
        }
    }

    #[test]
    fn code_minds_another_kind_of_type_only() {
        assert!(differs("text", "integer") && differs("integer", "text") && differs("json", "jsonb"));
        assert!(!differs("integer", "bigint") && !differs("character varying(9)", "text"));
    }
}
