//! The built pages from a folder: compressed ones where they are there, long caching for what never changes.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use tower_http::services::ServeDir;

use crate::app::App;
use crate::error::Problem;

/// What pages may do: their own scripts, styles and pictures, WebAssembly, and nothing from elsewhere.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// Serves the folder.
pub fn files(folder: &Path) -> Router<App> {
    let folder = ServeDir::new(folder).precompressed_br().precompressed_gzip();
    Router::new().fallback_service(folder).layer(from_fn(dress))
}

/// Sets what browsers should know, and makes a missing file a problem like any other.
async fn dress(request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        return axum::response::IntoResponse::into_response(Problem::not_found(format!("there is no page {path}")));
    }
    let cache = if is_asset { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
