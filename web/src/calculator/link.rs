//! The scenario as a link: `#book=acme-api&plan=growth&calls=1200000&lang=en`.
//!
//! Readable and writable by hand. What a link says is only a wish; `Scenario` checks it against the book.

use engine::text::Lang;

/// What stands behind the `#` of an address, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// The book's id.
    pub book: Option<String>,
    /// The plan that is shown in detail.
    pub plan: Option<String>,
    /// The plans that are compared; all if absent.
    pub plans: Option<Vec<String>>,
    /// The meter on the curve's axis.
    pub over: Option<String>,
    /// The language.
    pub lang: Option<Lang>,
    /// Meter ids with quantities.
    pub quantities: Vec<(String, String)>,
    /// Parts of meters: the meter, the values that make the part, and its quantity.
    pub parts: Vec<(String, Vec<String>, String)>,
    /// What the plan's customer commits to, where that is not what the book says.
    pub commit: Option<String>,
}

/// A part of a link that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkProblem {
    /// The part as it stands in the link.
    pub part: String,
    /// What is wrong with it.
    pub kind: LinkProblemKind,
}

/// What can be wrong with a part of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkProblemKind {
    /// There is no such book here.
    Book,
    /// The book has no such plan.
    Plan,
    /// The book has no such meter.
    Meter,
    /// Not a quantity that the page takes.
    Quantity,
    /// Not a language that the page speaks.
    Language,
}

/// Keys with a meaning of their own. A meter that is called like one of them is written with [`METER_PREFIX`].
const RESERVED: [&str; 6] = ["book", "plan", "plans", "over", "lang", "commit"];

const METER_PREFIX: &str = "meter.";

/// Reads what stands behind the `#`, with or without it; reports what is unreadable by itself.
#[inline(never)] // Not in the first part of the program.
pub fn decode(hash: &str) -> (Link, Vec<LinkProblem>) {
    let (mut link, mut problems) = (Link::default(), Vec::new());
    for part in hash.trim_start_matches('#').split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = percent_decoded(value);
        match key {
            "book" => link.book = Some(value),
            "plan" => link.plan = Some(value),
            "plans" => link.plans = Some(value.split(',').map(str::to_owned).collect()),
            "over" => link.over = Some(value),
            "commit" => link.commit = Some(value),
            "lang" => match read_lang(&value) {
                Some(lang) => link.lang = Some(lang),
                None => problems.push(LinkProblem { part: part.to_owned(), kind: LinkProblemKind::Language }),
            },
            meter => {
                let meter = percent_decoded(meter.strip_prefix(METER_PREFIX).unwrap_or(meter));
                match meter.split_once('[') {
                    Some((meter, values)) => link.parts.push((meter.to_owned(), values_of(values), value)),
                    None => link.quantities.push((meter, value)),
                }
            }
        }
    }
    (link, problems)
}

/// Writes a link, without the `#`. Ids and numbers need no escaping.
pub fn encode(link: &Link) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut push = |key: &str, value: &str| parts.push([key, "=", value].concat());
    if let Some(book) = &link.book {
        push("book", book);
    }
    if let Some(plan) = &link.plan {
        push("plan", plan);
    }
    if let Some(plans) = &link.plans {
        push("plans", &plans.join(","));
    }
    for (meter, quantity) in &link.quantities {
        let is_reserved = RESERVED.contains(&meter.as_str()) || meter.starts_with(METER_PREFIX);
        let prefix = if is_reserved { METER_PREFIX } else { "" };
        push(&[prefix, meter].concat(), quantity);
    }
    for (meter, values, quantity) in &link.parts {
        push(&part_key(meter, values), quantity);
    }
    if let Some(over) = &link.over {
        push("over", over);
    }
    if let Some(commit) = &link.commit {
        push("commit", commit);
    }
    if let Some(lang) = link.lang {
        push("lang", lang.pick("zh", "en"));
    }
    parts.join("&")
}

/// The values between the brackets. Commas in them are escaped twice, so that programs which undo escapes do no harm.
#[inline(never)] // Not in the first part of the program.
fn values_of(text: &str) -> Vec<String> {
    let text = text.strip_suffix(']').unwrap_or(text);
    if text.is_empty() { Vec::new() } else { text.split(',').map(percent_decoded).collect() }
}

/// `tokens[small,input]`, with everything escaped that has a meaning in a link.
#[inline(never)] // Not in the first part of the program.
fn part_key(meter: &str, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| escaped(&escaped(value))).collect();
    let prefix = if RESERVED.contains(&meter) || meter.starts_with(METER_PREFIX) { METER_PREFIX } else { "" };
    [prefix, meter, "[", &values.join(","), "]"].concat()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'*' => {
                escaped.push(char::from(byte))
            }
            _ => {
                escaped.push('%');
                for half in [byte >> 4, byte & 15] {
                    escaped.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    escaped
}

/// `zh`, `en` and tags that begin with them, like `zh-CN`.
pub fn read_lang(tag: &str) -> Option<Lang> {
    match tag.split(['-', '_']).next() {
        Some("zh" | "ZH") => Some(Lang::Zh),
        Some("en" | "EN") => Some(Lang::En),
        Some(_) | None => None,
    }
}

/// Some programs escape what they pass on: `1%2C200` is `1,200`. What is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::{Link, LinkProblemKind, decode, encode};
    use engine::text::Lang;

    #[test]
    fn a_link_is_read_back_as_it_was_written() {
        let link = Link {
            book: Some("acme-api".to_owned()),
            plan: Some("growth".to_owned()),
            plans: Some(vec!["starter".to_owned(), "growth".to_owned()]),
            over: Some("calls".to_owned()),
            lang: Some(Lang::En),
            quantities: vec![
                ("calls".to_owned(), "1200000".to_owned()),
                ("plan".to_owned(), "3".to_owned()),
                ("meter.x".to_owned(), "0.5".to_owned()),
            ],
            parts: vec![
                ("tokens".to_owned(), vec!["小 a,b]".to_owned(), "x=%2C".to_owned()], "7".to_owned()),
                ("plan".to_owned(), Vec::new(), "5x100".to_owned()),
            ],
            commit: Some("5000".to_owned()),
        };
        let text = encode(&link);
        assert_eq!(
            text,
            "book=acme-api&plan=growth&plans=starter,growth&calls=1200000&meter.plan=3&meter.meter.x=0.5\
             &tokens[%25E5%25B0%258F%2520a%252Cb%255D,x%253D%25252C]=7&meter.plan[]=5x100&over=calls&commit=5000&lang=en"
        );
        assert_eq!(decode(&["#", &text].concat()), (link, Vec::new()));
    }

    #[test]
    fn an_empty_link_wishes_nothing() {
        for hash in ["", "#", "#&&"] {
            assert_eq!(decode(hash), (Link::default(), Vec::new()), "{hash}");
        }
    }

    #[test]
    fn an_unknown_language_is_reported_and_the_rest_is_used() {
        let (link, problems) = decode("#lang=fr&calls=5k");
        assert_eq!(link.quantities, [("calls".to_owned(), "5k".to_owned())]);
        assert_eq!(problems.len(), 1);
        assert!(problems.iter().all(|p| p.kind == LinkProblemKind::Language && p.part == "lang=fr"));
    }

    #[test]
    fn escapes_are_undone_and_broken_ones_stay() {
        let (link, _) = decode("#calls=1%2C200&gb=120%E4%B8%87&x=5%&y=%zz");
        let values: Vec<&str> = link.quantities.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(values, ["1,200", "120万", "5%", "%zz"]);
    }
}
