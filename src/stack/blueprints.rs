//! The blueprints: one commented stagectl.yml per stack, embedded in the binary.

use anyhow::Result;

use crate::failure::Failure;

macro_rules! blueprints {
    ($($name:literal),+ $(,)?) => {
        &[$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/compose/blueprints/", $name, "/stagectl.yml")),
        )),+]
    };
}

/// Name and text of every blueprint.
pub const ALL: &[(&str, &str)] = blueprints![
    "nextjs-postgres",
    "fastapi-react",
    "fastify-supabase",
    "node-mongo-cluster",
    "storefront-mongo"
];

/// The text of a blueprint.
pub fn text(name: &str) -> Result<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text).ok_or_else(|| {
        let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        Failure::usage(format!("there is no blueprint `{name}`"))
            .hint(format!("known blueprints: {}", known.join(", ")))
            .into()
    })
}

/// Gives a blueprint another project name: every name that the engine knows (containers and
/// volumes) changes with it, comments and order stay, so that two twins live side by side.
pub fn rename(text: &str, project: &str) -> String {
    let old = text.lines().find_map(|line| line.strip_prefix("project: ")).unwrap_or_default().trim();
    let old_base = old.strip_suffix("-staging").unwrap_or(old);
    let mut in_volumes = false;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            in_volumes = line.starts_with("volumes:");
        }
        let renamed = if line.starts_with("project: ") {
            format!("project: '{project}'")
        } else if let Some((indent, name)) = line.split_once("container_name: ") {
            format!("{indent}container_name: '{}'", container(name.trim(), old_base, project))
        } else if let Some((head, tail)) = line.split_once("{name: ").filter(|_| in_volumes) {
            format!("{head}{{name: {project}_{tail}")
        } else {
            line.to_owned()
        };
        out.push_str(&renamed);
        out.push('\n');
    }
    out
}

/// `1001-stories-app-staging` becomes `demo-app-staging`, or `demo-staging-app` where the
/// project's own name says `staging`.
fn container(name: &str, old_base: &str, project: &str) -> String {
    let part = name.strip_prefix(old_base).unwrap_or(name).trim_matches('-');
    if project.ends_with("-staging") {
        format!("{project}-{}", part.trim_end_matches("-staging"))
    } else {
        format!("{project}-{part}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{load, validate};

    #[test]
    fn every_blueprint_is_valid() {
        for (name, text) in ALL {
            let config =
                load::parse(text, None).unwrap_or_else(|error| panic!("{name}: {error} {:?}", error.hints));
            validate::check(&config).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn two_projects_from_one_blueprint_share_no_name() {
        for (blueprint, text) in ALL {
            let names = |project: &str| {
                let config = load::parse(&rename(text, project), None).unwrap();
                assert_eq!(config.project, project);
                let containers =
                    config.services.values().filter_map(|service| service.container_name.clone());
                let volumes = config.volumes.values().filter_map(|volume| volume.name.clone());
                containers.chain(volumes).collect::<std::collections::BTreeSet<_>>()
            };
            let (one, two, three) = (names("shop"), names("shop-staging"), names("1x"));
            assert!(one.is_disjoint(&two), "{blueprint}: {one:?} {two:?}");
            assert!(one.is_disjoint(&three), "{blueprint}");
            assert_eq!(one.len(), two.len(), "{blueprint}");
        }
    }
}
