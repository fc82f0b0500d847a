//! The trial page, a program of its own.

fn main() {
    let root = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app"));
    if let Some(root) = root {
        yew::Renderer::<web::trial::page::Trial>::with_root(root).render();
    }
}
