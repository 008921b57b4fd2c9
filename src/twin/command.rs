//! Texts outside variables: commands, health checks, hooks, labels. Nothing of production is left in them.

use super::derive::Deriver;
use super::{credential, reference, text};
use crate::compose::tree::{Map, Node, Value};

impl Deriver<'_> {
    /// Commands, health checks, hooks and labels.
    pub(super) fn other_texts(&mut self, service: &str, map: &mut Map) {
        for key in ["command", "entrypoint"] {
            if let Some(words) = map.get_mut(key) {
                self.words(service, key, words);
            }
        }
        if let Some(words) = map.get_mut("healthcheck").and_then(|check| check.get_mut("test")) {
            self.words(service, "healthcheck.test", words);
        }
        for key in [
            "labels",
            "annotations",
            "post_start",
            "pre_stop",
            "logging",
            "hostname",
            "domainname",
            "dns_search",
        ] {
            if let Some(node) = map.get_mut(key) {
                self.texts(service, &format!("services.{service}.{key}"), node);
            }
        }
    }

    fn words(&mut self, service: &str, key: &str, node: &mut Node) {
        let words: Vec<String> = node.list().unwrap_or_default().iter().map(Node::to_string).collect();
        let at = format!("services.{service}.{key}");
        let Some(list) = node.list_mut() else { return };
        for (index, from) in credential::in_words(&words) {
            let new = self.secret(service, &format!("{service}_password"), &words[index][from..]);
            let place = list[index].clone();
            let what = format!("a password becomes {}", reference::written(&new));
            self.change(&at, &place, what, "a credential of production");
            list[index] = place.with(format!("{}{new}", &words[index][..from]));
        }
        // The short ones are whole words of a shell's line: `redis-cli -a hunter2 ping`.
        for one in list.iter_mut() {
            let text = one.to_string();
            let replaced = self.short_ones(&text);
            if replaced != text {
                self.change(&at, &one.clone(), "a password is replaced", "a credential of production");
                *one = one.with(replaced);
            }
        }
        self.texts(service, &at, node);
    }

    fn short_ones(&self, line: &str) -> String {
        let mut out = line.to_owned();
        let short = |value: &&String| value.len() >= 4 && !text::is_strong(value);
        for value in self.secrets.keys().filter(short) {
            let new = &self.secrets[value];
            let words: Vec<&str> = out.split(' ').collect();
            let after_option = |index: usize| index > 0 && words[index - 1].starts_with('-');
            let done: Vec<String> = words
                .iter()
                .enumerate()
                .map(|(index, word)| {
                    let bare = word.trim_matches(['"', '\'']);
                    if bare == value && after_option(index) {
                        word.replace(value.as_str(), new)
                    } else {
                        (*word).to_owned()
                    }
                })
                .collect();
            out = done.join(" ");
        }
        out
    }

    /// Every text below a node.
    pub(super) fn texts(&mut self, service: &str, at: &str, node: &mut Node) {
        match &mut node.value {
            Value::Map(map) => {
                for (key, value) in map {
                    self.texts(service, &format!("{at}.{key}"), value);
                }
            }
            Value::List(list) => {
                for value in list {
                    self.texts(service, at, value);
                }
            }
            Value::Text(before) => {
                let (new, done) = self.rewritten(service, &format!("{service}_SECRET"), before, false);
                if new != *before {
                    let place = node.clone();
                    self.report(at, &place, &done);
                    *node = place.with(new);
                }
            }
            _ => {}
        }
    }
}
