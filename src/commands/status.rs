//! `stagectl status`.

use anyhow::Result;

use super::Context;
use super::containers::Place;
use crate::cli::StatusArgs;
use crate::engine::Container;
use crate::exit;
use crate::stack::twin;

pub async fn run(context: &Context, args: StatusArgs) -> Result<u8> {
    let Place { engine, project, .. } = Place::open(context, &args.project).await?;
    let containers = twin::containers(&engine, &project, &[]).await?;
    if context.ui.options.json {
        let list: Vec<serde_json::Value> = containers.iter().map(json).collect();
        let document = serde_json::json!({ "project": project, "containers": list });
        context.ui.data(&serde_json::to_string_pretty(&document)?);
    } else if containers.is_empty() {
        context.ui.data(&format!("{project} has no containers: `stagectl up` starts them"));
    } else {
        context.ui.data(&table(&containers));
    }
    Ok(exit::OK)
}

fn json(container: &Container) -> serde_json::Value {
    serde_json::json!({
        "service": container.service(),
        "container": container.name,
        "id": container.id,
        "image": container.image,
        "state": container.state.status,
        "health": health(container),
        "exit_code": container.state.exit_code,
        "restarts": container.state.restart_count,
        "started_at": container.state.started_at,
        "ports": container.ports,
    })
}

fn health(container: &Container) -> Option<&str> {
    container.state.health.as_ref().map(|health| health.status.as_str())
}

fn table(containers: &[Container]) -> String {
    let header = ["SERVICE", "CONTAINER", "STATE", "HEALTH", "PORTS", "IMAGE"].map(str::to_owned);
    let rows: Vec<[String; 6]> = containers
        .iter()
        .map(|container| {
            let state = match container.state.status.as_str() {
                "exited" => format!("exited ({})", container.state.exit_code),
                state => state.to_owned(),
            };
            let ports: Vec<String> = container
                .ports
                .iter()
                .map(|port| format!("{}:{}->{}", port.address, port.host_port, port.container_port))
                .collect();
            [
                container.service().to_owned(),
                container.name.clone(),
                state,
                health(container).unwrap_or("-").to_owned(),
                if ports.is_empty() { "-".to_owned() } else { ports.join(", ") },
                container.image.clone(),
            ]
        })
        .collect();
    let mut widths = [0; 6];
    for row in std::iter::once(&header).chain(&rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    std::iter::once(&header)
        .chain(&rows)
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            cells.join("  ").trim_end().to_owned() + "\n"
        })
        .collect()
}
