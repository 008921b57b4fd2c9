//! Tests of [`super`].

use super::*;

fn masker() -> Masker {
    Masker::new("a key", "staging.local")
}

fn rules(text: &str) -> Rules {
    serde_yaml::from_str(text).unwrap()
}

fn masked(value: &Value, fields: &str) -> Outcome {
    mask(value, &rules(fields), &masker()).unwrap()
}

fn email(address: &str) -> String {
    masker().mask(&Strategy::Email, address, &Shape::default()).unwrap().unwrap()
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[test]
fn a_json_value_is_masked_leaf_by_leaf_and_stays_json() {
    let value = Value::Text(bytes(r#"{"id":"u1","to":[{"email":"Jane@real.example"}],"ok":true}"#));
    let outcome = masked(&value, "{id: {keep: a key}, 'to[].email': email}");
    let expected = format!(r#"{{"id":"u1","to":[{{"email":"{}"}}],"ok":true}}"#, email("jane@real.example"));
    assert_eq!(outcome.value, Some(Value::Text(expected.into_bytes())));
    assert_eq!((outcome.masked, outcome.undecided.len()), (1, 0));
    assert!(outcome.crossing.contains("u1") && outcome.crossing.contains("email"));
}

#[test]
fn hash_fields_list_elements_and_members_are_masked_by_their_rule() {
    let hash = Value::Hash(vec![
        (bytes("email"), bytes("jane@real.example")),
        (bytes("note"), bytes("private")),
        (bytes("profile"), bytes(r#"{"city":"Rome"}"#)),
    ]);
    let outcome = masked(&hash, "{email: email, note: null, profile.city: city}");
    let Some(Value::Hash(pairs)) = outcome.value else { panic!("a hash stays a hash") };
    assert_eq!(pairs[0], (bytes("email"), email("jane@real.example").into_bytes()));
    assert_eq!(pairs.len(), 2, "null leaves the field out");
    assert!(!String::from_utf8_lossy(&pairs[1].1).contains("Rome"));

    let list = Value::List(vec![bytes("jane@real.example"), bytes(r#"{"to":"jane@real.example"}"#)]);
    let outcome = masked(&list, "{'[]': email}");
    assert_eq!(outcome.masked, 2, "the element's own rule covers a JSON element whole");
    let outcome = masked(&Value::List(vec![bytes(r#"{"to":"jane@real.example"}"#)]), "{'[].to': email}");
    let expected = format!(r#"{{"to":"{}"}}"#, email("jane@real.example")).into_bytes();
    assert_eq!(outcome.value, Some(Value::List(vec![expected])));

    let scored = Value::SortedSet(vec![(bytes("jane@real.example"), "4.5".into())]);
    let outcome = masked(&scored, "{'[]': email}");
    let expected = vec![(email("jane@real.example").into_bytes(), "4.5".to_owned())];
    assert_eq!(outcome.value, Some(Value::SortedSet(expected)));
}

#[test]
fn members_of_a_set_stay_as_many() {
    let members: Vec<Vec<u8>> = (0..2000).map(|n| format!("Person {n}").into_bytes()).collect();
    let Some(Value::Set(masked)) = masked(&Value::Set(members), "{'[]': name}").value else {
        panic!("a set")
    };
    assert_eq!(masked.iter().collect::<BTreeSet<_>>().len(), 2000);
}

#[test]
fn what_no_rule_covers_is_undecided_and_shown_without_a_persons_key() {
    let value =
        Value::Text(bytes(r#"{"name":"Jane","age":7,"by":{"jane@real.example":{"score":"x"}},"done":null}"#));
    let undecided = masked(&value, "{name: name}").undecided;
    assert_eq!(undecided.iter().map(String::as_str).collect::<Vec<_>>(), ["age", "by.**"]);
    let plain = masked(&Value::Text(bytes("Jane")), "{}");
    assert_eq!(plain.undecided.iter().collect::<Vec<_>>(), ["."]);
    let hash = masked(&Value::Hash(vec![(bytes("jane@real.example"), bytes("1"))]), "{}");
    assert_eq!(hash.undecided.iter().collect::<Vec<_>>(), ["**"]);
}

#[test]
fn the_whole_value_can_be_one_decision() {
    let value = Value::Text(bytes("Jane lives in Rome"));
    assert_eq!(masked(&value, "{'.': null}").value, None);
    let Some(Value::Text(text)) = masked(&value, "{'.': text}").value else { panic!("a text") };
    assert_ne!(text, bytes("Jane lives in Rome"));
    let nested = Value::Text(bytes(r#"{"a":"Jane"}"#));
    assert_eq!(
        masked(&nested, "{'.': {json: {a: {constant: x}}}}").value,
        Some(Value::Text(bytes(r#"{"a":"x"}"#)))
    );
}

#[test]
fn a_copied_value_shows_every_text_to_the_leak_scan() {
    let value = Value::Hash(vec![(bytes("f"), bytes(r#"{"jane":{},"a":"j\u0061ne@real.example"}"#))]);
    let found = texts(&value).unwrap();
    assert!(
        found.contains("jane@real.example") && found.contains("jane") && found.contains("f"),
        "{found:?}"
    );
    assert!(texts(&Value::Text(vec![0x1f, 0x8b, 0xff])).is_err(), "compressed values cannot be looked into");
    assert!(mask(&Value::Text(vec![0xff]), &rules("{'.': {keep: why}}"), &masker()).is_err());
}
