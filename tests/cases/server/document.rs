//! The API's own document says what the server does: every route, every refusal, the true shape of an invoice.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::api::{Api, event};

fn document() -> Value {
    serde_json::from_str(&server::openapi::json().unwrap()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let flat = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    flat.collect()
}

#[test]
fn every_route_is_in_the_document_and_the_other_way_round() {
    let served: BTreeSet<(String, String)> =
        server::router::listed().into_iter().map(|(method, path)| (method.to_string(), path.to_owned())).collect();
    let described: BTreeSet<(String, String)> =
        operations(&document()).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(served, described);
    assert!(document()["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn every_operation_is_explained_and_its_refusals_are_problems() {
    for (method, path, operation) in operations(&document()) {
        let name = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{name}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
            let is_engine = path == "/v1/engine" && status == "422";
            if status.starts_with(['4', '5']) && !is_engine {
                assert!(response["content"]["application/problem+json"].is_object(), "{name} {status}");
            }
        }
        if path.starts_with("/v1/") {
            let scheme = if path.starts_with("/v1/trial") { "viewing_link" } else { "operator" };
            assert!(operation["security"][0][scheme].is_array(), "{name}");
            assert!(operation["responses"]["401"].is_object(), "{name}");
            let takes_keys = [
                "/v1/events",
                "/v1/customers/{id}/usage",
                "/v1/customers/{id}/quota",
                "/v1/customers/{id}/events",
                "/v1/customers/{id}/events/profile",
            ]
            .contains(&path.as_str());
            assert_eq!(operation["security"][1]["api_key"].is_array(), takes_keys, "{name}");
            for status in ["403", "429"] {
                assert_eq!(operation["responses"][status].is_object(), takes_keys, "{name} {status}");
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| match value.as_str() {
                Some(target) if key == "$ref" => drop(found.insert(target.to_owned())),
                _ => references(value, found),
            }),
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

/// Holds a value against a schema: no member that is not described, none missing that is required.
fn holds(document: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return holds(document, schema, value, place);
    }
    if let Some(options) = schema["oneOf"].as_array() {
        let real = options.iter().find(|option| option["type"] != "null").unwrap();
        return holds(document, real, value, place);
    }
    if let (Some(properties), Value::Object(members)) = (schema["properties"].as_object(), value) {
        for (name, member) in members {
            match properties.get(name) {
                Some(schema) => holds(document, schema, member, &format!("{place}/{name}")),
                None => assert!(!schema["additionalProperties"].is_null(), "{place}/{name} is not described"),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(members.contains_key(name.as_str().unwrap()), "{place}/{name} is missing");
        }
    }
    if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
        values.iter().for_each(|value| holds(document, items, value, &format!("{place}[]")));
    }
}

#[tokio::test]
async fn answers_have_the_shape_that_the_document_says() {
    let api = Api::new().await;
    api.events(&event("1", "acme", "2026-11-15T00:00:00Z")).await;
    api.post("/v1/bill-runs", json!({ "month": "2026-11" }).to_string()).await;
    api.key(json!({ "name": "k", "customer": "acme" })).await;
    let document = document();
    for (path, described) in [
        ("/v1/invoices/1", "/v1/invoices/{number}"),
        ("/v1/invoices", "/v1/invoices"),
        ("/v1/customers", "/v1/customers"),
        ("/v1/customers/acme/usage", "/v1/customers/{id}/usage"),
        ("/v1/books", "/v1/books"),
        ("/v1/refused-events", "/v1/refused-events"),
        ("/v1/keys", "/v1/keys"),
        ("/v1/customers/acme/events", "/v1/customers/{id}/events"),
        ("/v1/customers/acme/events/profile?at=2026-11-15T00:00:00Z", "/v1/customers/{id}/events/profile"),
        ("/v1/invoices/1/lines/0/events", "/v1/invoices/{number}/lines/{line}/events"),
        ("/v1/invoices/1/lines/0/profile", "/v1/invoices/{number}/lines/{line}/profile"),
        ("/books/index.json", "/books/index.json"),
        ("/books/shop.json", "/books/{file}"),
        ("/healthz", "/healthz"),
    ] {
        let answer = api.get(path).await;
        assert!(answer.status.is_success(), "{path}");
        let schema = &document["paths"][described]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{described}");
        holds(&document, schema, &answer.json(), path);
    }
}

#[tokio::test]
async fn a_correction_has_the_shape_that_the_document_says() {
    let api = Api::new().await;
    api.events(&event("1", "acme", "2026-11-15T00:00:00Z")).await;
    api.post("/v1/bill-runs", r#"{"month":"2026-11"}"#).await;
    api.events(&event("2", "acme", "2026-11-16T00:00:00Z")).await;
    let run = api.post("/v1/bill-runs", r#"{"month":"2026-11"}"#).await.json();
    assert_eq!(run["corrections"].as_array().map(Vec::len), Some(1), "{run}");
    let document = document();
    let shape = |name: &str| document["components"]["schemas"][name].clone();
    holds(&document, &shape("BillAnswer"), &run, "run");
    assert!(shape("Correction")["properties"]["differences"].is_object());
    holds(&document, &shape("Correction"), &api.get("/v1/invoices/2").await.json(), "correction");
}

#[tokio::test]
async fn answers_to_events_have_the_shape_that_the_document_says() {
    let api = Api::new().await;
    let document = document();
    let described = &document["paths"]["/v1/events"]["post"]["responses"];
    let list = api.events(&json!([event("1", "acme", "2026-11-15T00:00:00Z")])).await.json();
    holds(&document, &described["200"]["content"]["application/json"]["schema"], &list, "list");
    let shape = |name: &str| document["components"]["schemas"][name].clone();
    let some = json!([event("1", "acme", "2026-11-15T00:00:00Z"), { "specversion": "1.0" }]);
    holds(&document, &shape("IngestAnswer"), &api.events(&some).await.json(), "part");
    let lines = format!("{}\nnothing\n", event("1", "acme", "2026-11-15T00:00:00Z"));
    let token = format!("Bearer {}", super::api::TOKEN);
    let headers = [("authorization", token.as_str()), ("content-type", "application/x-ndjson")];
    let stream = api.send("POST", "/v1/events", &headers, lines).await.json();
    assert_eq!(stream["refused"], 1);
    let schema = shape("StreamAnswer");
    assert!(schema.is_object());
    // The counts are part of the same object.
    for part in schema["allOf"].as_array().unwrap_or(&vec![schema.clone()]) {
        let properties = part["properties"].as_object();
        let names = properties.map(|all| all.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        assert!(names.iter().all(|name| !stream[name].is_null()), "{names:?}: {stream}");
    }
    for name in ["EventAnswer", "StreamLine", "Counts", "CloudEvent"] {
        assert!(shape(name).is_object(), "{name}");
    }
}
