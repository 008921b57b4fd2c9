//! Parse, run, print the failure, exit.

use std::process::ExitCode;

use clap::Parser as _;
use stagectl::cli::Cli;
use stagectl::commands;
use stagectl::failure::{Class, Failure};
use stagectl::interrupt::Interrupt;
use stagectl::ui::{Event, Ui};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ui = Ui::new(cli.global.ui_options());
    start_tracing(cli.global.verbose);
    let code = match run(cli, &ui) {
        Ok(code) => code,
        Err(error) => {
            let (class, hints) = Failure::classify(&error);
            ui.event(&Event::Failed {
                class: class.word(),
                exit_code: class.exit_code(),
                error: format!("{error:#}"),
                hints,
            });
            class.exit_code()
        }
    };
    ExitCode::from(code)
}

fn run(cli: Cli, ui: &Ui) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Class::Internal, format!("start the runtime: {error}")))?;
    let outcome = runtime.block_on(async { commands::run(cli, ui, Interrupt::listen()).await });
    // A blocked thread (a prompt, a DNS look-up) must not hold up the exit.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    outcome
}

fn start_tracing(verbose: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("STAGECTL_LOG").unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new(if verbose { "stagectl=debug" } else { "off" })
    });
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
