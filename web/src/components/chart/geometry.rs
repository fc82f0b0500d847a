//! Where things are drawn: tenths of a pixel and thousandths of a decade, in integers. What it gives is never a figure.
//!
//! Integers keep binary floats, and the code that prints them, out of the page.

/// Thousandths of a power of ten: 3000 stands for 1,000.
pub type Magnitude = i32;

/// Thousandths in a decade.
pub const DECADE: Magnitude = 1000;

/// The magnitude of `mantissa` × 10^-`scale`; `None` for nothing and for less. Off by at most two thousandths.
pub fn magnitude(mantissa: i128, scale: u32) -> Option<Magnitude> {
    let head = u128::try_from(mantissa).ok().filter(|head| *head > 0)?;
    // Bring the number into [1, 10), written with nine places.
    let power = i32::try_from(head.ilog10()).ok()?;
    let mut number = match power.cmp(&9) {
        std::cmp::Ordering::Less => head * 10_u128.pow(u32::try_from(9 - power).ok()?),
        _ => head / 10_u128.pow(u32::try_from(power - 9).ok()?),
    };
    // The tenth power has the next digit of the logarithm as its number of decades.
    let mut fraction = 0;
    for _ in 0..3 {
        let (mut tenth, mut digit) = (ONE, 0);
        for _ in 0..10 {
            tenth = tenth * number / ONE;
            if tenth >= 10 * ONE {
                tenth /= 10;
                digit += 1;
            }
        }
        fraction = fraction * 10 + digit;
        number = tenth;
    }
    Some((power - i32::try_from(scale).ok()?) * DECADE + fraction)
}

const ONE: u128 = 1_000_000_000;

/// The whole powers of ten that enclose all magnitudes: at least one decade, at most `most`, the upper end kept.
pub fn decades(magnitudes: impl Iterator<Item = Magnitude> + Clone, most: i32) -> (i32, i32) {
    let (Some(low), Some(high)) = (magnitudes.clone().min(), magnitudes.max()) else { return (0, 1) };
    let high = high.div_euclid(DECADE) + i32::from(high.rem_euclid(DECADE) > 0);
    (low.div_euclid(DECADE).min(high - 1).max(high - most), high)
}

/// The frame of a chart: the plot's edges, in tenths of a pixel, and what they stand for, in powers of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Left.
    pub left: i32,
    /// Top.
    pub top: i32,
    /// Right.
    pub right: i32,
    /// Bottom.
    pub bottom: i32,
    /// The powers of ten at the left and the right edge.
    pub across: (i32, i32),
    /// The powers of ten at the lower and the upper edge.
    pub up: (i32, i32),
}

impl Frame {
    /// From the left.
    pub fn x(&self, magnitude: Magnitude) -> i32 {
        let (low, high) = self.across;
        self.left + share(magnitude - low * DECADE, (high - low) * DECADE, self.right - self.left)
    }

    /// From the top; nothing lies on the floor, and so does what is too small to be told from it.
    pub fn y(&self, magnitude: Option<Magnitude>) -> i32 {
        let (low, high) = self.up;
        let (above, all) = (magnitude.map_or(0, |m| m - low * DECADE), (high - low) * DECADE);
        self.bottom - share(above.clamp(0, all), all, self.bottom - self.top)
    }

    /// The index of the place nearest to a distance from the left.
    pub fn nearest(&self, places: &[Magnitude], x: i32) -> usize {
        let distance = |place: &Magnitude| (self.x(*place) - x).abs();
        let nearest = places.iter().enumerate().min_by_key(|(_, place)| distance(place));
        nearest.map_or(0, |(index, _)| index)
    }
}

fn share(part: i32, whole: i32, length: i32) -> i32 {
    let wide = i64::from(part) * i64::from(length) / i64::from(whole.max(1));
    i32::try_from(wide).unwrap_or(0)
}

/// Moves labels apart so that none covers another, keeping their order; returns their heights in the order given.
pub fn spread(heights: &[i32], gap: i32, (top, bottom): (i32, i32)) -> Vec<i32> {
    let mut placed = heights.to_vec();
    // Each in turn from the top: below the one before it. Labels are few.
    let mut before: Option<usize> = None;
    for _ in 0..heights.len() {
        let Some(next) = next_below(heights, before) else { break };
        let free = before.and_then(|index| placed.get(index)).map_or(top, |height| height + gap);
        if let Some(height) = placed.get_mut(next) {
            *height = (*height).max(free);
        }
        before = Some(next);
    }
    let lowest = placed.iter().copied().max().unwrap_or(bottom);
    let beyond = (lowest - bottom).max(0);
    placed.into_iter().map(|height| height - beyond).collect()
}

/// The index of the next height in rising order; of equal ones, in the order given.
fn next_below(heights: &[i32], before: Option<usize>) -> Option<usize> {
    let key = |index: usize| heights.get(index).map(|height| (*height, index));
    let last = before.and_then(key);
    (0..heights.len()).filter(|index| last.is_none() || key(*index) > last).min_by_key(|index| key(*index))
}

/// How much room a text takes at the chart's size, roughly: wide characters are Chinese.
pub fn text_width(text: &str) -> i32 {
    text.chars().map(|c| if u32::from(c) > 0x2e80 { 135 } else { 78 }).sum()
}

/// Tenths of a pixel as SVG writes them.
#[inline(never)]
pub fn pixels(tenths: i32) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    [sign, &whole.to_string(), ".", &tenth.to_string()].concat()
}

#[cfg(test)]
mod tests {
    use super::{Frame, decades, magnitude, pixels, spread};

    #[test]
    fn magnitudes_are_thousandths_of_a_power_of_ten() {
        assert_eq!(magnitude(1000, 0), Some(3000));
        assert_eq!(magnitude(1, 2), Some(-2000));
        assert_eq!(magnitude(10_i128.pow(28), 0), Some(28000));
        assert_eq!(magnitude(0, 2), None);
        assert_eq!(magnitude(-5, 0), None);
        // log10 of 2, 5 and 999 is 0.30103, 0.69897 and 2.99957.
        for (number, expected) in [(2, 301), (5, 698), (999, 2999)] {
            let found = magnitude(number, 0).unwrap();
            assert!((found - expected).abs() <= 2, "{number}: {found}");
        }
    }

    #[test]
    fn decades_enclose_and_are_never_empty() {
        assert_eq!(decades([300, 2700].into_iter(), 8), (0, 3));
        assert_eq!(decades([2000].into_iter(), 8), (1, 2));
        assert_eq!(decades([-9000, 5500].into_iter(), 7), (-1, 6));
        assert_eq!(decades(std::iter::empty(), 8), (0, 1));
    }

    #[test]
    fn nothing_lies_on_the_floor() {
        let frame = Frame { left: 0, top: 0, right: 900, bottom: 500, across: (1, 10), up: (0, 5) };
        assert_eq!(frame.y(None), 500);
        assert_eq!(frame.y(Some(-3000)), 500);
        assert_eq!(frame.y(Some(5000)), 0);
        assert_eq!((frame.x(1000), frame.x(10000)), (0, 900));
        assert_eq!(frame.nearest(&[1000, 5500, 10000], 500), 1);
    }

    #[test]
    fn labels_keep_their_order_and_their_distance() {
        assert_eq!(spread(&[10, 12, 11], 10, (0, 100)), [10, 30, 20]);
        assert_eq!(spread(&[99, 98], 10, (0, 100)), [100, 90]);
        assert_eq!(spread(&[5, 5], 10, (0, 100)), [5, 15]);
    }

    #[test]
    fn pixels_have_one_place() {
        assert_eq!([pixels(1234), pixels(-5), pixels(0)], ["123.4", "-0.5", "0.0"]);
    }
}
