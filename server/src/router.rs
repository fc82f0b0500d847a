//! Every route of the server, on one page.

use axum::Router;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodFilter, on};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::app::App;
use crate::error::{Problem, finish};
use crate::{
    asks, audit, auth, billing, books, customers, find, idempotency, ingest, invoices, leaks, metering, metrics,
    public, quarantine, sources, trial,
};

/// A router that remembers what was put into it, so that the API's document can be held against it.
#[derive(Default)]
struct Routes {
    router: Router<App>,
    listed: Vec<(Method, &'static str)>,
}

impl Routes {
    fn get<H: Handler<T, App>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add((Method::GET, MethodFilter::GET), path, handler)
    }

    fn post<H: Handler<T, App>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add((Method::POST, MethodFilter::POST), path, handler)
    }

    fn put<H: Handler<T, App>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add((Method::PUT, MethodFilter::PUT), path, handler)
    }

    fn add<H: Handler<T, App>, T: 'static>(
        mut self,
        (method, filter): (Method, MethodFilter),
        path: &'static str,
        handler: H,
    ) -> Self {
        self.listed.push((method, path));
        Self { router: self.router.route(path, on(filter, handler)), listed: self.listed }
    }
}

fn routes() -> Routes {
    Routes::default()
        // Usage.
        .post("/v1/events", ingest::routes::accept)
        .get("/v1/refused-events", ingest::routes::refused)
        .get("/v1/customers/{id}/usage", metering::routes::usage)
        .get("/v1/customers/{id}/events", find::routes::events)
        .get("/v1/customers/{id}/events/profile", find::routes::events_profile)
        .get("/v1/customers/{id}/quota", metering::quota::check)
        // What was refused.
        .get("/v1/quarantine", quarantine::routes::list)
        .get("/v1/quarantine/{number}", quarantine::routes::show)
        .post("/v1/quarantine/{number}/repair", quarantine::routes::repair)
        .post("/v1/quarantine/{number}/replay", quarantine::routes::replay)
        .post("/v1/quarantine/{number}/dismiss", quarantine::routes::dismiss)
        .post("/v1/quarantine/replay", quarantine::routes::replay_all)
        // Whether usage comes in as it should.
        .get("/v1/sources", sources::routes::list)
        .get("/v1/leaks", leaks::routes::report)
        .get("/v1/audit/{day}", audit::routes::show)
        .post("/v1/audit/{day}/close", audit::routes::shut)
        // Keys of those who send and read usage.
        .post("/v1/keys", auth::key_routes::add)
        .get("/v1/keys", auth::key_routes::list)
        .post("/v1/keys/{id}/revoke", auth::key_routes::end)
        // Customers.
        .get("/v1/customers", customers::routes::list)
        .put("/v1/customers/{id}", customers::routes::put)
        .post("/v1/customers/{id}/links", auth::routes::add_link)
        // Bills.
        .post("/v1/bill-runs", billing::routes::run)
        .get("/v1/invoices", invoices::routes::list)
        .get("/v1/invoices/{number}", invoices::routes::one)
        .get("/v1/invoices/{number}/pdf", invoices::routes::print)
        .get("/v1/invoices/{number}/lines/{line}/events", find::routes::line_events)
        .get("/v1/invoices/{number}/lines/{line}/profile", find::routes::line_profile)
        // Price books.
        .post("/v1/books", books::routes::add)
        .get("/v1/books", books::routes::list)
        // The engine itself.
        .post("/v1/engine", asks::routes::ask)
        // Opened by a customer's link.
        .get("/v1/trial", trial::routes::trial)
        .get("/v1/trial/stream", trial::stream::stream)
        .get("/v1/trial/events", find::routes::own_events)
        .get("/v1/trial/events/profile", find::routes::own_profile)
        .get("/v1/trial/invoices/{number}/lines/{line}/events", find::routes::own_line_events)
        .get("/v1/trial/invoices/{number}/lines/{line}/profile", find::routes::own_line_profile)
        // For everybody.
        .get("/books/index.json", public::routes::index)
        .get("/books/{file}", public::routes::book)
        .get("/metrics", metrics::routes::metrics)
        .get("/healthz", public::routes::health)
        .get("/openapi.json", public::routes::openapi)
}

/// Every route but the pages, by method and path.
pub fn listed() -> Vec<(Method, &'static str)> {
    routes().listed
}

/// The whole server as one service.
pub fn router(app: App) -> Router {
    let api = routes().router.method_not_allowed_fallback(wrong_method);
    let all = match &app.config.web {
        Some(folder) => api.fallback_service(public::files::files(folder).with_state(app.clone())),
        None => api.fallback(no_pages),
    };
    // The answer to a stream is read while it goes on; packing it would hold it back.
    let packed = DefaultPredicate::new().and(NotForContentType::const_new("application/x-ndjson"));
    // The last one is the first that a request meets.
    all.with_state(app.clone())
        .layer(from_fn_with_state(app.clone(), idempotency::flow::once))
        .layer(from_fn_with_state(app.clone(), auth::gate::gate))
        .layer(CompressionLayer::new().compress_when(packed))
        .layer(from_fn(finish))
        .layer(from_fn_with_state(app, metrics::measure))
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method")
        .detail("/openapi.json says which methods there are")
}

async fn no_pages() -> Problem {
    Problem::not_found("there is no such address; /openapi.json lists them. For the pages start with --web FOLDER")
}
