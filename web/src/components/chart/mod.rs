//! Lines over a logarithmic axis, labelled where they end, with a value for every place by pointer and by keyboard.
//!
//! Draws places, not figures: what a place means comes in as text.

pub mod geometry;

use geometry::{DECADE, Frame, Magnitude, pixels, spread, text_width};
use web_sys::{Element, KeyboardEvent, PointerEvent};
use yew::prelude::*;

use super::element::{all, group, plain, text};

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Written at its end.
    pub name: String,
    /// Drawn in the accent colour.
    pub is_chosen: bool,
    /// Its magnitude at each place; `None` for nothing.
    pub magnitudes: Vec<Option<Magnitude>>,
}

/// A place that is marked with a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its magnitude.
    pub at: Magnitude,
    /// The word.
    pub label: String,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The magnitudes of the places.
    pub places: Vec<Magnitude>,
    /// The lines.
    pub series: Vec<Series>,
    /// Marked places.
    pub marks: Vec<Mark>,
    /// The place of today's value.
    pub here: Option<Mark>,
    /// Powers of ten across, and what is written at each.
    pub across: Vec<(i32, String)>,
    /// Powers of ten up, and what is written at each; the first is the floor, where nothing lies.
    pub up: Vec<(i32, String)>,
    /// What the axis across shows.
    pub axis: String,
}

/// In tenths of a pixel, as all lengths here: above the plot, below it, and the plot itself at least.
const ABOVE: i32 = 340;
const BELOW: i32 = 620;
const PLOT: i32 = 2420;

/// From one name at the end of a line to the next.
const NAME: i32 = 180;

/// A chart as it stands on a page. Not a component: a second one would cost the page ten kilobytes.
pub struct Chart {
    drawing: Option<Drawing>,
    width: i32,
    cursor: Option<usize>,
    frame: NodeRef,
}

/// What happens to a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Msg {
    /// The pointer is this many pixels from the left.
    Point(i32),
    /// A key moves this many places, or to an end.
    Move(isize),
    /// The pointer or the focus went away.
    Leave,
}

impl Default for Chart {
    fn default() -> Self {
        Self { drawing: None, width: 6400, cursor: None, frame: NodeRef::default() }
    }
}

impl Chart {
    /// Shows another drawing.
    pub fn set(&mut self, drawing: Option<Drawing>) {
        self.drawing = drawing;
    }

    /// Takes the width that the page gives it; says whether that is another one.
    pub fn measure(&mut self) -> bool {
        let width = self.frame.cast::<Element>().map_or(0, |element| element.client_width().saturating_mul(10));
        let is_other = width > 0 && width != self.width;
        if is_other {
            self.width = width;
        }
        is_other
    }

    /// Moves the cursor.
    pub fn apply(&mut self, msg: Msg) {
        let Some(drawing) = &self.drawing else { return };
        let frame = self.layout(drawing);
        self.cursor = match msg {
            Msg::Point(x) => Some(frame.nearest(&drawing.places, x.saturating_mul(10))),
            Msg::Move(by) => {
                let last = drawing.places.len().saturating_sub(1);
                let here = drawing.here.as_ref().map_or(0, |here| frame.nearest(&drawing.places, frame.x(here.at)));
                Some(self.cursor.unwrap_or(here).saturating_add_signed(by).min(last))
            }
            Msg::Leave => None,
        };
    }

    /// The chart. `label` is what it says, `words` what the place under the cursor means.
    pub fn view(
        &self,
        hook: &'static str,
        label: &str,
        words: &dyn Fn(usize) -> Vec<String>,
        on_msg: &Callback<Msg>,
    ) -> Html {
        let Some(drawing) = &self.drawing else { return Html::default() };
        let frame = self.layout(drawing);
        let words = self.cursor.map(words).unwrap_or_default();
        let point = on_msg.reform(|event: PointerEvent| Msg::Point(event.offset_x()));
        let leave = on_msg.reform(|_: PointerEvent| Msg::Leave);
        let blur = on_msg.reform(|_: FocusEvent| Msg::Leave);
        let key = {
            let on_msg = on_msg.clone();
            move |event: KeyboardEvent| moved_by_key(&event).into_iter().for_each(|msg| on_msg.emit(msg))
        };
        let last = drawing.places.len().saturating_sub(1).to_string();
        html! {
            <div class="chart" data-test={hook} ref={self.frame.clone()}>
                <div class="chart-plot" tabindex="0" role="slider" aria-label={label.to_owned()} aria-valuemin="0"
                    aria-valuemax={last} aria-valuenow={self.cursor.unwrap_or(0).to_string()} aria-valuetext={words.join(", ")}
                    onkeydown={key} onblur={blur} onpointermove={point.clone()} onpointerdown={point}
                    onpointerleave={leave}>
                    <svg width={pixels(self.width)} height={pixels(frame.bottom + BELOW)} aria-hidden="true">
                        { all(self.shapes(&frame, drawing)) }
                    </svg>
                </div>
                { group("p", "chart-words", words.iter().map(|word| text("span", "", word)).collect()) }
            </div>
        }
    }

    /// Everything inside the picture; what is later lies on top.
    fn shapes(&self, frame: &Frame, drawing: &Drawing) -> Vec<Html> {
        let mut shapes = Vec::new();
        grid(&mut shapes, frame, drawing);
        axes(&mut shapes, frame, drawing, self.width);
        for (index, mark) in drawing.marks.iter().enumerate() {
            marked(&mut shapes, frame, mark, index);
        }
        if let Some(here) = &drawing.here {
            here_line(&mut shapes, frame, here);
        }
        for (index, one) in drawing.series.iter().enumerate() {
            shapes.push(line(frame, drawing, one, index));
        }
        height_words(&mut shapes, frame, drawing);
        labels(&mut shapes, frame, drawing);
        if let Some(index) = self.cursor {
            cursor(&mut shapes, frame, drawing, index);
        }
        shapes
    }

    fn layout(&self, drawing: &Drawing) -> Frame {
        let longest = drawing.series.iter().map(|one| text_width(&one.name)).max().unwrap_or(0);
        let right = self.width - 80 - longest.min(self.width * 3 / 10);
        let ends = |ticks: &[(i32, String)]| match (ticks.first(), ticks.last()) {
            (Some((low, _)), Some((high, _))) if low < high => (*low, *high),
            (Some(_) | None, Some(_) | None) => (0, 1),
        };
        let names = i32::try_from(drawing.series.len()).unwrap_or(0);
        Frame {
            left: 20,
            top: ABOVE,
            right,
            bottom: ABOVE + PLOT.max(names.saturating_mul(NAME)),
            across: ends(&drawing.across),
            up: ends(&drawing.up),
        }
    }
}

fn moved_by_key(event: &KeyboardEvent) -> Option<Msg> {
    let msg = match event.key().as_str() {
        "ArrowRight" | "ArrowUp" => Msg::Move(1),
        "ArrowLeft" | "ArrowDown" => Msg::Move(-1),
        "PageUp" => Msg::Move(12),
        "PageDown" => Msg::Move(-12),
        "Home" => Msg::Move(isize::MIN),
        "End" => Msg::Move(isize::MAX),
        "Escape" => Msg::Leave,
        _ => return None,
    };
    event.prevent_default();
    Some(msg)
}

fn axes(shapes: &mut Vec<Html>, frame: &Frame, drawing: &Drawing, width: i32) {
    let Frame { left, right, bottom, .. } = *frame;
    let skip = if width < 5600 { 3 } else { 1 };
    shapes.push(stroke("axis", (left, bottom), (right, bottom)));
    for (index, (power, text)) in drawing.across.iter().enumerate().step_by(skip) {
        let x = frame.x(*power * DECADE);
        let anchor = if index == 0 { "start" } else { "middle" };
        shapes.push(stroke("tick", (x, bottom), (x, bottom + 50)));
        shapes.push(word("", anchor, (x, bottom + 200), text));
    }
    shapes.push(word("", "end", (right, bottom + 560), &drawing.axis));
}

/// Every height with a word, or every other if there are many; never the first without.
fn heights<'a>(frame: &'a Frame, drawing: &'a Drawing) -> impl Iterator<Item = (i32, &'a String)> {
    let skip = if drawing.up.len() > 7 { 2 } else { 1 };
    let heights = drawing.up.iter().step_by(skip);
    heights.map(|(power, text)| (frame.y(Some(*power * DECADE)), text))
}

fn grid(shapes: &mut Vec<Html>, frame: &Frame, drawing: &Drawing) {
    shapes.extend(heights(frame, drawing).skip(1).map(|(y, _)| stroke("grid", (frame.left, y), (frame.right, y))));
}

/// Written over the lines, so that none strikes them through.
fn height_words(shapes: &mut Vec<Html>, frame: &Frame, drawing: &Drawing) {
    shapes.extend(heights(frame, drawing).map(|(y, text)| word("over", "start", (frame.left, y - 50), text)));
}

fn line(frame: &Frame, drawing: &Drawing, one: &Series, index: usize) -> Html {
    let mut path = String::new();
    for (place, magnitude) in drawing.places.iter().zip(&one.magnitudes) {
        path.push(if path.is_empty() { 'M' } else { 'L' });
        path.push_str(&pixels(frame.x(*place)));
        path.push(' ');
        path.push_str(&pixels(frame.y(*magnitude)));
    }
    let class = if one.is_chosen { "line chosen" } else { dash(index) };
    html! { <path {class} d={path} /> }
}

/// Lines differ without colour too.
fn dash(index: usize) -> &'static str {
    ["line", "line dash-1", "line dash-2", "line dash-3"].into_iter().cycle().nth(index).unwrap_or("line")
}

fn labels(shapes: &mut Vec<Html>, frame: &Frame, drawing: &Drawing) {
    let Frame { top, right, bottom, .. } = *frame;
    let ends: Vec<i32> = drawing.series.iter().map(|s| frame.y(s.magnitudes.last().copied().flatten())).collect();
    for (one, y) in drawing.series.iter().zip(spread(&ends, NAME, (top, bottom))) {
        let class = if one.is_chosen { "name chosen" } else { "name" };
        shapes.push(word(class, "start", (right + 80, y + 40), &one.name));
    }
}

fn marked(shapes: &mut Vec<Html>, frame: &Frame, mark: &Mark, index: usize) {
    let Frame { left, right, bottom, .. } = *frame;
    let x = frame.x(mark.at);
    // Neighbours take turns in height, so that two words side by side stay legible.
    let y = if index.is_multiple_of(2) { 120 } else { 270 };
    let half = text_width(&mark.label) / 2;
    let middle = x.clamp(left + half, (right - half).max(left + half));
    shapes.push(stroke("mark", (x, y + 50), (x, bottom)));
    shapes.push(word("mark over", "middle", (middle, y), &mark.label));
}

fn here_line(shapes: &mut Vec<Html>, frame: &Frame, here: &Mark) {
    let Frame { left, right, top, bottom, .. } = *frame;
    let place = frame.x(here.at).clamp(left, right);
    let anchor = if place < left + 300 { "start" } else { "middle" };
    shapes.push(stroke("here", (place, top), (place, bottom)));
    shapes.push(word("here", anchor, (place, bottom + 380), &here.label));
}

fn cursor(shapes: &mut Vec<Html>, frame: &Frame, drawing: &Drawing, index: usize) {
    let Some(place) = drawing.places.get(index) else { return };
    let x = frame.x(*place);
    shapes.push(stroke("cursor", (x, frame.top), (x, frame.bottom)));
    for magnitude in drawing.series.iter().filter_map(|one| one.magnitudes.get(index)) {
        shapes.push(html! { <circle class="cursor" cx={pixels(x)} cy={pixels(frame.y(*magnitude))} r="3.5" /> });
    }
}

#[inline(never)]
fn stroke(class: &'static str, from: (i32, i32), to: (i32, i32)) -> Html {
    html! { <line {class} x1={pixels(from.0)} y1={pixels(from.1)} x2={pixels(to.0)} y2={pixels(to.1)} /> }
}

#[inline(never)]
fn word(class: &'static str, anchor: &'static str, at: (i32, i32), text: &str) -> Html {
    html! { <text {class} text-anchor={anchor} x={pixels(at.0)} y={pixels(at.1)}>{ plain(text) }</text> }
}
