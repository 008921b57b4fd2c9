//! `setup` of the first blueprint, from an empty folder to a healthy twin; then what a person
//! does with it: psql, reset, a change, a lost certificate.

use std::time::Duration;

use super::support::{Stack, Workspace, docker, engine_or_skip, eventually, free_port};

const BLUEPRINT: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/compose/blueprints/nextjs-postgres/stagectl.yml"));

/// The images of this machine in place of the official ones.
const LOCAL: &str = "\
images:
  '1001-stories/app:1.0.0': stagectl-local/sample-app:1.0.0
  'postgres:15.8': stagectl-local/postgres:15
  'redis:7.2': stagectl-local/redis:7
  'nginx:1.26': stagectl-local/nginx:1.22
proxy: {nginx_version: '1.22'}
";

struct Ports {
    https: u16,
    database: u16,
}

/// The blueprint with names and ports of its own.
fn twin(subject: &str) -> (Stack, Ports) {
    let project = format!("stest-{subject}-{}", std::process::id());
    let (https, http, database) = (free_port(), free_port(), free_port());
    let mut text = BLUEPRINT
        .replace("project: 1001-stories-staging", &format!("project: {project}"))
        .replace("container_name: 1001-stories-", &format!("container_name: {project}-"))
        .replace("{name: ", &format!("{{name: {project}_"));
    for (from, to) in [
        ("8080:8443", format!("{https}:8443")),
        ("8081:8080", format!("{http}:8080")),
        ("3001:3000", format!("{}:3000", free_port())),
        ("5434:5432", format!("{database}:5432")),
        ("6380:6379", format!("{}:6379", free_port())),
        ("https_port: 8080", format!("https_port: {https}")),
        ("http_port: 8081", format!("http_port: {http}")),
    ] {
        assert!(text.contains(from), "the blueprint has no {from}");
        text = text.replace(from, &to);
    }
    let workspace = Workspace::with_config(&text);
    workspace.write("stagectl.local.yml", LOCAL);
    (Stack::over(workspace, project), Ports { https, database })
}

fn get(port: u16, path: &str) -> Option<String> {
    let url = format!("https://localhost:{port}{path}");
    let output = std::process::Command::new("curl").args(["-skf", &url]).output().expect("run curl");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn setup_goes_from_nothing_to_a_healthy_twin_and_then_has_nothing_to_do() {
    if !engine_or_skip() {
        return;
    }
    let (stack, ports) = twin("setup");
    let plan = stack.stagectl(&["setup", "--dry-run"]).expect_code(0).stdout;
    for part in ["Files\n", "Certificates\n", "Containers\n", "create container", ".env.staging"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert!(!stack.workspace.path(".env.staging").exists() && stack.containers().is_empty());

    let report = stack.stagectl(&["setup", "--json"]).expect_code(0).json();
    assert_eq!((&report["verdict"], &report["changed"]), (&"ready".into(), &true.into()), "{report:#}");
    assert_eq!(report["database"].as_array().map(Vec::len), Some(3), "{report:#}");
    assert!(report["addresses"].to_string().contains(&format!("https://localhost:{}", ports.https)));
    assert!(get(ports.https, "/api/health").expect("an answer").contains("ok"));

    let before = stack.containers();
    let again = stack.stagectl(&["setup"]).expect_code(0);
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
    assert_eq!(stack.containers(), before);
    assert!(!stack.workspace.files("staging-backups", "setup-report-").is_empty());

    // Secrets are in no report and in no argument list.
    let secrets = stack.workspace.read(".env.staging");
    let password = secrets.lines().find_map(|l| l.strip_prefix("STAGING_DB_PASSWORD='")).expect("a password");
    let password = password.trim_end_matches('\'');
    assert!(!report.to_string().contains(password));
    for (_, id, _) in &before {
        let arguments = docker(&["inspect", "--format", "{{.Path}} {{.Args}}", id]);
        assert!(!arguments.contains(password), "{arguments}");
    }
}

#[test]
fn the_database_can_be_asked_and_reset_and_the_application_replaced() {
    if !engine_or_skip() {
        return;
    }
    let (stack, ports) = twin("reset");
    stack.stagectl(&["setup"]).expect_code(0);
    let psql = |sql: &str| stack.stagectl(&["psql", "-Atc", sql]).expect_code(0).stdout.trim().to_owned();
    assert_eq!(psql("SELECT current_user || '@' || current_database()"), "staging_user@staging_db");
    assert_eq!(stack.stagectl(&["psql", "--admin", "-Atc", "SELECT current_user"]).stdout, "postgres\n");
    assert_eq!(psql("SELECT count(*) FROM staging_logs.init_log WHERE event = 'setup'"), "1");
    stack.stagectl(&["psql", "-c", "SELECT nonsense"]).expect_code(1);

    psql("CREATE TABLE precious (x int)");
    stack.stagectl(&["reset"]).expect_code(5);
    assert_eq!(psql("SELECT to_regclass('precious')"), "precious");
    let grants = "SELECT datacl::text FROM pg_database WHERE datname = 'staging_db'";
    let before = psql(grants);
    stack.stagectl(&["reset", "--yes"]).expect_code(0);
    assert_eq!(psql("SELECT to_regclass('precious')"), "");
    assert_eq!(psql("SELECT event FROM staging_logs.init_log"), "reset");
    assert_eq!(psql(grants), before, "other roles may connect than before");
    let _ = ports.database;

    // A changed application is replaced, and the proxy finds the new one.
    let config = stack
        .workspace
        .read("stagectl.yml")
        .replace("ROLE_MIGRATION_MODE: true", "ROLE_MIGRATION_MODE: false");
    stack.workspace.write("stagectl.yml", &config);
    let report = stack.stagectl(&["setup", "--json"]).expect_code(0).json();
    assert!(report["containers"].to_string().contains("its configuration changed"), "{report:#}");
    eventually("the proxy finds the new application", Duration::from_secs(5), || {
        get(ports.https, "/api/health")
    });

    // A certificate that was lost is made anew, and the running proxy shows it.
    fs_err::remove_file(stack.workspace.path("nginx/ssl-staging/staging.crt"))
        .expect("remove the certificate");
    let report = stack.stagectl(&["setup", "--json"]).expect_code(0).json();
    assert_ne!(report["certificates"], serde_json::json!([]), "{report:#}");
    let shown = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!(
            "openssl s_client -servername localhost -connect localhost:{} </dev/null 2>/dev/null | openssl x509 -noout -serial",
            ports.https
        ))
        .output()
        .expect("run openssl");
    let file = std::process::Command::new("openssl")
        .args(["x509", "-noout", "-serial", "-in", "nginx/ssl-staging/staging.crt"])
        .current_dir(stack.workspace.path(""))
        .output()
        .expect("run openssl");
    assert!(!file.stdout.is_empty());
    assert_eq!(shown.stdout, file.stdout);
}
