//! The API's own description (OpenAPI 3.1), made from the handlers. A test holds it against the router.

pub mod shapes;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The document.
#[derive(Debug, Clone, Copy, OpenApi)]
#[openapi(
    info(
        title = "Ratecard",
        description = "Takes usage in as CloudEvents, keeps it, and issues invoices that anybody can recompute. \
                       Decimals are strings, times RFC 3339, errors RFC 9457. Send nothing twice by fear: \
                       repeating a request changes nothing.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    paths(
        crate::ingest::routes::accept,
        crate::ingest::routes::refused,
        crate::quarantine::routes::list,
        crate::quarantine::routes::show,
        crate::quarantine::routes::repair,
        crate::quarantine::routes::replay,
        crate::quarantine::routes::dismiss,
        crate::quarantine::routes::replay_all,
        crate::sources::routes::list,
        crate::leaks::routes::report,
        crate::audit::routes::show,
        crate::audit::routes::shut,
        crate::customers::routes::list,
        crate::customers::routes::put,
        crate::metering::routes::usage,
        crate::metering::quota::check,
        crate::auth::routes::add_link,
        crate::auth::key_routes::add,
        crate::auth::key_routes::list,
        crate::auth::key_routes::end,
        crate::trial::routes::trial,
        crate::trial::stream::stream,
        crate::billing::routes::run,
        crate::invoices::routes::list,
        crate::invoices::routes::one,
        crate::invoices::routes::print,
        crate::find::routes::events,
        crate::find::routes::events_profile,
        crate::find::routes::line_events,
        crate::find::routes::line_profile,
        crate::find::routes::own_events,
        crate::find::routes::own_profile,
        crate::find::routes::own_line_events,
        crate::find::routes::own_line_profile,
        crate::books::routes::add,
        crate::books::routes::list,
        crate::asks::routes::ask,
        crate::public::routes::index,
        crate::public::routes::book,
        crate::metrics::routes::metrics,
        crate::public::routes::health,
        crate::public::routes::openapi,
    ),
    tags(
        (name = "usage", description = "Events in, quantities out"),
        (name = "quarantine", description = "What was refused: look, repair, replay, dismiss"),
        (name = "sources", description = "Whether usage comes in, brings money and is all there"),
        (name = "keys", description = "Keys of those who send and read usage"),
        (name = "customers", description = "Who is billed, and by which plan"),
        (name = "invoices", description = "The bill run and what it issued"),
        (name = "books", description = "Price books"),
        (name = "engine", description = "The engine itself, as in the browser"),
        (name = "trial", description = "What a customer sees through a link"),
        (name = "public", description = "Needs no token"),
    ),
    modifiers(&Schemes),
)]
pub struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = |description: &str| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
            SecurityScheme::Http(scheme)
        };
        let components = document.components.get_or_insert_default();
        let operator = "The operator's token: RATECARD_TOKEN, or the file operator-token in the data directory";
        components.add_security_scheme("operator", bearer(operator));
        let key = "An API key with the scope that the operation needs; its token begins with rk_";
        components.add_security_scheme("api_key", bearer(key));
        components.add_security_scheme("viewing_link", bearer("The token of a customer's viewing link"));
    }
}

/// The document as JSON.
pub fn json() -> Result<String, serde_json::Error> {
    Document::openapi().to_pretty_json()
}
