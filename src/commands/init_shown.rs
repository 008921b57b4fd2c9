//! What `stagectl init --from` says: the changes with their reasons, the proof, what comes next.

use std::path::Path;

use anyhow::Result;

use super::Context;
use crate::cli::TwinArgs;
use crate::compose::Model;
use crate::config::load::FILE;
use crate::twin::{self, Derived};

pub(super) fn show(
    context: &Context,
    root: &Path,
    model: &Model,
    name: &str,
    derived: &Derived,
    args: &TwinArgs,
) -> Result<()> {
    if context.ui.options.json {
        let document = serde_json::json!({
            "applied": !args.dry_run,
            "project": name,
            "production": { "project": model.name, "files": model.files },
            "files": [root.join(FILE), root.join(twin::write::FILE)],
            "changes": derived.changes,
            "secrets": derived.variables.keys().collect::<Vec<_>>(),
            "copies": derived.copies,
            "folders": derived.folders,
            "database": derived.database.as_ref().map(|database| &database.service),
            "cache": derived.cache.as_ref().map(|cache| &cache.service),
            "allowed": args.share,
            "shared": [],
        });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
        return Ok(());
    }
    context.ui.data(&text(root, model, name, derived, args));
    Ok(())
}

/// The same change of several services once: `services.{web,worker}.environment.DATABASE_URL`.
fn grouped(changes: &[twin::Change]) -> Vec<(String, &twin::Change)> {
    let parts = |change: &twin::Change| -> Option<(String, String)> {
        let (service, rest) = change.at.strip_prefix("services.")?.split_once('.')?;
        Some((service.to_owned(), rest.to_owned()))
    };
    let mut groups: Vec<(Vec<String>, &twin::Change)> = Vec::new();
    for change in changes {
        let same = |other: &twin::Change| {
            let rest = |change| parts(change).map(|(_, rest)| rest);
            rest(change).is_some()
                && rest(change) == rest(other)
                && change.what == other.what
                && change.why == other.why
        };
        match groups.iter_mut().find(|(_, other)| same(other)) {
            Some((services, _)) => services.extend(parts(change).map(|(service, _)| service)),
            None => groups.push((parts(change).map(|(service, _)| service).into_iter().collect(), change)),
        }
    }
    let named = |(services, change): (Vec<String>, &'_ twin::Change)| match (services.len(), parts(change)) {
        (2.., Some((_, rest))) => format!("services.{{{}}}.{rest}", services.join(",")),
        _ => change.at.clone(),
    };
    groups.into_iter().map(|(services, change)| (named((services, change)), change)).collect()
}

/// The changes by place, those to look at marked; then the proof, then what comes next.
fn text(root: &Path, model: &Model, name: &str, derived: &Derived, args: &TwinArgs) -> String {
    let mut out = format!("The twin {name} of {}: {} changes\n", model.name, derived.changes.len());
    for (at, change) in grouped(&derived.changes) {
        let place = if change.place.is_empty() { String::new() } else { format!("  ({})", change.place) };
        let mark = if change.look { "!" } else { " " };
        out.push_str(&format!("{mark} {at}{place}\n      {}: {}\n", change.what, change.why));
    }
    let look = derived.changes.iter().filter(|change| change.look).count();
    if look > 0 {
        out.push_str(&format!("{look} of them are marked `!`: look at them\n"));
    }
    for shared in &args.share {
        out.push_str(&format!("shared because --share says so: {shared}\n"));
    }
    out.push_str(
        "isolation: no port, name, network, subnet, volume, mount, image, credential or address is shared\n",
    );
    for (what, service) in [
        ("PostgreSQL", derived.database.as_ref().map(|database| &database.service)),
        ("Redis", derived.cache.as_ref().map(|cache| &cache.service)),
    ] {
        if let Some(service) = service {
            out.push_str(&format!("{what}: {service}; copy-data and validate know how to reach it\n"));
        }
    }
    if args.dry_run {
        out.push_str("nothing is written: this was a dry run");
    } else {
        out.push_str(&format!(
            "{} and {} written\nnext: look through them, then `stagectl setup`",
            root.join(FILE).display(),
            root.join(twin::write::FILE).display()
        ));
    }
    out
}
