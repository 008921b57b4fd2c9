//! `$$` becomes `$` in every value, as docker compose does it. A reference to a variable is
//! refused: the rendered file has none, so that it means the same in every shell.

use serde_yaml::Value;

use crate::failure::Failure;

/// Unescapes every string below `value`; keys stay as they are.
pub fn unescape(value: &mut Value, path: &str) -> Result<(), Failure> {
    match value {
        Value::String(text) => *text = dollars(text, path)?,
        Value::Sequence(list) => {
            for (index, item) in list.iter_mut().enumerate() {
                unescape(item, &format!("{path}[{index}]"))?;
            }
        }
        Value::Mapping(map) => {
            for (key, item) in map.iter_mut() {
                let key = key.as_str().unwrap_or("?").to_owned();
                unescape(item, &if path.is_empty() { key } else { format!("{path}.{key}") })?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn dollars(text: &str, path: &str) -> Result<String, Failure> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..=at]);
        rest = rest[at + 1..].strip_prefix('$').ok_or_else(|| {
            Failure::config(format!("{path}: stagectl does not resolve variables in a compose file"))
                .hint("write `$$` for a dollar sign, or the value itself")
        })?;
    }
    Ok(out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_dollars_are_one_and_one_is_refused_with_its_path() {
        let mut value: Value =
            serde_yaml::from_str("services: {a: {command: [sh, -c, 'echo $$X $$$$']}}").unwrap();
        unescape(&mut value, "").unwrap();
        assert_eq!(value["services"]["a"]["command"][2].as_str(), Some("echo $X $$"));
        let mut value: Value = serde_yaml::from_str("services: {a: {image: 'x:${TAG}'}}").unwrap();
        let failure = unescape(&mut value, "").unwrap_err();
        assert!(failure.message.starts_with("services.a.image: "), "{}", failure.message);
    }
}
