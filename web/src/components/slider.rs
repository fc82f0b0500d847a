//! A slider over whole positions, with marks under it.

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// What a slider shows, and whom it tells.
pub struct Slider<'a> {
    /// What it is for; its name for tests is `slider-` and this.
    pub id: &'a str,
    /// What it is for, in words.
    pub label: &'a str,
    /// The present position in words.
    pub value_text: &'a str,
    /// The present position.
    pub position: u32,
    /// The last position; the first is 0.
    pub last: u32,
    /// Positions with what is written under them.
    pub marks: Vec<(u32, String)>,
    /// Somebody moves it.
    pub on_move: Callback<u32>,
}

/// The slider.
pub fn slider(slider: Slider<'_>) -> Html {
    let Slider { id, label, value_text, position, last, marks, on_move } = slider;
    let hook = ["slider-", id].concat();
    let moved = move |event: InputEvent| {
        let field = event.target_dyn_into::<HtmlInputElement>();
        if let Some(position) = field.and_then(|field| field.value().parse().ok()) {
            on_move.emit(position);
        }
    };
    let marks = marks.into_iter().map(|(at, text)| {
        html! { <span style={["--at:", &at.to_string()].concat()}>{ text }</span> }
    });
    let style = ["--position:", &position.to_string(), ";--last:", &last.to_string()].concat();
    html! {
        <div class="slider" {style}>
            <input type="range" data-test={hook} min="0" max={last.to_string()} step="1" value={position.to_string()}
                aria-label={label.to_owned()} aria-valuetext={value_text.to_owned()} oninput={moved} />
            <div class="slider-marks" aria-hidden="true">{ for marks }</div>
        </div>
    }
}
