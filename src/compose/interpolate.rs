//! `${NAME}` in a compose file: `:-` and `-` for a default, `:?` and `?` for a demand, `:+` and `+` for
//! a replacement, nested as deep as one likes; `$$` is a dollar. Keys are left alone.

use std::collections::BTreeSet;

use super::tree::{Node, Path, Place, Value};

/// What a variable is; nothing where it is not set.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Why a text cannot be interpolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// No `$` expression that anybody knows.
    Format,
    /// `${NAME:?words}` without a value.
    Required { name: String, words: String },
    /// The place wants a number or a boolean.
    Type(&'static str),
}

/// A text that could not be interpolated, and where.
#[derive(Debug, Clone)]
pub struct At {
    pub wrong: Wrong,
    pub path: Path,
    pub place: Place,
}

/// Interpolates every text of a tree. Names that are not set are added to `unset`.
///
/// # Errors
/// The first text that is wrong.
pub fn tree(node: &mut Node, lookup: &Lookup<'_>, unset: &mut BTreeSet<String>) -> Result<(), At> {
    walk(node, &Path::default(), lookup, unset)
}

fn walk(node: &mut Node, path: &Path, lookup: &Lookup<'_>, unset: &mut BTreeSet<String>) -> Result<(), At> {
    match &mut node.value {
        Value::Map(map) => {
            for (key, value) in map {
                walk(value, &path.below(key), lookup, unset)?;
            }
            Ok(())
        }
        Value::List(list) => {
            for (at, value) in list.iter_mut().enumerate() {
                walk(value, &path.below(&format!("[{at}]")), lookup, unset)?;
            }
            Ok(())
        }
        Value::Text(text) => {
            let done = text_of(text, lookup, unset).and_then(|text| cast(text, path));
            match done {
                Ok(value) => node.value = value,
                Err(wrong) => return Err(At { wrong, path: path.clone(), place: node.place }),
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Interpolates one text.
pub fn text_of(text: &str, lookup: &Lookup<'_>, unset: &mut BTreeSet<String>) -> Result<String, Wrong> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let end = closing(inside).ok_or(Wrong::Format)?;
            out.push_str(&braced(&inside[..end], lookup, unset)?);
            rest = &inside[end + 1..];
        } else {
            let end = name_length(rest);
            // A dollar before anything else stands for itself.
            if end == 0 {
                out.push('$');
            } else {
                out.push_str(&value(&rest[..end], lookup, unset));
            }
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the brace that opened before `text` closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
        before = c;
    }
    None
}

fn name_length(text: &str) -> usize {
    let first = |c: char| c == '_' || c.is_ascii_alphabetic();
    if !text.starts_with(first) {
        return 0;
    }
    text.find(|c: char| !first(c) && !c.is_ascii_digit()).unwrap_or(text.len())
}

fn braced(inside: &str, lookup: &Lookup<'_>, unset: &mut BTreeSet<String>) -> Result<String, Wrong> {
    let (name, rest) = inside.split_at(name_length(inside));
    if name.is_empty() {
        return Err(Wrong::Format);
    }
    if rest.is_empty() {
        return Ok(value(name, lookup, unset));
    }
    let (empty_counts, operator) = match rest.strip_prefix(':') {
        Some(operator) => (false, operator),
        None => (true, rest),
    };
    let found = lookup(name).filter(|value| empty_counts || !value.is_empty());
    let Some(kind) = operator.chars().next() else { return Err(Wrong::Format) };
    let words = &operator[kind.len_utf8()..];
    match kind {
        '-' => found.map_or_else(|| text_of(words, lookup, unset), Ok),
        '+' => found.map_or_else(|| Ok(String::new()), |_| text_of(words, lookup, unset)),
        '?' => match found {
            Some(value) => Ok(value),
            None => Err(Wrong::Required { name: name.to_owned(), words: text_of(words, lookup, unset)? }),
        },
        _ => Err(Wrong::Format),
    }
}

fn value(name: &str, lookup: &Lookup<'_>, unset: &mut BTreeSet<String>) -> String {
    lookup(name).unwrap_or_else(|| {
        unset.insert(name.to_owned());
        String::new()
    })
}

const BOOLEANS: [&str; 17] = [
    "services.*.init",
    "services.*.healthcheck.disable",
    "services.*.oom_kill_disable",
    "services.*.privileged",
    "services.*.read_only",
    "services.*.stdin_open",
    "services.*.tty",
    "services.*.volumes.*.read_only",
    "services.*.volumes.*.volume.nocopy",
    "networks.*.external",
    "networks.*.internal",
    "networks.*.attachable",
    "networks.*.enable_ipv4",
    "networks.*.enable_ipv6",
    "volumes.*.external",
    "secrets.*.external",
    "configs.*.external",
];
const INTEGERS: [&str; 21] = [
    "services.*.configs.*.mode",
    "services.*.cpu_count",
    "services.*.cpu_period",
    "services.*.cpu_quota",
    "services.*.cpu_rt_period",
    "services.*.cpu_rt_runtime",
    "services.*.cpu_shares",
    "services.*.deploy.replicas",
    "services.*.deploy.update_config.parallelism",
    "services.*.deploy.rollback_config.parallelism",
    "services.*.deploy.restart_policy.max_attempts",
    "services.*.deploy.placement.max_replicas_per_node",
    "services.*.healthcheck.retries",
    "services.*.oom_score_adj",
    "services.*.pids_limit",
    "services.*.ports.*.target",
    "services.*.scale",
    "services.*.secrets.*.mode",
    "services.*.ulimits.*",
    "services.*.ulimits.*.hard",
    "services.*.ulimits.*.soft",
];
const FLOATS: [&str; 4] = [
    "services.*.cpu_percent",
    "services.*.cpus",
    "services.*.deploy.update_config.max_failure_ratio",
    "services.*.deploy.rollback_config.max_failure_ratio",
];

/// The schema wants numbers and booleans in some places, where an expression gives text.
fn cast(text: String, path: &Path) -> Result<Value, Wrong> {
    let any = |patterns: &[&str]| patterns.iter().any(|pattern| path.is(pattern));
    if path.len() < 3 {
        return Ok(Value::Text(text));
    }
    if any(&BOOLEANS) {
        return match text.to_lowercase().as_str() {
            "true" | "yes" | "y" | "on" => Ok(Value::Bool(true)),
            "false" | "no" | "n" | "off" => Ok(Value::Bool(false)),
            _ => Err(Wrong::Type("a boolean")),
        };
    }
    if any(&INTEGERS) {
        return text.parse().map(Value::Int).map_err(|_| Wrong::Type("an integer"));
    }
    if any(&FLOATS) {
        return text.parse().map(Value::Float).map_err(|_| Wrong::Type("a number"));
    }
    Ok(Value::Text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn of(text: &str) -> Result<String, Wrong> {
        text_of(text, &lookup, &mut BTreeSet::new())
    }

    #[test]
    fn every_operator_tells_unset_from_empty() {
        for (text, expected) in [
            ("a $SET b ${SET}!", "a value b value!"),
            ("${EMPTY:-x}${EMPTY-x}", "x"),
            ("${NONE:-x}${NONE-y}", "xy"),
            ("${SET:+x}${EMPTY:+x}${EMPTY+y}${NONE+z}", "xy"),
            ("${NONE:-${EMPTY:-${SET}}}", "value"),
            ("${NONE:-a}b}", "ab}"),
            ("$$SET $${SET}", "$SET ${SET}"),
            ("${SET:?needed}${EMPTY?fine}", "value"),
            ("$NONE-", "-"),
            ("5$ or $1", "5$ or $1"),
            ("${NONE:-{\"a\": 1}", "{\"a\": 1"),
        ] {
            assert_eq!(of(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for text in ["${", "${}", "${1A}", "${SET", "${SET!x}", "${SET x}"] {
            assert_eq!(of(text), Err(Wrong::Format), "{text}");
        }
        let required = Wrong::Required { name: "NONE".to_owned(), words: "say value".to_owned() };
        assert_eq!(of("${NONE:?say $SET}"), Err(required));
    }

    #[test]
    fn names_that_are_not_set_are_named() {
        let mut unset = BTreeSet::new();
        text_of("$A ${B} ${C:-x} $SET", &lookup, &mut unset).unwrap();
        assert_eq!(unset.into_iter().collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn an_expression_becomes_the_type_that_its_place_wants() {
        let text = "services: {web: {privileged: '${P:-yes}', scale: '${S:-3}', image: '${I:-7}'}}";
        let mut node = super::super::yaml::documents(text, 0).unwrap().remove(0);
        tree(&mut node, &lookup, &mut BTreeSet::new()).unwrap();
        let web = node.get("services").unwrap().get("web").unwrap().json();
        assert_eq!(web, serde_json::json!({"privileged": true, "scale": 3, "image": "7"}));
        let mut node = super::super::yaml::documents("services: {web: {tty: maybe}}", 0).unwrap().remove(0);
        let at = tree(&mut node, &lookup, &mut BTreeSet::new()).unwrap_err();
        assert_eq!((at.wrong, at.path.to_string().as_str()), (Wrong::Type("a boolean"), "services.web.tty"));
    }
}
