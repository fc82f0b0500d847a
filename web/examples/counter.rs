//! The smallest Yew page that does something: what the calculator's size is compared with.
//! `cargo xtask size` builds it with the calculator's settings; it is not shipped.

use yew::prelude::*;

#[component]
fn Counter() -> Html {
    let count = use_state(|| 0_u32);
    let more = {
        let count = count.clone();
        Callback::from(move |_| count.set(count.saturating_add(1)))
    };
    html! {
        <button onclick={more}>{ *count }</button>
    }
}

fn main() {
    yew::Renderer::<Counter>::new().render();
}
