//! References to the twin's own variables inside the texts of a resolved model.
//!
//! In a resolved model a dollar is a dollar. A secret of the twin stands there as its name between two control
//! characters, which no compose file can hold, until it is written or replaced by its value.

const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// The text that stands for the variable `name`.
pub fn to(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

pub fn holds(text: &str) -> bool {
    text.contains(OPEN)
}

/// Replaces each reference by what `value` says; the text between goes through `plain`.
pub fn replace(text: &str, plain: &dyn Fn(&str) -> String, value: &mut dyn FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, tail)) = after.split_once(CLOSE) else { break };
        out.push_str(&plain(before));
        out.push_str(&value(name));
        rest = tail;
    }
    out.push_str(&plain(rest));
    out
}

/// The names referred to.
pub fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    replace(text, &|_| String::new(), &mut |name| {
        names.push(name.to_owned());
        String::new()
    });
    names
}

/// As a compose file or stagectl.yml writes it: `${NAME}`, and `$$` for a dollar.
pub fn written(text: &str) -> String {
    replace(text, &|plain| plain.replace('$', "$$"), &mut |name| format!("${{{name}}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_written_in_braces_and_dollars_are_doubled() {
        let text = format!("postgres://app:{}@db/$x", to("DB_PASSWORD"));
        assert!(holds(&text));
        assert_eq!(names(&text), ["DB_PASSWORD"]);
        assert_eq!(written(&text), "postgres://app:${DB_PASSWORD}@db/$$x");
        assert_eq!(replace(&text, &str::to_owned, &mut |_| "pw".to_owned()), "postgres://app:pw@db/$x");
    }
}
