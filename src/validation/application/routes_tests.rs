//! Planted faults for the verdicts, one at a time.

use super::*;
use crate::http::Timings;
use crate::report::Status;

fn answer(status: u16, media: &str, body: &str) -> Response {
    let headers = vec![("content-type".to_owned(), media.to_owned())];
    Response { status, headers, body: body.into(), ..Response::default() }
}

#[test]
fn health_is_200_ok_and_in_time() {
    let judge = |answer: &Response| judge_health(answer).status;
    let good = answer(200, "application/json", r#"{"status":"ok"}"#);
    assert_eq!(judge(&good), Status::Pass);
    assert_eq!(judge(&answer(200, "application/json", r#"{"status":"degraded"}"#)), Status::Fail);
    assert_eq!(judge(&answer(503, "application/json", r#"{"status":"ok"}"#)), Status::Fail);
    assert_eq!(judge(&answer(200, "text/html", "<p>hello")), Status::Fail);
    let late = Timings { total: Duration::from_secs(3), ..Timings::default() };
    assert_eq!(judge(&Response { timings: late, ..good }), Status::Fail);
}

#[test]
fn a_route_must_have_its_status_and_be_json() {
    let route = ApiRoute { path: "/api/x".into(), method: "GET".into(), status: 200 };
    let judge = |answer| judge_routes(&[(&route, answer)]).status;
    assert_eq!(judge(Ok(answer(200, "application/json", "[]").into())), Status::Pass);
    assert_eq!(judge(Ok(answer(200, "application/problem+json; charset=utf-8", "{}").into())), Status::Pass);
    assert_eq!(judge(Ok(answer(404, "application/json", "{}").into())), Status::Fail);
    assert_eq!(judge(Ok(answer(200, "text/html", "{}").into())), Status::Fail);
    assert_eq!(judge(Ok(answer(200, "application/json", "<p>").into())), Status::Fail);
    assert_eq!(judge(Err("connection refused".into())), Status::Fail);
    assert_eq!(judge_routes(&[]).status, Status::Error);
}

#[test]
fn an_unknown_route_is_not_the_shell_of_an_application() {
    assert_eq!(judge_unknown(&answer(404, "application/json", "{}"), "/api/x").status, Status::Pass);
    assert_eq!(judge_unknown(&answer(200, "text/html", "<p>"), "/api/x").status, Status::Fail);
    assert_eq!(judge_unknown(&answer(404, "text/html", "<p>"), "/api/x").status, Status::Fail);
}

#[test]
fn a_file_of_the_page_must_load_fit_and_be_cacheable() {
    let file = |status, media: &str, cache: &str| {
        let mut file = answer(status, media, "");
        file.headers.push(("cache-control".to_owned(), cache.to_owned()));
        Ok(Arc::new(file))
    };
    let page = answer(200, "text/html; charset=utf-8", "");
    let judge = |answer| judge_page(&page, &[("/static/a.css?v=1".to_owned(), answer)]).status;
    assert_eq!(judge(file(200, "text/css", "public, max-age=31536000, immutable")), Status::Pass);
    assert_eq!(judge(file(404, "text/css", "max-age=3600")), Status::Fail);
    assert_eq!(judge(file(200, "text/html", "max-age=3600")), Status::Fail);
    assert_eq!(judge(file(200, "text/css", "no-cache")), Status::Fail);
    assert_eq!(judge_page(&answer(200, "application/json", ""), &[]).status, Status::Fail);
}

#[test]
fn a_server_error_fails_and_no_request_proves_nothing() {
    assert_eq!(judge_errors(9, &BTreeMap::new()).status, Status::Pass);
    assert_eq!(judge_errors(9, &BTreeMap::from([("GET /x".to_owned(), 500)])).status, Status::Fail);
    assert_eq!(judge_errors(0, &BTreeMap::new()).status, Status::Error);
}
