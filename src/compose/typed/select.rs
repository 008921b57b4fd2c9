//! Which services a command is about: those without a profile, those of the profiles asked
//! for, those named, and what all of these depend on.

use std::collections::BTreeSet;

use super::project::Project;
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

impl Selection {
    /// The profiles to read the files with; `*` is all.
    pub fn active(&self) -> BTreeSet<String> {
        let all = self.all.then(|| "*".to_owned());
        self.profiles.iter().cloned().chain(all).collect()
    }
}

/// The names of the selected services.
pub fn select(project: &Project, selection: &Selection) -> Result<BTreeSet<String>, Failure> {
    let active = project.services.values().flat_map(|service| &service.profiles);
    let known: BTreeSet<&String> = active.chain(project.inactive.values().flatten()).collect();
    if let Some(unknown) = selection.profiles.iter().find(|p| *p != "*" && !known.contains(p)) {
        let known: Vec<&str> = known.into_iter().map(String::as_str).collect();
        return Err(Failure::usage(format!("there is no profile `{unknown}`"))
            .hint(format!("known profiles: {}", known.join(", "))));
    }
    if let Some(unknown) = selection.services.iter().find(|name| !project.services.contains_key(*name)) {
        let known: Vec<&str> =
            project.services.keys().chain(project.inactive.keys()).map(String::as_str).collect();
        return Err(Failure::usage(format!("there is no service `{unknown}`"))
            .hint(format!("known services: {}", known.join(", "))));
    }
    let mut open: Vec<&String> = if selection.services.is_empty() {
        project.services.keys().collect()
    } else {
        selection.services.iter().collect()
    };
    let mut selected = BTreeSet::new();
    while let Some(name) = open.pop() {
        if selected.insert(name.clone())
            && let Some(service) = project.services.get(name)
        {
            open.extend(service.depends_on.keys().filter(|name| project.services.contains_key(*name)));
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
