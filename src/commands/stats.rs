//! `stagectl stats`.

use std::io::IsTerminal as _;

use anyhow::Result;
use futures_util::future::join_all;
use futures_util::stream::{StreamExt as _, select_all};

use super::Context;
use super::containers::Place;
use super::table::Table;
use crate::cli::StatsArgs;
use crate::engine::{Container, Stats};
use crate::exit;
use crate::failure::Failure;
use crate::stack::twin;

pub async fn run(context: &Context, args: StatsArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let mut containers = twin::containers(&engine, &project, &args.services).await?;
    containers.retain(|container| container.state.running);
    if containers.is_empty() {
        return Err(Failure::environment("nothing runs").hint("`stagectl up` starts the containers").into());
    }
    if args.no_stream {
        let samples = join_all(containers.iter().map(|container| engine.stats(&container.id))).await;
        // One that ended while it was measured has nothing to show.
        let samples: Vec<Option<Stats>> = samples.into_iter().map(Result::ok).collect();
        let text = if context.ui.options.json {
            let rows = containers.iter().zip(&samples);
            let list: Vec<_> = rows.filter_map(|(c, stats)| Some(json(c, stats.as_ref()?))).collect();
            serde_json::to_string_pretty(&serde_json::json!({ "project": project, "containers": list }))?
        } else {
            table(&containers, &samples)
        };
        context.ui.data(&text);
        return Ok(exit::OK);
    }
    let mut samples: Vec<Option<Stats>> = vec![None; containers.len()];
    let mut streams = select_all(containers.iter().enumerate().map(|(index, container)| {
        engine.stats_stream(&container.id).map(move |stats| (index, stats)).boxed()
    }));
    let redraw = std::io::stdout().is_terminal();
    let mut drawn = 0;
    // Ctrl-C is how a person ends it.
    while let Some((index, stats)) = tokio::select! {
        () = context.interrupt.wait() => None,
        sample = streams.next() => sample,
    } {
        let stats = stats?;
        if context.ui.options.json {
            context.ui.data(&json(&containers[index], &stats).to_string());
            continue;
        }
        // A round is over when one of its containers comes again.
        if samples[index].is_some() {
            let text = table(&containers, &samples);
            let back = if redraw && drawn > 0 { format!("\x1b[{drawn}A\x1b[J") } else { String::new() };
            drawn = text.lines().count();
            context.ui.data(&(back + &text));
            samples.fill(None);
        }
        samples[index] = Some(stats);
    }
    Ok(exit::OK)
}

fn json(container: &Container, stats: &Stats) -> serde_json::Value {
    let mut document = serde_json::json!(stats);
    document["service"] = container.service().into();
    document["container"] = container.name.clone().into();
    document
}

fn table(containers: &[Container], samples: &[Option<Stats>]) -> String {
    let mut table = Table::new(["CONTAINER", "CPU", "MEMORY", "OF", "NETWORK IN/OUT", "DISK IN/OUT", "PIDS"]);
    for (container, stats) in containers.iter().zip(samples) {
        let name = container.name.clone();
        table.row(match stats {
            None => [name, "-".into(), "-".into(), "-".into(), "-".into(), "-".into(), "-".into()],
            Some(stats) => [
                name,
                format!("{:.1}%", stats.cpu_percent),
                bytes(stats.memory),
                bytes(stats.memory_limit),
                format!("{} / {}", bytes(stats.rx_bytes), bytes(stats.tx_bytes)),
                format!("{} / {}", bytes(stats.read_bytes), bytes(stats.written_bytes)),
                stats.pids.to_string(),
            ],
        });
    }
    table.text()
}

/// A size in the largest unit that leaves a number of at least 1, by 1024.
fn bytes(count: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", units[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(25 << 30), "25.0 GiB");
    }
}
