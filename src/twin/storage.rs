//! Volumes, secrets and configs of the twin's own.

use super::derive::Deriver;
use super::{host, reference};
use crate::compose::tree::{Map, Node, Value};

impl Deriver<'_> {
    pub(super) fn storage(&mut self, root: &mut Node) {
        self.volumes(root);
        for section in ["secrets", "configs"] {
            let Some(map) = root.get_mut(section).and_then(Node::map_mut) else { continue };
            for (key, node) in map {
                self.held(section, key, node);
            }
        }
    }

    fn volumes(&mut self, root: &mut Node) {
        let Some(volumes) = root.get_mut("volumes").and_then(Node::map_mut) else { return };
        for (key, node) in volumes {
            let at = format!("volumes.{key}");
            let name = node.get("name").map_or_else(|| key.clone(), Node::to_string);
            let permit = format!("volume:{name}");
            if self.may_share(&permit) {
                continue;
            }
            let place = node.clone();
            if host::is_external(node) {
                if self.is_own(&permit) {
                    self.change(
                        &at,
                        &place,
                        format!("{name} becomes a volume of the twin, empty"),
                        "--own says so",
                    );
                    node.value = Value::Map(Map::new());
                } else {
                    let decide = [format!("--own {permit}"), format!("--share {permit}")];
                    self.refuse(
                        &at,
                        &place,
                        format!("the external volume {name} holds production's data"),
                        &decide,
                    );
                }
                continue;
            }
            let Some(map) = node.map_mut() else { continue };
            if map
                .remove("name")
                .is_some_and(|name| name.to_string() != format!("{}_{key}", self.request.production.name))
            {
                let what = format!("{name} becomes {}_{key}, empty", self.request.name);
                self.change(&format!("{at}.name"), &place, what, "production's data stays production's");
            }
            let elsewhere = host::device(&place).is_some()
                || map.get("driver").is_some_and(|driver| !matches!(driver.text(), Some("local" | "")));
            if elsewhere {
                map.remove("driver_opts");
                map.remove("driver");
                self.change(
                    &at,
                    &place,
                    "becomes a plain volume of the twin, empty",
                    "what it stands for is production's",
                );
            }
        }
    }

    /// A secret gets a value of the twin's own; a config that is no key may be read by both.
    fn held(&mut self, section: &str, key: &str, node: &mut Node) {
        let at = format!("{section}.{key}");
        let place = node.clone();
        let external = host::is_external(node);
        let Some(map) = node.map_mut() else { return };
        map.remove("name");
        let file = map.get("file").map(Node::to_string);
        let permit = format!("mount:{}", file.clone().unwrap_or_default());
        if file.is_some() && self.may_share(&permit) {
            return;
        }
        let keys = file.as_ref().is_some_and(|file| super::path::holds_keys(std::path::Path::new(file)));
        if section == "configs" && !external && !keys && !map.contains_key("environment") {
            return;
        }
        let variable = self.variable(section.trim_end_matches('s'), key, "");
        *map = Map::from([("environment".to_owned(), Node::implied(variable.as_str()))]);
        let why = "a credential of production";
        let what = format!("a value of the twin's own, {}", reference::written(&reference::to(&variable)));
        if section == "configs" || external {
            self.look(&at, &place, what, why);
        } else {
            self.change(&at, &place, what, why);
        }
    }

    /// Texts that stand in the file itself.
    pub(super) fn contents(&mut self, root: &mut Node) {
        let Some(configs) = root.get_mut("configs").and_then(Node::map_mut) else { return };
        for (key, node) in configs {
            if let Some(content) = node.get_mut("content") {
                self.texts("configs", &format!("configs.{key}.content"), content);
            }
        }
    }
}
