//! The bill run, invoices, customers, books and the trial page's figures, over HTTP.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::api::{Api, BOOK, event};

/// Three events of acme in November by Shanghai's calendar, two of them at its edges, and one in December.
async fn november(api: &Api) {
    let events = json!([
        event("first", "acme", "2026-10-31T16:00:00Z"),
        event("middle", "acme", "2026-11-15T00:00:00Z"),
        event("last", "acme", "2026-11-30T15:59:59.999999Z"),
        event("next", "acme", "2026-11-30T16:00:00Z"),
    ]);
    assert_eq!(api.events(&events).await.status, StatusCode::OK);
}

async fn bill(api: &Api, month: &str) -> Value {
    let reply = api.post("/v1/bill-runs", json!({ "month": month }).to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn a_month_is_billed_once_and_the_edges_belong_to_one_month() {
    let api = Api::new().await;
    november(&api).await;
    assert_eq!(bill(&api, "2026-11").await["issued"], 1);
    let first = api.get("/v1/invoices/1").await;
    // 3 calls, 1 included: 2 × 0.50 = 1.00. 3 × 1,000 bytes at 1 per 1,000 = 3.00. Together 4.00.
    assert_eq!(first.json()["invoice"]["bill"]["total"], "4.00");
    let again = bill(&api, "2026-11").await;
    assert_eq!((again["issued"].as_u64(), again["already_issued"].as_u64()), (Some(0), Some(1)));
    let same = api.get("/v1/invoices/INV-00000001").await;
    assert_eq!((same.bytes, &same.headers["digest-of-issue"]), (first.bytes, &first.headers["digest-of-issue"]));
    assert_eq!(api.get("/v1/invoices?month=2026-11").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_month_that_goes_on_is_not_billed() {
    let api = Api::new().await;
    let reply = api.post("/v1/bill-runs", r#"{"month":"2026-12"}"#).await;
    assert_eq!(
        (reply.status, reply.json()["type"].as_str()),
        (StatusCode::CONFLICT, Some("urn:ratecard:problem:month-not-ended"))
    );
}

#[tokio::test]
async fn who_cannot_be_priced_is_reported_and_costs_no_number() {
    let api = Api::new().await;
    let mut credit = event("minus", "aaa", "2026-11-15T00:00:00Z");
    credit["data"]["bytes"] = json!("-5000");
    api.events(&credit).await;
    november(&api).await;
    let run = bill(&api, "2026-11").await;
    assert_eq!((run["issued"].as_u64(), run["unbilled"][0]["customer"].as_str()), (Some(1), Some("aaa")));
    assert!(run["unbilled"][0]["reason"].as_str().unwrap().contains("-5000"));
    assert_eq!(api.get("/v1/invoices/1").await.json()["invoice"]["customer"], "acme", "number 1 was not used up");
}

#[tokio::test]
async fn usage_without_any_plan_is_reported() {
    let api = Api::empty().await;
    let book = BOOK.replace("default_plan = \"basic\"", "");
    assert_eq!(api.post("/v1/books", book).await.status, StatusCode::CREATED);
    november(&api).await;
    let run = bill(&api, "2026-11").await;
    assert_eq!(run["issued"], 0);
    assert!(run["unbilled"][0]["reason"].as_str().unwrap().contains("is on no plan"), "{run}");
}

#[tokio::test]
async fn two_books_with_a_default_plan_are_both_named() {
    let api = Api::new().await;
    api.post("/v1/books", BOOK.replace("id = \"shop\"", "id = \"other\"")).await;
    november(&api).await;
    let run = bill(&api, "2026-11").await;
    assert!(run["unbilled"][0]["reason"].as_str().unwrap().contains("other, shop"), "{run}");
}

#[tokio::test]
async fn an_assigned_plan_is_billed_without_usage_from_its_first_month_on() {
    let api = Api::new().await;
    let body = json!({ "name": "示例公司", "assignment": { "book": "shop", "plan": "secret", "since": "2026-11" } });
    assert_eq!(api.put("/v1/customers/idle", body).await.status, StatusCode::OK);
    assert_eq!(bill(&api, "2026-10").await["nothing_to_bill"], 1);
    assert_eq!(bill(&api, "2026-11").await["issued"], 1);
    let invoice = api.get("/v1/invoices/1").await.json()["invoice"].clone();
    assert_eq!(
        (invoice["customer_name"].as_str(), invoice["bill"]["total"].as_str()),
        (Some("示例公司"), Some("7.00"))
    );
}

#[tokio::test]
async fn the_version_in_force_at_the_months_start_prices_it() {
    let api = Api::new().await;
    let newer =
        BOOK.replace("version = \"1\"", "version = \"2\"").replace("2026-01-01", "2026-12-01").replace("0.50", "9");
    assert_eq!(api.post("/v1/books", newer).await.status, StatusCode::CREATED);
    november(&api).await;
    bill(&api, "2026-11").await;
    assert_eq!(api.get("/v1/invoices/1").await.json()["invoice"]["bill"]["book"]["version"], "1");
    assert_eq!(api.get("/books/index.json").await.json()["books"][0]["version"], "2", "prospects see what is in force");
}

#[tokio::test]
async fn a_month_before_the_first_version_is_not_billed() {
    let api = Api::new().await;
    api.events(&event("old", "acme", "2025-12-15T00:00:00Z")).await;
    let run = bill(&api, "2025-12").await;
    assert!(run["unbilled"][0]["reason"].as_str().unwrap().contains("2026-01-01"), "{run}");
}

#[tokio::test]
async fn a_published_version_never_changes() {
    let api = Api::new().await;
    assert_eq!(api.post("/v1/books", BOOK).await.status, StatusCode::OK, "the same again is a success");
    assert_eq!(api.post("/v1/books", format!("# a comment\n{BOOK}")).await.status, StatusCode::OK);
    let changed = api.post("/v1/books", BOOK.replace("0.50", "0.60")).await;
    assert_eq!(
        (changed.status, changed.json()["type"].as_str()),
        (StatusCode::CONFLICT, Some("urn:ratecard:problem:book-version-taken"))
    );
    let same_day = api.post("/v1/books", BOOK.replace("version = \"1\"", "version = \"2\"")).await;
    assert_eq!(same_day.json()["type"], "urn:ratecard:problem:effective-day-taken");
    assert_eq!(api.get("/v1/books").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_version_for_a_billed_month_or_in_another_zone_is_a_conflict() {
    let api = Api::new().await;
    november(&api).await;
    bill(&api, "2026-11").await;
    let second = BOOK.replace("version = \"1\"", "version = \"2\"").replace("2026-01-01", "2026-11-01");
    let moved = second.replace("2026-11-01", "2026-12-01").replace("Asia/Shanghai", "UTC");
    for (book, code) in [(second, "month-billed"), (moved, "zone-changed")] {
        let reply = api.post("/v1/books", book).await;
        assert_eq!(reply.status, StatusCode::CONFLICT);
        assert_eq!(reply.json()["type"], format!("urn:ratecard:problem:{code}"));
    }
}

#[tokio::test]
async fn another_plan_from_a_later_month_on_is_refused_and_says_what_to_do() {
    let api = Api::new().await;
    let put = |plan: &str, since: &str| {
        let body = json!({ "assignment": { "book": "shop", "plan": plan, "since": since } });
        api.put("/v1/customers/acme", body)
    };
    assert_eq!(put("basic", "2026-12").await.status, StatusCode::OK);
    let reply = put("secret", "2027-01").await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert_eq!(reply.json()["type"], "urn:ratecard:problem:plan-not-begun");
    assert!(reply.json()["detail"].as_str().unwrap().contains("Assign it when 2027-01 has begun"));
    assert_eq!(put("basic", "2027-01").await.status, StatusCode::OK, "the same plan may begin later");
    assert_eq!(put("secret", "2026-12").await.status, StatusCode::OK);
}

#[tokio::test]
async fn all_mistakes_of_a_book_are_told_at_once() {
    let api = Api::empty().await;
    let broken =
        BOOK.replace("\"CNY\"", "\"RMB\"").replace("\"Asia/Shanghai\"", "\"Shanghai\"").replace("half_up", "up_half");
    let reply = api.post("/v1/books", broken).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let problems = reply.json()["problems"].as_array().unwrap().clone();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(problems.iter().all(|problem| problem["line"].is_u64() && problem["message"]["zh"].is_string()));
}

#[tokio::test]
async fn a_plan_that_is_not_there_cannot_be_assigned() {
    let api = Api::new().await;
    for (book, plan, code) in [("shop", "gold", "unknown-plan"), ("shed", "basic", "unknown-book")] {
        let reply = api.put("/v1/customers/acme", json!({ "assignment": { "book": book, "plan": plan } })).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(reply.json()["type"], format!("urn:ratecard:problem:{code}"));
    }
}

#[tokio::test]
async fn a_link_shows_one_customers_figures_and_no_private_plan() {
    let api = Api::new().await;
    november(&api).await;
    let made = api.post("/v1/customers/acme/links", "").await;
    assert_eq!(made.status, StatusCode::CREATED);
    let token = format!("Bearer {}", made.json()["token"].as_str().unwrap());
    let trial = api.send("GET", "/v1/trial", &[("authorization", &token)], "").await;
    assert_eq!(trial.status, StatusCode::OK);
    let answer = trial.json();
    assert_eq!((answer["customer"].as_str(), answer["month"].as_str()), (Some("acme"), Some("2026-12")));
    assert_eq!((answer["plan"].as_str(), answer["usage"][0]["quantity"].as_str()), (Some("basic"), Some("1")));
    assert!(!trial.text().contains("secret") && !trial.text().contains("内部版"));
    let view = engine::catalog::BookView::from_value(&answer["book"]).unwrap();
    assert!(view.book.plans.iter().any(|plan| plan.id.as_str() == "basic"));
    let operator = api.send("GET", "/v1/invoices", &[("authorization", &token)], "").await;
    assert_eq!(operator.status, StatusCode::UNAUTHORIZED, "a link is no operator's token");
}

#[tokio::test]
async fn the_public_sees_public_plans_without_a_token() {
    let api = Api::new().await;
    let index = api.send("GET", "/books/index.json", &[], "").await.json();
    let file = index["books"][0]["file"].as_str().unwrap().to_owned();
    let view = api.send("GET", &format!("/books/{file}"), &[], "").await;
    assert_eq!(view.status, StatusCode::OK);
    assert!(!view.text().contains("secret"));
    assert_eq!(
        engine::catalog::BookView::from_json(&view.text()).unwrap().digest,
        index["books"][0]["digest"].as_str().unwrap()
    );
    assert_eq!(api.send("GET", "/books/nothing.json", &[], "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_engine_answers_over_http_as_it_answers_here() {
    let api = Api::new().await;
    for ask in [
        json!({ "book": BOOK, "ask": { "door": "rate", "plan": "basic", "usage": [{ "meter": "calls", "quantity": "3" }] } }),
        json!({ "book": BOOK, "ask": { "door": "rate", "plan": "gold", "usage": [] } }),
        json!({ "book": "nonsense" }),
    ] {
        let here = engine::wire::answer_json(&ask.to_string());
        let reply = api.post("/v1/engine", ask.to_string()).await;
        let refused = here.starts_with("{\"refused\"");
        let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        assert_eq!((reply.status, reply.text()), (status, here));
    }
}
