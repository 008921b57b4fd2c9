//! What a copy between two servers leaves behind when it is killed, cut off, kept waiting or forbidden:
//! a staging that is what it was, or entirely new; no session on production; a next run that works.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::copy_apply::RULES;
use crate::copy_between::Servers;
use crate::support::{engine_or_skip, eventually};

const COPY: [&str; 6] = ["copy-data", "--masking", "masking.yml", "--all", "--yes", "--json"];

impl Servers {
    /// Something to lose, and what it looks like.
    async fn filled(&self) -> String {
        self.staging.execute("postgres", "CREATE DATABASE shop").await;
        self.staging.execute("shop", "COMMENT ON DATABASE shop IS 'stagectl: staging'").await;
        self.staging.execute("shop", "CREATE TABLE mine AS SELECT i FROM generate_series(1, 100) i").await;
        self.staging.dump("shop")
    }

    /// Waits until no session of ours is left on production.
    fn production_is_left_alone(&self) {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stagectl'";
        let line = format!("PGPASSWORD=$POSTGRES_PASSWORD psql -h 127.0.0.1 -U postgres -tAc \"{sql}\"");
        eventually("no session is left on production", Duration::from_secs(5), || {
            self.production.container.try_exec(&["sh", "-c", &line]).filter(|count| count == "0")
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_killed_in_any_phase_leaves_staging_whole_and_production_alone() {
    if !engine_or_skip() {
        return;
    }
    let servers = Servers::start().await;
    let before = servers.filled().await;
    let mut phases = 0;
    for nth in 1.. {
        let mut run = servers.workspace.spawn(&COPY);
        let lines = BufReader::new(run.stderr.take().unwrap()).lines().map_while(Result::ok);
        let reached = lines.filter(|line| line.contains(r#""event":"phase""#)).nth(nth - 1);
        let killed = reached.is_some() && run.try_wait().unwrap().is_none();
        run.kill().expect("kill -9");
        run.wait().expect("its end");
        servers.production_is_left_alone();
        let kept = servers.databases().await.iter().any(|name| name.contains("__old_"));
        if kept {
            assert!(servers.staging.dump("shop").contains("CREATE TABLE public.\"User\""), "entirely new");
            phases = nth;
            break;
        }
        assert!(killed, "a run that ends by itself has swapped");
        assert_eq!(servers.staging.dump("shop"), before, "phase {nth}: {reached:?}");
    }
    assert!(phases > 5, "the run was killed in {phases} phases");
    servers.workspace.stagectl(&COPY).expect_code(0);
    let databases = servers.databases().await;
    assert!(databases.len() == 2 && databases[1].contains("__old_"), "{databases:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_on_production_is_not_waited_for_for_ever_and_a_killed_run_does_not_wait_on() {
    if !engine_or_skip() {
        return;
    }
    let servers = Servers::start().await;
    let before = servers.filled().await;
    let holder = servers.production.session("shop").await;
    holder.batch_execute("SET application_name = 'holder'; BEGIN; LOCK TABLE \"Order\"").await.unwrap();
    let outcome = servers.workspace.stagectl(&COPY).expect_code(4);
    assert!(outcome.stderr.contains("holds a lock"), "{}", outcome.stderr);
    assert_eq!(servers.staging.dump("shop"), before);

    let mut run = servers.workspace.spawn(&COPY);
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stagectl' AND wait_event_type = 'Lock'";
    let line = format!("PGPASSWORD=$POSTGRES_PASSWORD psql -h 127.0.0.1 -U postgres -tAc \"{waiting}\"");
    eventually("the run waits for the lock", Duration::from_secs(30), || {
        servers.production.container.try_exec(&["sh", "-c", &line]).filter(|count| count != "0")
    });
    run.kill().expect("kill -9");
    run.wait().expect("its end");
    servers.production_is_left_alone();
    holder.batch_execute("ROLLBACK").await.unwrap();
    servers.workspace.stagectl(&COPY).expect_code(0);
}

/// Forwards to a server, and cuts every connection after so many bytes of its answers.
fn cutting_proxy(server: u16, after: u64) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = listener.local_addr().expect("a socket").port();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(upstream) = TcpStream::connect(("127.0.0.1", server)) else { continue };
            let (mut from_client, mut to_server) =
                (client.try_clone().expect("a socket"), upstream.try_clone().expect("a socket"));
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut from_client, &mut to_server);
                let _ = to_server.shutdown(std::net::Shutdown::Both);
            });
            std::thread::spawn(move || {
                let mut answers = std::io::Read::take(&upstream, after);
                let _ = std::io::copy(&mut answers, &mut &client);
                let _ = client.shutdown(std::net::Shutdown::Both);
                let _ = upstream.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_anywhere_leaves_staging_as_it_was() {
    if !engine_or_skip() {
        return;
    }
    let servers = Servers::start().await;
    let before = servers.filled().await;
    for after in [300, 3_000, 12_000, 20_000] {
        let port = cutting_proxy(servers.production.port, after);
        let from = format!("postgresql://postgres:{}@127.0.0.1:{port}/shop", servers.production.password());
        let outcome = servers.workspace.stagectl(&[&COPY[..], &["--from", &from]].concat());
        assert!([4, 6].contains(&outcome.code), "production, {after} bytes: {outcome:#?}");
        servers.production_is_left_alone();
        assert_eq!(servers.staging.dump("shop"), before, "production, {after} bytes");
    }
    for after in [300, 900, 1_500] {
        let port = cutting_proxy(servers.staging.port, after);
        let to = format!("postgresql://postgres:{}@127.0.0.1:{port}/shop", servers.staging.password());
        let outcome = servers.workspace.stagectl(&[&COPY[..], &["--to", &to]].concat());
        assert!([4, 6].contains(&outcome.code), "staging, {after} bytes: {outcome:#?}");
        servers.production_is_left_alone();
        assert_eq!(servers.staging.dump("shop"), before, "staging, {after} bytes");
    }
    servers.workspace.stagectl(&COPY).expect_code(0);
    assert_eq!(servers.databases().await.len(), 2, "what the cut runs had made is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fails_half_way_and_a_role_without_rights_change_nothing() {
    if !engine_or_skip() {
        return;
    }
    let servers = Servers::start().await;
    let before = servers.filled().await;
    let failing = RULES.replace("{page: {keep: a path}}", "{page: {keep: a path}, at: {constant: soon}}");
    servers.workspace.write("masking.yml", &format!("tables:{failing}"));
    let outcome = servers.workspace.stagectl(&COPY);
    assert!([3, 5, 6].contains(&outcome.code), "{outcome:#?}");
    assert!(outcome.stderr.contains("Visit"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("mail.example"), "{}", outcome.stderr);
    servers.production_is_left_alone();
    assert_eq!(servers.staging.dump("shop"), before);
    assert_eq!(servers.databases().await, ["shop"]);
    servers.workspace.write("masking.yml", &format!("tables:{RULES}"));

    // Owner of the database, and no more.
    servers.staging.execute("postgres", "CREATE ROLE plain LOGIN PASSWORD 'plain-password'").await;
    servers
        .staging
        .execute("shop", "ALTER DATABASE shop OWNER TO plain; ALTER TABLE mine OWNER TO plain")
        .await;
    let before = servers.staging.dump("shop");
    let to = format!("postgresql://plain:plain-password@127.0.0.1:{}/shop", servers.staging.port);
    let outcome = servers.workspace.stagectl(&[&COPY[..], &["--to", &to]].concat()).expect_code(4);
    assert!(outcome.stderr.contains("CREATEDB"), "{}", outcome.stderr);
    assert_eq!(servers.staging.dump("shop"), before);

    // With the right to create databases it works, and no superuser is needed.
    servers.staging.execute("postgres", "ALTER ROLE plain CREATEDB").await;
    let reader = "CREATE ROLE reader LOGIN PASSWORD 'reader-password' IN ROLE pg_read_all_data";
    servers.production.execute("postgres", reader).await;
    let from = format!("postgresql://reader:reader-password@127.0.0.1:{}/shop", servers.production.port);
    let counters = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables";
    let written = servers.production.texts("shop", counters).await;
    servers.workspace.stagectl(&[&COPY[..], &["--to", &to, "--from", &from]].concat()).expect_code(0);
    assert_eq!(servers.here(r#"SELECT count(*) FROM "User""#).await, ["40"]);
    assert_eq!(servers.production.texts("shop", counters).await, written, "production was only read");
}
