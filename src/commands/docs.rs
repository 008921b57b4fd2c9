//! `stagectl completions`, `man` and `schemas`: what is made from the types themselves.

use std::path::Path;

use anyhow::Result;
use clap::CommandFactory as _;

use super::Context;
use crate::cli::Cli;
use crate::exit;
use crate::report::schema;
use crate::store::{Mode, write};

pub fn completions(context: &Context, shell: clap_complete::Shell) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "stagectl", &mut script);
    context.ui.data(&String::from_utf8_lossy(&script));
    Ok(exit::OK)
}

pub fn man(context: &Context, out: Option<&Path>) -> Result<u8> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        context.ui.data(&String::from_utf8_lossy(&page));
        return Ok(exit::OK);
    };
    for subcommand in command.get_subcommands().filter(|c| !c.is_hide_set()).cloned().chain([command.clone()])
    {
        let name = match subcommand.get_name() {
            "stagectl" => "stagectl.1".to_owned(),
            name => format!("stagectl-{name}.1"),
        };
        let mut page = Vec::new();
        clap_mangen::Man::new(subcommand).render(&mut page)?;
        write(&folder.join(name), &page, Mode::Public)?;
    }
    Ok(exit::OK)
}

pub fn schemas(context: &Context, out: Option<&Path>) -> Result<u8> {
    for (name, text) in schema::all() {
        match out {
            Some(folder) => write(&folder.join(name), text.as_bytes(), Mode::Public)?,
            None => context.ui.data(&text),
        }
    }
    Ok(exit::OK)
}
