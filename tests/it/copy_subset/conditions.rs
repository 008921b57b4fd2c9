//! Where a subset starts, and references that no key declares.

use std::collections::BTreeMap;

use stagectl::config::data::{Copy, Reference};
use stagectl::data::subset;
use stagectl::postgres::connect_url_read_only;

use super::brute_force::{brute_force, chosen};
use super::{BEGIN, select};
use crate::support::{Postgres, engine_or_skip};

#[tokio::test(flavor = "multi_thread")]
async fn rows_start_from_conditions_and_references_that_no_key_declares_are_followed() {
    if !engine_or_skip() {
        return;
    }
    let server = Postgres::start();
    server
        .execute(
            "postgres",
            "CREATE TABLE \"User\" (id bigint PRIMARY KEY, email text);
             CREATE TABLE post (id uuid PRIMARY KEY, author bigint NOT NULL REFERENCES \"User\");
             CREATE TABLE photo (id bigint PRIMARY KEY);
             CREATE TABLE comment (id int PRIMARY KEY, on_type text NOT NULL, on_id text NOT NULL);
             CREATE TABLE event (at timestamptz NOT NULL, data jsonb);
             INSERT INTO \"User\" SELECT i, i || '@mail.example' FROM generate_series(1, 50) i;
             INSERT INTO post SELECT ('00000000-0000-0000-0000-' || lpad(i::text, 12, '0'))::uuid, i FROM generate_series(1, 50) i;
             INSERT INTO photo SELECT i FROM generate_series(1, 20) i;
             INSERT INTO comment SELECT i, 'Post', '00000000-0000-0000-0000-' || lpad(i::text, 12, '0') FROM generate_series(1, 50) i;
             INSERT INTO comment SELECT 50 + i, 'Photo', CASE WHEN i = 7 THEN 'nothing' ELSE i::text END FROM generate_series(1, 20) i;
             INSERT INTO event SELECT timestamptz '2026-01-01' + i * interval '1 day', jsonb_build_object('userId', i % 50)
               FROM generate_series(1, 200) i;
             INSERT INTO event VALUES ('2026-01-01', '{\"userId\": \"nobody\"}'), ('2026-01-01', NULL)",
        )
        .await;
    let reference = |from: &str, to: &str, when: Option<&str>| Reference {
        from: from.into(),
        to: to.into(),
        when: when.map(Into::into),
        policy: None,
    };
    let mut copy = Copy {
        predicates: BTreeMap::from([
            ("User".into(), "id IN (3, 4)".into()),
            ("comment".into(), "id BETWEEN 56 AND 58".into()),
        ]),
        references: vec![
            reference("comment.on_id", "post.id", Some("on_type = 'Post'")),
            reference("comment.on_id", "photo.id", Some("on_type = 'Photo'")),
            reference("event.data->>'userId'", "User.id", None),
        ],
        caps: BTreeMap::from([("event".into(), 3)]),
        ..Copy::default()
    };
    let (catalog, selected) = select(&server, "postgres", &copy, None).await;
    let count = |name: &str| {
        let table =
            catalog.tables.iter().find(|table| table.name.name == name).expect("what the test has made");
        selected.subset.get(&table.name).and_then(|s| s.rows.len()).unwrap_or_default()
    };
    // Two users with a post each, the comments on these, and the photos that the three comments need.
    assert_eq!([count("User"), count("post")], [2, 2]);
    assert_eq!([count("comment"), count("photo")], [3, 2], "{:#?}", selected.keys);
    assert_eq!(count("event"), 6, "the latest three of each user");
    assert_eq!(chosen(&selected), brute_force(&server, "postgres", &catalog, &selected).await);

    // From the users alone, the comments on their posts come down.
    copy.predicates.remove("comment");
    let (catalog, selected) = select(&server, "postgres", &copy, None).await;
    let comments = &catalog
        .tables
        .iter()
        .find(|table| table.name.name == "comment")
        .expect("what the test has made")
        .name;
    assert_eq!(selected.subset[comments].rows.len(), Some(2));

    let session = connect_url_read_only(&format!("{}?sslmode=disable", server.url("postgres")))
        .await
        .expect("what the test has made");
    for (condition, words) in
        [("no_column = 1", "no_column"), ("id = ", "syntax error"), ("email::int = 1", "22P02")]
    {
        copy.predicates = BTreeMap::from([("User".into(), condition.into())]);
        session.batch_execute(BEGIN).await.expect("what the test has made");
        let error = subset::select(&session, &catalog, &copy, None).await.unwrap_err().to_string();
        session.batch_execute("ROLLBACK").await.expect("what the test has made");
        assert!(error.contains("`where` of `User`") && error.contains(words), "{error}");
        assert!(!error.contains("mail.example"), "{error}");
    }
}
