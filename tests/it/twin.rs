//! Twins of a running production stack: two beside it and beside each other, nothing shared, production untouched.

use super::support::{Stack, Workspace, compose_or_skip, docker, engine_or_skip, free_port, image};

/// `WEB` is a host port, `NGINX_IMAGE` and the like are images.
const PRODUCTION: &str = include_str!("../data/twin/production.yml");

fn production(subject: &str) -> Stack {
    let text = ["nginx", "postgres", "redis"]
        .iter()
        .fold(PRODUCTION.to_owned(), |text, part| {
            text.replace(&format!("{}_IMAGE", part.to_uppercase()), &image(part))
        })
        .replace("WEB", &free_port().to_string());
    let stack = Stack::new(&format!("shop-{subject}"), &text);
    stack.workspace.write(".env", "DB_PASSWORD=pr0duct1on-pw\n");
    stack.workspace.write("site.conf", "server { listen 80; location / { return 200 'shop'; } }\n");
    stack.workspace.write("uploads/of-a-customer.txt", "a real person's file\n");
    stack
}

fn twin(of: &Stack, name: &str) -> Stack {
    let project = format!("{}-{name}", of.project);
    let twin = Stack::over(Workspace::new(), project.clone());
    let from = of.workspace.path("docker-compose.staging.yml").display().to_string();
    twin.stagectl(&["init", "--from", &from, "--name", &project, "--json"]).expect_code(0);
    twin
}

/// Ids, start times and restarts of the project's containers.
fn lives(stack: &Stack) -> Vec<String> {
    let ids = docker(&["ps", "-aq", "--no-trunc", "--filter", &stack.label()]);
    let mut lives: Vec<String> = ids
        .lines()
        .map(|id| {
            docker(&[
                "inspect",
                "--format",
                "{{.Id}} {{.State.StartedAt}} {{.State.Status}} {{.RestartCount}}",
                id,
            ])
        })
        .collect();
    lives.sort();
    lives
}

fn status(twin: &Stack, id: &str) -> String {
    let report = twin.stagectl(&["validate", "--only", id, "--json"]).json();
    format!(
        "{}: {}",
        report["results"][0]["status"].as_str().unwrap_or_default(),
        report["results"][0]["found"]
    )
}

#[test]
fn two_twins_run_beside_production_share_nothing_and_leave_it_untouched() {
    if !engine_or_skip() || !compose_or_skip() {
        return;
    }
    let production = production("beside");
    production.compose(&["up", "--detach"]);
    let before = lives(&production);
    assert_eq!(before.len(), 3);

    let first = twin(&production, "a");
    first.stagectl(&["setup"]).expect_code(0);
    // Derived when the first one holds its ports: it takes others.
    let second = twin(&production, "b");
    second.stagectl(&["setup"]).expect_code(0);
    for twin in [&first, &second] {
        assert_eq!(twin.containers().len(), 3);
        for id in ["INF-018", "INF-019"] {
            assert!(status(twin, id).starts_with("pass"), "{}", status(twin, id));
        }
        assert!(twin.stagectl(&["setup"]).expect_code(0).stdout.contains("nothing to do"));
        let running = twin.containers();
        twin.compose(&["up", "--detach"]);
        assert_eq!(twin.containers(), running, "docker compose has nothing to change");
        let files = twin.workspace.path("staging-data/mounts/uploads");
        assert_eq!(
            fs_err::read_dir(&files).expect("its own folder").count(),
            0,
            "no file of production is there"
        );
        let environment = twin.stagectl(&["exec", "db", "env"]).expect_code(0).stdout;
        assert!(environment.contains("POSTGRES_PASSWORD=") && !environment.contains("pr0duct1on"));
    }
    assert_eq!(lives(&production), before, "same containers, started once, never restarted");

    // A container that somebody puts into production's network is found, and let go again.
    let web =
        docker(&["ps", "-q", "--filter", &first.label(), "--filter", "label=com.docker.compose.service=web"]);
    let network = format!("{}_back", production.project);
    docker(&["network", "connect", &network, &web]);
    assert!(status(&first, "INF-018").starts_with("fail"), "{}", status(&first, "INF-018"));
    docker(&["network", "disconnect", &network, &web]);
    assert!(status(&first, "INF-018").starts_with("pass"));

    first.stagectl(&["down", "--volumes", "--yes"]).expect_code(0);
    assert_eq!(second.containers().len(), 3);
    assert_eq!(lives(&production), before);
}

#[test]
fn a_twin_that_was_edited_to_touch_production_is_not_started() {
    let production = production("edited");
    let twin = twin(&production, "edited");
    let file = "docker-compose.twin.yml";
    let text = twin.workspace.read(file);
    let volume = format!("name: {}_uploads\n", production.project);
    twin.workspace.write(file, &text.replace("  pg: {}\n", &format!("  pg: {{{}}}\n", volume.trim())));
    production.workspace.write(
        "docker-compose.staging.yml",
        &production
            .workspace
            .read("docker-compose.staging.yml")
            .replace("pg: {}", &format!("pg: {{{}}}", volume.trim())),
    );
    let refused = twin.stagectl(&["setup", "--dry-run"]).expect_code(5);
    assert!(refused.stderr.contains("_uploads"), "{}", refused.stderr);
    assert!(twin.containers().is_empty());
}

#[test]
fn a_dry_run_writes_nothing_and_an_existing_twin_is_kept_without_force() {
    let production = production("dry");
    let from = production.workspace.path("docker-compose.staging.yml").display().to_string();
    let folder = Workspace::new();
    let plan = folder.stagectl(&["init", "--from", &from, "--dry-run"]).expect_code(0).stdout;
    assert!(plan.contains("isolation:") && plan.contains("nothing is written"), "{plan}");
    assert!(!plan.contains("pr0duct1on") && !plan.contains("sk_live_"), "{plan}");
    assert!(folder.files("", "").is_empty(), "{:?}", folder.files("", ""));

    let document = folder.stagectl(&["init", "--from", &from, "--json"]).expect_code(0).json();
    assert_eq!((&document["applied"], &document["shared"]), (&true.into(), &serde_json::json!([])));
    let refused = folder.stagectl(&["init", "--from", &from]).expect_code(5);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    folder.stagectl(&["init", "--from", &from, "--force"]).expect_code(0);
    assert!(folder.path("stagectl.yml.previous").exists());
}
