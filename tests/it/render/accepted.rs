//! The tools that read the files accept them: docker compose, nginx, promtool, amtool, psql.

use std::process::Command;
use std::time::Duration;

use super::super::support::{Container, Workspace, docker, engine_or_skip, eventually, image};
use super::{BLUEPRINTS, blueprint};

/// docker compose v2 as a plugin or a program of its own; `None`, said loudly, where there is none.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(super) fn docker_compose() -> Option<Vec<String>> {
    let named = std::env::var("STAGECTL_TEST_COMPOSE").ok().map(|path| vec![path]);
    let candidates =
        [Some(vec!["docker".into(), "compose".into()]), named, Some(vec!["docker-compose".into()])];
    let found = candidates.into_iter().flatten().find(|words| {
        let output = Command::new(&words[0]).args(&words[1..]).args(["version", "--short"]).output();
        output.is_ok_and(|output| output.status.success() && !output.stdout.starts_with(b"1."))
    });
    if found.is_none() {
        assert!(std::env::var_os("STAGECTL_REQUIRE_ENGINE").is_none(), "docker compose is not installed");
        eprintln!("SKIPPED: docker compose is not installed; name it with STAGECTL_TEST_COMPOSE");
    }
    found
}

#[test]
pub(super) fn docker_compose_accepts_every_blueprint_in_an_empty_environment() {
    let Some(compose) = docker_compose() else { return };
    for name in BLUEPRINTS {
        let workspace = blueprint(name, "accepted");
        workspace.stagectl(&["generate"]).expect_code(0);
        let output = Command::new(&compose[0])
            .args(&compose[1..])
            .args(["-f", "docker-compose.staging.yml", "--profile", "*", "config", "--format", "json"])
            .current_dir(workspace.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", workspace.path(""))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{name}: {errors}");
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read["name"], "accepted");
        // What docker compose reads is what stagectl.yml says: the password reaches its service.
        let env = workspace.read(".env.staging");
        let password = env.lines().find_map(|line| line.strip_prefix("REDIS_PASSWORD='"));
        let read_back = read["services"].as_object().unwrap().iter().find_map(|(service, value)| {
            service.starts_with("redis").then(|| value["environment"]["REDIS_PASSWORD"].as_str())?
        });
        assert_eq!(read_back, password.map(|text| text.trim_end_matches('\'')), "{name}");
    }
}

#[test]
pub(super) fn docker_compose_reads_hostile_values_as_they_are() {
    let Some(compose) = docker_compose() else { return };
    let values = [
        "it's",
        "a$b${c}",
        "end\\",
        "\"quoted\"",
        "# no comment",
        "two\nlines $x 'y' \\n",
        " spaces ",
        "\\'",
        "%s",
        "a: b",
    ];
    let mut text =
        "version: 1\nproject: hostile\nservices:\n  a:\n    image: a:1\n    environment:\n".to_owned();
    let mut workspace = Workspace::new();
    for (number, value) in values.iter().enumerate() {
        text.push_str(&format!("      R{number}: '${{OUT{number}}}'\n"));
        workspace = workspace.env(&format!("OUT{number}"), *value);
        let literal = serde_json::to_string(&value.replace('$', "$$")).unwrap();
        text.push_str(&format!("      L{number}: {literal}\n"));
    }
    workspace.write("stagectl.yml", &text);
    workspace.stagectl(&["generate"]).expect_code(0);
    let output = Command::new(&compose[0])
        .args(&compose[1..])
        .args(["-f", "docker-compose.staging.yml", "config", "--format", "json"])
        .current_dir(workspace.path(""))
        .output()
        .unwrap();
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let environment = &read["services"]["a"]["environment"];
    for (number, value) in values.iter().enumerate() {
        for kind in ["R", "L"] {
            // `config` prints a dollar as `$$`, so that its output can be read again.
            let printed = environment[format!("{kind}{number}")].as_str().unwrap().replace("$$", "$");
            assert_eq!(printed, *value, "{kind}{number}");
        }
    }
}

#[test]
fn nginx_accepts_every_blueprint_without_root_and_with_a_closed_file_system() {
    if !engine_or_skip() {
        return;
    }
    for name in BLUEPRINTS {
        let workspace = blueprint(name, "accepted");
        workspace.stagectl(&["generate"]).expect_code(0);
        workspace.stagectl(&["certs"]).expect_code(0);
        let conf = workspace.read("nginx/staging.conf");
        let hosts = conf.lines().filter_map(|line| line.trim().strip_prefix("server ")?.split_once(':'));
        let hosts: Vec<String> = hosts.map(|(host, _)| format!("{host}:127.0.0.1")).collect();
        assert!(!hosts.is_empty(), "{name} has an upstream");
        let mounts = mounts(&workspace);
        let image = image("nginx");
        let mut args = vec!["run", "--rm", "--network=none"];
        args.extend(HARDENED);
        args.extend(hosts.iter().flat_map(|host| ["--add-host", host]));
        args.extend(mounts.iter().flat_map(|mount| ["--volume", mount]));
        args.extend([image.as_str(), "nginx", "-t"]);
        docker(&args);
    }
}

/// What the compose file gives nginx.
pub(super) const HARDENED: [&str; 7] = [
    "--user=101:101",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges:true",
    "--tmpfs=/tmp:size=64m,mode=1777",
    "--tmpfs=/var/cache/nginx:size=64m,mode=1777",
    "--pids-limit=100",
];

pub(super) fn mounts(workspace: &Workspace) -> [String; 3] {
    let mount = |from: &str, to: &str| format!("{}:{to}", workspace.path(from).display());
    [
        mount("nginx/staging.conf", "/etc/nginx/nginx.conf:ro"),
        mount("nginx/ssl-staging", "/etc/nginx/ssl:ro"),
        mount("nginx/logs-staging", "/var/log/nginx"),
    ]
}

#[test]
fn prometheus_and_alertmanager_accept_every_blueprint() {
    if !engine_or_skip() {
        return;
    }
    for name in BLUEPRINTS {
        let workspace = blueprint(name, "accepted");
        // A closed file of another user would hide whether it is right.
        workspace.write(
            "stagectl.local.yml",
            "monitoring:\n  receivers:\n    webhook_url: http://hook.example.com/x?a=1&b='2'\n    email_to: ops@example.com\n    \
             smtp_server: mail.example.com:25\n    slack_channel: '#staging'\n    slack_url: https://hooks.example.com/T/B\n    pagerduty_key: '0123456789abcdef'\n",
        );
        workspace.stagectl(&["generate"]).expect_code(0);
        let folder = |part: &str| {
            format!("{}:/etc/checked:ro", workspace.path(format!("staging-monitoring/{part}")).display())
        };
        let run = |part: &str, tool: &str, args: &[&str]| {
            let (mount, image) = (folder(part), image(part));
            let mut line = vec![
                "run",
                "--rm",
                "--network=none",
                "--user=0:0",
                "--volume",
                &mount,
                "--entrypoint",
                tool,
                &image,
            ];
            line.extend(args);
            docker(&line)
        };
        let rules = run("prometheus", "promtool", &["check", "rules", "/etc/checked/rules.yml"]);
        assert!(rules.contains("rules found") && !rules.contains("duplicate"), "{name}: {rules}");
        let config = workspace.read("staging-monitoring/prometheus/prometheus.yml");
        workspace.write(
            "staging-monitoring/prometheus/checked.yml",
            &config.replace("/etc/prometheus/", "/etc/checked/"),
        );
        run("prometheus", "promtool", &["check", "config", "/etc/checked/checked.yml"]);
        run("alertmanager", "amtool", &["check-config", "/etc/checked/alertmanager.yml"]);
    }
}

#[test]
fn the_alerts_fire_when_they_should_and_not_before() {
    if !engine_or_skip() {
        return;
    }
    let workspace = blueprint("nextjs-postgres", "alerts");
    workspace.stagectl(&["generate"]).expect_code(0);
    workspace.write("staging-monitoring/prometheus/tests.yml", include_str!("../../data/alerts.yml"));
    let mount = format!("{}:/rules:ro", workspace.path("staging-monitoring/prometheus").display());
    let image = image("prometheus");
    docker(&[
        "run",
        "--rm",
        "--network=none",
        "--volume",
        &mount,
        "--entrypoint",
        "promtool",
        &image,
        "test",
        "rules",
        "/rules/tests.yml",
    ]);
}

#[tokio::test]
async fn the_init_script_makes_an_owner_without_power_and_a_monitor_without_sight() {
    if !engine_or_skip() {
        return;
    }
    let workspace = blueprint("nextjs-postgres", "initdb");
    workspace.stagectl(&["generate"]).expect_code(0);
    let mount =
        format!("{}:/docker-entrypoint-initdb.d:ro", workspace.path("staging-data/postgres-init").display());
    let env = format!("{}", workspace.path("staging-data/env/postgres-staging.env").display());
    // `docker run --env-file` keeps quotes; docker compose does not.
    let plain = fs_err::read_to_string(&env).unwrap().replace('\'', "");
    workspace.write("plain.env", &plain);
    let plain = workspace.path("plain.env").display().to_string();
    let image = image("postgres");
    let server = Container::run(&[
        "--network=none",
        "--user=999:999",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges:true",
        "--tmpfs=/tmp:mode=1777",
        "--tmpfs=/var/run/postgresql:mode=1777",
        "--tmpfs=/var/lib/postgresql/data:uid=999,mode=0700",
        "--env-file",
        &plain,
        "--env=POSTGRES_USER=postgres",
        "--env=POSTGRES_DB=staging_db",
        "--env=STAGING_DB_USER=staging_user",
        "--env=STAGING_MONITOR_USER=staging_monitor",
        "--volume",
        &mount,
        &image,
    ]);
    let ask = |user: &str, sql: &str| {
        server.try_exec(&["psql", "-h", "/var/run/postgresql", "-U", user, "-d", "staging_db", "-Atc", sql])
    };
    eventually("PostgreSQL is ready", Duration::from_secs(60), || {
        server.try_exec(&["pg_isready", "--host=127.0.0.1", "--username=staging_user", "--dbname=staging_db"])
    });
    let roles = "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname LIKE 'staging%' ORDER BY 1";
    assert_eq!(ask("postgres", roles).unwrap(), "staging_monitor|f|f|f|t\nstaging_user|f|f|f|t");
    let owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'staging_db'";
    assert_eq!(ask("postgres", owner).unwrap(), "staging_user");
    assert_eq!(
        ask(
            "staging_user",
            "CREATE TABLE t (id int); INSERT INTO t VALUES (1); SELECT count(*) FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE nspname IN ('staging_logs', 'staging_migrations') AND rolname = 'staging_user'"
        )
        .unwrap()
        .lines()
        .last(),
        Some("2")
    );
    assert!(ask("staging_monitor", "SELECT count(*) FROM pg_stat_activity").is_some(), "it reads statistics");
    assert!(ask("staging_monitor", "SELECT * FROM t").is_none(), "it reads no table");
    let password = plain_value(&workspace.read("plain.env"), "STAGING_DB_PASSWORD");
    let log = docker(&["logs", &server.id]);
    assert!(!log.contains(&password), "the log holds the password");
    let processes = docker(&["inspect", "--format", "{{.Config.Cmd}} {{.Args}}", &server.id]);
    assert!(!processes.contains(&password));
}

fn plain_value(env: &str, name: &str) -> String {
    env.lines()
        .find_map(|line| line.strip_prefix(&format!("{name}=")))
        .expect("the variable is in the file")
        .to_owned()
}
