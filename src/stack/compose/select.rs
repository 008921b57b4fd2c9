//! Which services a command is about: those without a profile, those of the profiles asked
//! for, those named, and what all of these depend on.

use std::collections::BTreeSet;

use super::model::Project;
use crate::failure::Failure;

/// What was asked for on the command line.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Every profile there is.
    pub all: bool,
    pub profiles: Vec<String>,
    /// None: every enabled service.
    pub services: Vec<String>,
}

/// The names of the selected services.
pub fn select(project: &Project, selection: &Selection) -> Result<BTreeSet<String>, Failure> {
    let known: BTreeSet<&String> = project.services.values().flat_map(|s| &s.profiles).collect();
    if let Some(unknown) = selection.profiles.iter().find(|profile| !known.contains(profile)) {
        let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
        return Err(Failure::usage(format!("there is no profile `{unknown}`"))
            .hint(format!("known profiles: {}", known.join(", "))));
    }
    let mut open: Vec<&str> = Vec::new();
    if selection.services.is_empty() {
        let enabled = project.services.iter().filter(|(_, service)| {
            service.profiles.is_empty()
                || selection.all
                || service.profiles.iter().any(|profile| selection.profiles.contains(profile))
        });
        open.extend(enabled.map(|(name, _)| name.as_str()));
    } else {
        for name in &selection.services {
            if !project.services.contains_key(name) {
                let known: Vec<&str> = project.services.keys().map(String::as_str).collect();
                return Err(Failure::usage(format!("there is no service `{name}`"))
                    .hint(format!("known services: {}", known.join(", "))));
            }
            open.push(name);
        }
    }
    let mut selected = BTreeSet::new();
    while let Some(name) = open.pop() {
        if selected.insert(name.to_owned())
            && let Some(service) = project.services.get(name)
        {
            open.extend(
                service
                    .depends_on
                    .keys()
                    .map(String::as_str)
                    .filter(|dependency| project.services.contains_key(*dependency)),
            );
        }
    }
    order(project, &selected)?;
    Ok(selected)
}

/// The selected services, dependencies first. A circle is an error that names it.
pub fn order(project: &Project, selected: &BTreeSet<String>) -> Result<Vec<String>, Failure> {
    let mut ordered: Vec<String> = Vec::new();
    let mut open: Vec<&String> = selected.iter().collect();
    while !open.is_empty() {
        let (ready, waiting): (Vec<&String>, Vec<&String>) = open.iter().partition(|name| {
            project.services.get(**name).is_none_or(|service| {
                service.depends_on.keys().all(|d| ordered.contains(d) || !selected.contains(d))
            })
        });
        if ready.is_empty() {
            let names: Vec<&str> = waiting.iter().map(|name| name.as_str()).collect();
            return Err(Failure::config(format!("depends_on: {} wait for each other", names.join(", "))));
        }
        ordered.extend(ready.into_iter().cloned());
        open = waiting;
    }
    Ok(ordered)
}
