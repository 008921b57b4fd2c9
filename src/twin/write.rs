//! The twin's files: its compose file and its stagectl.yml.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::derive::Derived;
use super::reference;
use crate::compose::output;
use crate::compose::tree::{self, Node};

/// The compose file of a twin.
pub const FILE: &str = "docker-compose.twin.yml";

/// `docker-compose.twin.yml`: whole, resolved, with `${NAME}` where a secret stands.
///
/// # Errors
/// What YAML cannot hold, which no model has.
pub fn compose_file(derived: &Derived, from: &[String]) -> Result<String, serde_yaml::Error> {
    let mut root = derived.root.clone();
    escape(&mut root);
    let text = serde_yaml::to_string(&output::part(&root, &[]))?;
    Ok(format!(
        "# The staging twin of {}: derived by `stagectl init --from`, yours to edit.\n\
         # `${{NAME}}` takes a variable of `env` in stagectl.yml, and no other. `stagectl setup` starts it.\n{text}",
        from.join(", ")
    ))
}

fn escape(node: &mut Node) {
    match &mut node.value {
        tree::Value::Map(map) => map.values_mut().for_each(escape),
        tree::Value::List(list) => list.iter_mut().for_each(escape),
        tree::Value::Text(text) => *text = reference::written(text),
        _ => {}
    }
}

/// What stagectl.yml says about where the twin comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    pub files: Vec<String>,
    pub env_files: Vec<String>,
    pub share: Vec<String>,
}

/// `stagectl.yml`.
///
/// # Errors
/// What YAML cannot hold.
pub fn config_file(project: &str, derived: &Derived, origin: &Origin) -> Result<String, serde_yaml::Error> {
    let section =
        |name: &str, value: Value| serde_yaml::to_string(&Map::from_iter([(name.to_owned(), value)]));
    let mut text = format!(
        "# The staging twin that `stagectl init --from` derived; every key: `stagectl init --print`, docs/twin.md.\n\
         version: 1\n{}\n\
         # Its services, with every key of compose. `production` is only read, to prove that nothing is shared.\n{}\n",
        section("project", project.into())?,
        section(
            "compose",
            json!({
                "files": [FILE],
                "production": { "files": origin.files, "env_files": origin.env_files, "share": origin.share },
            })
        )?,
    );
    let mut variables: BTreeMap<String, Value> = derived
        .variables
        .iter()
        .map(|(name, variable)| {
            let alphabet = if variable.hex { "hex" } else { "alphanumeric" };
            (name.clone(), json!({ "generate": alphabet, "length": variable.length }))
        })
        .collect();
    if derived.database.is_some() {
        variables.insert("STAGECTL_MASKING_KEY".to_owned(), json!({ "generate": "hex", "length": 64 }));
    }
    if !variables.is_empty() {
        text.push_str(
            "# Made once into .env.staging (0600). For the test account of somebody else's service, write\n",
        );
        text.push_str("# its key there, or name a file: {file: PATH}.\n");
        text.push_str(&section("env", json!(variables))?);
        text.push('\n');
    }
    let mut production = json!({ "markers": derived.markers });
    if let Some(database) = &derived.database {
        text.push_str("# Where copy-data, test-migration and validate log in.\n");
        let value = json!({
            "service": database.service, "name": database.name, "user": database.user, "password": database.password,
            "admin_user": database.admin_user, "admin_password": database.admin_password,
        });
        text.push_str(&section("database", value)?);
        production["database_url"] = "${PRODUCTION_DATABASE_URL:-}".into();
    }
    if let Some(cache) = &derived.cache {
        let mut value = json!({ "service": cache.service });
        if let Some(password) = &cache.password {
            value["password"] = password.as_str().into();
        }
        text.push_str(&section("cache", value)?);
        production["redis_url"] = "${PRODUCTION_REDIS_URL:-}".into();
    }
    if derived.database.is_some() || derived.cache.is_some() {
        text.push('\n');
    }
    text.push_str("# Only ever read. URLs stand in the environment or in .env.production (0600); what `markers` names\n");
    text.push_str("# must stand nowhere in staging.\n");
    text.push_str(&section("production", production)?);
    if derived.database.is_some() {
        text.push_str("\nmasking:\n  key: ${STAGECTL_MASKING_KEY}\n");
    }
    Ok(text)
}
