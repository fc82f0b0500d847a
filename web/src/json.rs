//! Reads JSON with the browser's own reader: the page has one already, and ours would be loaded beside it.
//!
//! For files without numbers, which price books are: decimals are texts. A number becomes null, which no book allows.

use serde_json::Value;

/// The value that `text` describes; `None` if it is not JSON.
#[cfg(target_arch = "wasm32")]
pub fn parse(text: &str) -> Option<Value> {
    js_sys::JSON::parse(text).ok().map(|value| read(&value))
}

/// The value that `text` describes; `None` if it is not JSON.
#[cfg(not(target_arch = "wasm32"))]
pub fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

#[cfg(target_arch = "wasm32")]
fn read(value: &wasm_bindgen::JsValue) -> Value {
    use wasm_bindgen::JsCast;
    if let Some(text) = value.as_string() {
        return Value::String(text);
    }
    if let Some(boolean) = value.as_bool() {
        return Value::Bool(boolean);
    }
    if let Some(items) = value.dyn_ref::<js_sys::Array>() {
        return Value::Array(items.iter().map(|item| read(&item)).collect());
    }
    let Some(object) = value.dyn_ref::<js_sys::Object>() else { return Value::Null };
    let mut map = serde_json::Map::new();
    for key in js_sys::Object::keys(object).iter() {
        let value = js_sys::Reflect::get(object, &key).unwrap_or_default();
        map.insert(key.as_string().unwrap_or_default(), read(&value));
    }
    Value::Object(map)
}
