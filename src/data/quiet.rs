//! Server errors without the values that their words may quote.

use crate::postgres::{failure, failure_saying};

/// An error about data says its code and place only; any other keeps the server's words.
pub fn quiet(what: impl Into<String>) -> impl Fn(tokio_postgres::Error) -> anyhow::Error {
    let what = what.into();
    move |error| {
        let Some(db) = error.as_db_error() else {
            return failure(&what, &error).into();
        };
        let code = db.code().code();
        // 22: a value does not fit its type; 23: a constraint. Both quote values.
        let words = if code.starts_with("22") || code.starts_with("23") {
            let named = [("table", db.table()), ("column", db.column()), ("constraint", db.constraint())];
            let places: Vec<String> =
                named.iter().filter_map(|(kind, name)| Some(format!("{kind} {}", (*name)?))).collect();
            format!(
                "a value does not fit ({code}{}{})",
                if places.is_empty() { "" } else { ": " },
                places.join(", ")
            )
        } else {
            format!("{} ({code})", db.message())
        };
        failure_saying(&what, &words, &error).into()
    }
}
