//! The names of the databases that are made beside an original, by which a later run knows them. Pure.

/// The longest database name that PostgreSQL keeps whole, in bytes.
pub const LONGEST_NAME: usize = 63;
/// What the name of a clone says between that of its original and that of its run.
const CLONE: &str = "__clone_";

/// `original__clone_RUN_N`, with the original cut short where the name would be too long.
pub fn clone_name(original: &str, run: &str, number: u32) -> String {
    let end = format!("__clone_{run}_{number}");
    let mut start = original.to_owned();
    while start.len() + end.len() > LONGEST_NAME {
        start.pop();
    }
    start + &end
}

/// True for the names that [`clone_name`] gives.
pub fn is_clone_of(name: &str, original: &str) -> bool {
    has_mark(name, original, CLONE)
}

/// True for such a name with another mark in the place of the clone's.
pub fn has_mark(name: &str, original: &str, mark: &str) -> bool {
    let Some((start, end)) = name.rsplit_once(mark) else { return false };
    let parts: Vec<&str> = end.split('_').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let [time, process, number] = parts.as_slice() else { return false };
    let time_is_one = time.len() == 16
        && digits(&time[..8])
        && &time[8..9] == "t"
        && digits(&time[9..15])
        && time.ends_with('z');
    let whole = start == original;
    let cut = name.len() + CLONE.len() == LONGEST_NAME + mark.len()
        && !start.is_empty()
        && original.starts_with(start);
    time_is_one && digits(process) && digits(number) && (whole || cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_clones_are_recognised() {
        let run = "20261121t010203z_4711";
        for original in ["staging_db", &"x".repeat(63), "__clone_"] {
            let name = clone_name(original, run, 12);
            assert!(name.len() <= LONGEST_NAME && is_clone_of(&name, original), "{name}");
        }
        for name in [
            "staging_db",
            "staging_db__clone_",
            "staging_db__clone_x_1_2",
            "other__clone_20261121t010203z_1_1",
            "staging_db__kept_20261121t010203z_1_1",
        ] {
            assert!(!is_clone_of(name, "staging_db"), "{name}");
        }
    }
}
