//! `/v1/keys`: the operator makes API keys, lists them and ends them.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::ids::CustomerId;
use engine::period::Instant;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::keys::{Key, KeyError, KeyOrder, OwnRates, Scope, create, revoke};
use super::{key_store, keys};
use crate::app::App;
use crate::error::Problem;
use crate::request::{Asked, Body, Named, Operator};

/// What a key is to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBody {
    /// What people call it, 1 to 100 characters.
    #[schema(example = "gateway shanghai")]
    name: String,
    /// The customer it belongs to: it sends only their events and reads only their usage. Without one it is a
    /// collector's key, for every customer.
    #[schema(value_type = Option<String>, example = "acme")]
    customer: Option<CustomerId>,
    /// The sources it may send for. Where none is named, a collector's key sends for all, a customer's for
    /// `/customers/ID` only.
    #[serde(default)]
    #[schema(example = json!(["/gateways/shanghai-1"]))]
    sources: Vec<String>,
    /// What it may do; `events:write` where nothing is said.
    scopes: Option<Vec<Scope>>,
    /// From when on it is refused; never where nothing is said.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
    /// How many requests a second; 0 is no limit, the setting `key_requests_per_second` where nothing is said.
    requests_per_second: Option<u32>,
    /// How many requests at once; twice as many as in a second where nothing is said.
    requests_burst: Option<u32>,
    /// How many events a second; 0 is no limit, the setting `key_events_per_second` where nothing is said.
    events_per_second: Option<u32>,
    /// How many events at once; twice as many as in a second where nothing is said.
    events_burst: Option<u32>,
}

/// A key. Its token is told only when it is made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeyAnswer {
    /// Names the key; no secret.
    #[schema(example = "key_4f1d2a7b9c3e5d60")]
    id: String,
    /// The secret, to be sent as `Authorization: Bearer TOKEN`. Only in the answer that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "rk_…")]
    token: Option<String>,
    /// What people call it.
    name: String,
    /// The customer it belongs to; none for a collector.
    #[schema(required = false, value_type = Option<String>)]
    customer: Option<CustomerId>,
    /// The sources it may send for; empty for all, which only a collector's may.
    sources: Vec<String>,
    /// What it may do.
    scopes: Vec<Scope>,
    /// How many requests a second, where the key says so itself; 0 is no limit.
    requests_per_second: Option<u32>,
    /// How many requests at once, where the key says so itself.
    requests_burst: Option<u32>,
    /// How many events a second, where the key says so itself; 0 is no limit.
    events_per_second: Option<u32>,
    /// How many events at once, where the key says so itself.
    events_burst: Option<u32>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// From when on it is refused.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
    /// Since when it is ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Instant>,
    /// When it was last used, to about an hour.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Instant>,
}

impl From<Key> for KeyAnswer {
    fn from(key: Key) -> Self {
        let Key { id, order, created_at, revoked_at, last_used_at } = key;
        let KeyOrder { name, customer, sources, scopes, expires_at, rates: OwnRates { requests, events } } = order;
        Self {
            id,
            token: None,
            name,
            customer,
            sources,
            scopes,
            requests_per_second: requests.0,
            requests_burst: requests.1,
            events_per_second: events.0,
            events_burst: events.1,
            created_at,
            expires_at,
            revoked_at,
            last_used_at,
        }
    }
}

/// Makes an API key, for one customer or for a collector.
#[utoipa::path(
    post, path = "/v1/keys", tag = "keys",
    request_body = KeyBody,
    responses(
        (status = 201, description = "The key; its token is told only now", body = KeyAnswer),
        (status = 400, description = "The body cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such customer", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "Such a key cannot be", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn add(State(app): State<App>, _: Operator, body: Body) -> Result<Response, Problem> {
    let body: KeyBody = body.json()?;
    let mut scopes = body.scopes.unwrap_or_else(|| vec![Scope::EventsWrite]);
    scopes.sort();
    scopes.dedup();
    let rates = OwnRates {
        requests: (body.requests_per_second, body.requests_burst),
        events: (body.events_per_second, body.events_burst),
    };
    let (customer, sources) = (body.customer, body.sources);
    let order = KeyOrder { name: body.name, customer, sources, scopes, expires_at: body.expires_at, rates };
    let keys::NewKey { token, key } = create(&app.db, order, app.clock.now()).await?;
    tracing::info!(key = %key.id, "a key was made");
    let answer = KeyAnswer { token: Some(token), ..key.into() };
    // No cache on the way may keep the token.
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// Which keys are wanted.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeysQuery {
    /// Those after this id; from the first where nothing is said.
    after: Option<String>,
    /// At most so many, 1 to 1000; 1000 where nothing is said.
    limit: Option<u32>,
}

/// Lists API keys, without their tokens, in the order of their ids.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys",
    params(KeysQuery),
    responses(
        (status = 200, description = "The keys, also those that have ended", body = Vec<KeyAnswer>),
        (status = 400, description = "The query cannot be read", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn list(
    State(app): State<App>,
    _: Operator,
    Asked(query): Asked<KeysQuery>,
) -> Result<Json<Vec<KeyAnswer>>, Problem> {
    let limit = query.limit.unwrap_or(1000).clamp(1, 1000);
    let page = key_store::page(&app.db, query.after.as_deref().unwrap_or_default(), limit).await?;
    Ok(Json(page.into_iter().map(KeyAnswer::from).collect()))
}

/// Ends an API key for good. Ending it again changes nothing.
#[utoipa::path(
    post, path = "/v1/keys/{id}/revoke", tag = "keys",
    params(("id" = String, Path, description = "The key's id, not its token")),
    responses(
        (status = 200, description = "The key is ended", body = KeyAnswer),
        (status = 401, description = "No operator's token", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = crate::error::ProblemDocument, content_type = "application/problem+json"),
    ),
    security(("operator" = []))
)]
pub async fn end(State(app): State<App>, _: Operator, Named(id): Named) -> Result<Json<KeyAnswer>, Problem> {
    let key = revoke(&app.db, &id, app.clock.now()).await?;
    app.keyring.forget(&key.id);
    tracing::info!(key = %key.id, "a key was revoked");
    Ok(Json(key.into()))
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        match error {
            KeyError::NameLength(_) => Self::unprocessable("bad-name", "The name cannot be used").detail(detail),
            KeyError::NoScope => Self::unprocessable("no-scope", "The key may do nothing").detail(detail),
            KeyError::Source(_) | KeyError::OthersSource(..) => {
                Self::unprocessable("bad-source", "The sources cannot be used").detail(detail)
            }
            KeyError::Expired { .. } => Self::unprocessable("already-expired", "The key never works").detail(detail),
            KeyError::Rate(_) => Self::unprocessable("bad-rate", "The rate lets nothing through").detail(detail),
            KeyError::Unknown(_) => Self::not_found(detail),
            KeyError::Customer(error) => error.into(),
            KeyError::Random(error) => Self::internal(&error),
            KeyError::Db(error) => error.into(),
        }
    }
}
