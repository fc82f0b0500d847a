//! Everything the pages want from the browser: files, storage, address, clock ticks, clipboard. The only such place.
//!
//! Each function does one thing and fails quietly where the browser refuses; what matters is returned.

use engine::text::Lang;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::calculator::link::read_lang;
use crate::events::Events;
use crate::look::Theme;

fn window() -> Option<web_sys::Window> {
    web_sys::window()
}

fn document() -> Option<web_sys::Document> {
    window()?.document()
}

/// Why a file did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchProblem {
    /// No answer: offline, or no server there.
    NoAnswer(String),
    /// An answer other than success.
    Status(u16),
}

/// Fetches a text; `bearer` is sent as an authorization.
pub async fn fetch_text(address: &str, bearer: Option<&str>) -> Result<String, FetchProblem> {
    fetch(address, bearer).await.map_err(|error| FetchProblem::NoAnswer(message_of(&error)))?
}

async fn fetch(address: &str, bearer: Option<&str>) -> Result<Result<String, FetchProblem>, JsValue> {
    let response = request(address, bearer).await?;
    if !response.ok() {
        return Ok(Err(FetchProblem::Status(response.status())));
    }
    let text = JsFuture::from(response.text()?).await?;
    Ok(Ok(text.as_string().unwrap_or_default()))
}

async fn request(address: &str, bearer: Option<&str>) -> Result<web_sys::Response, JsValue> {
    let window = window().ok_or(JsValue::NULL)?;
    let request = web_sys::Request::new_with_str(address)?;
    if let Some(token) = bearer {
        request.headers().set("Authorization", &["Bearer ", token].concat())?;
    }
    JsFuture::from(window.fetch_with_request(&request)).await?.dyn_into()
}

/// Listens to server-sent events until the stream ends, however it ends; the data of each goes to `then`.
///
/// By fetch and not by `EventSource`, which can send no authorization.
pub async fn listen(address: &str, bearer: Option<&str>, then: impl Fn(String)) {
    // What failed is found out by whoever asks again.
    let _ = read_events(address, bearer, then).await;
}

async fn read_events(address: &str, bearer: Option<&str>, then: impl Fn(String)) -> Result<(), JsValue> {
    let response = request(address, bearer).await?;
    let body = response.body().filter(|_| response.ok()).ok_or(JsValue::NULL)?;
    let reader: web_sys::ReadableStreamDefaultReader = body.get_reader().dyn_into()?;
    let mut events = Events::default();
    loop {
        let piece = JsFuture::from(reader.read()).await?;
        if js_sys::Reflect::get(&piece, &JsValue::from_str("done"))?.is_truthy() {
            return Ok(());
        }
        let bytes = js_sys::Reflect::get(&piece, &JsValue::from_str("value"))?;
        events.push(&js_sys::Uint8Array::new(&bytes).to_vec()).into_iter().for_each(&then);
    }
}

fn message_of(error: &JsValue) -> String {
    let message = js_sys::Reflect::get(error, &JsValue::from_str("message")).ok();
    message.and_then(|message| message.as_string()).unwrap_or_default()
}

/// Waits until all of the program is there. It may come in two parts, the second while somebody reads already; where
/// it came whole, as with `trunk serve`, there is nothing to wait for.
pub async fn whole() {
    let rest = js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("ratecardWhole")).unwrap_or_default();
    // It is tried again until it comes, so there is no failure to see.
    let _ = JsFuture::from(js_sys::Promise::resolve(&rest)).await;
}

/// What stands behind the `#` of the address, with it.
pub fn hash() -> String {
    window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Puts `hash` behind the `#` without a new entry in the history.
pub fn replace_hash(hash: &str) {
    if let Some(history) = window().and_then(|window| window.history().ok()) {
        let address = ["#", hash].concat();
        // Refused only where pages are files without an origin; the page works without.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

/// The address of this page.
pub fn address() -> String {
    window().and_then(|window| window.location().href().ok()).unwrap_or_default()
}

/// What was stored under `key`.
pub fn stored(key: &str) -> Option<String> {
    window()?.local_storage().ok()??.get_item(key).ok()?
}

/// Remembers `value` under `key`, if the browser lets us.
pub fn store(key: &str, value: &str) {
    if let Some(Ok(Some(storage))) = window().map(|window| window.local_storage()) {
        let _ = storage.set_item(key, value);
    }
}

/// The language that the address asks for with `?lang=`.
pub fn asked_lang() -> Option<Lang> {
    let search = window()?.location().search().ok()?;
    search.trim_start_matches('?').split('&').find_map(|part| part.strip_prefix("lang=").and_then(read_lang))
}

/// The language that was stored, or the first of the browser's that we speak, or English.
pub fn preferred_lang() -> Lang {
    let stored = stored("lang").and_then(|tag| read_lang(&tag));
    stored.or_else(browser_lang).unwrap_or(Lang::En)
}

fn browser_lang() -> Option<Lang> {
    let languages = window()?.navigator().languages();
    languages.iter().filter_map(|tag| tag.as_string()).find_map(|tag| read_lang(&tag))
}

/// The theme that was stored.
pub fn preferred_theme() -> Theme {
    Theme::from_key(&stored("theme").unwrap_or_default())
}

/// Tells the document its language, title and theme.
pub fn dress(lang: Lang, theme: Theme, title: &str) {
    let Some(document) = document() else { return };
    if document.title() != title {
        document.set_title(title);
    }
    if let Some(root) = document.document_element() {
        let _ = root.set_attribute("lang", lang.tag());
        let _ = root.set_attribute("data-theme", theme.key());
    }
}

/// Calls `then` after `milliseconds`.
pub fn after(milliseconds: i32, then: impl FnOnce() + 'static) {
    if let Some(window) = window() {
        let callback = Closure::once_into_js(then);
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), milliseconds);
    }
}

/// Calls `then` at every event of this name on the window, for as long as the page lives.
pub fn on_window(event: &str, then: impl Fn() + 'static) {
    if let Some(window) = window() {
        let callback = Closure::<dyn Fn()>::new(then).into_js_value();
        let _ = window.add_event_listener_with_callback(event, callback.unchecked_ref());
    }
}

/// Calls `then` when the page becomes visible or hidden.
pub fn on_visibility(then: impl Fn() + 'static) {
    if let Some(document) = document() {
        let callback = Closure::<dyn Fn()>::new(then).into_js_value();
        let _ = document.add_event_listener_with_callback("visibilitychange", callback.unchecked_ref());
    }
}

/// Whether the page cannot be seen now.
pub fn is_hidden() -> bool {
    document().is_some_and(|document| document.visibility_state() == web_sys::VisibilityState::Hidden)
}

/// Copies a text; says whether it worked.
pub async fn copy(text: &str) -> bool {
    let Some(window) = window() else { return false };
    // Absent where the page did not come over a safe connection.
    let clipboard = js_sys::Reflect::get(&window.navigator(), &JsValue::from_str("clipboard"));
    match clipboard.map(JsCast::dyn_into::<web_sys::Clipboard>) {
        Ok(Ok(clipboard)) => JsFuture::from(clipboard.write_text(text)).await.is_ok(),
        Ok(Err(_)) | Err(_) => false,
    }
}

/// What is chosen in the list that an event comes from.
pub fn selected(event: &web_sys::Event) -> String {
    let list = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlSelectElement>().ok());
    list.map(|list| list.value()).unwrap_or_default()
}

/// Scrolls to the element of this id.
pub fn reveal(id: &str) {
    if let Some(element) = document().and_then(|document| document.get_element_by_id(id)) {
        element.scroll_into_view();
    }
}

/// Opens the print dialogue.
pub fn print() {
    if let Some(window) = window() {
        let _ = window.print();
    }
}

/// Hands `text` to the reader as a file.
pub fn download(name: &str, kind: &str, text: &str) -> Option<()> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    let blob = web_sys::Blob::new_with_str_sequence_and_options(&parts, &options).ok()?;
    let address = web_sys::Url::create_object_url_with_blob(&blob).ok()?;
    let anchor: web_sys::HtmlAnchorElement = document()?.create_element("a").ok()?.dyn_into().ok()?;
    anchor.set_href(&address);
    anchor.set_download(name);
    anchor.click();
    web_sys::Url::revoke_object_url(&address).ok()
}

/// Begins to measure a recalculation, for whoever watches the page's performance.
pub fn mark_start() {
    if let Some(performance) = window().and_then(|window| window.performance()) {
        let _ = performance.mark("recalculate-start");
    }
}

/// Ends the measure that [`mark_start`] began; it is called `recalculate`.
pub fn mark_end() {
    if let Some(performance) = window().and_then(|window| window.performance()) {
        let _ = performance.measure_with_start_mark("recalculate", "recalculate-start");
        performance.clear_marks_with_mark_name("recalculate-start");
    }
}

/// The clock time of an instant, given in seconds since 1970, as people here write it.
pub fn clock_time(seconds: i64, lang: Lang) -> String {
    let Ok(seconds) = i32::try_from(seconds) else { return String::new() };
    let date = js_sys::Date::new(&JsValue::from_f64(f64::from(seconds) * 1000.0));
    date.to_locale_time_string(lang.tag()).into()
}
