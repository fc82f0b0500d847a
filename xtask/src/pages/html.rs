//! Fills in what a page leaves to its builder: `<link data-trunk …>` tags become plain ones.
//! The same page therefore works with `trunk serve`; nothing else in it is touched.

use std::ops::Range;

/// What a page asks its builder to put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The program of the page: a binary of the web crate.
    Program { bin: String },
    /// A stylesheet, named from the root of the repository.
    Style { href: String },
    /// The picture in the tab.
    Icon { href: String },
}

/// Why a page cannot be filled in.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TagError {
    #[error("{page}: there is no <link data-trunk rel=\"{rel}\" …> tag to put the {rel} in")]
    Missing { page: String, rel: &'static str },

    #[error("{page}, line {line}: a second rel=\"rust\" tag; a page has one program")]
    SecondProgram { page: String, line: usize },

    #[error("{page}, line {line}: the data-trunk tag has no {attribute}")]
    NoAttribute { page: String, line: usize, attribute: &'static str },

    #[error("{page}, line {line}: rel=\"{rel}\" is not known here; allowed are rust, css and icon")]
    UnknownRel { page: String, line: usize, rel: String },

    #[error("{page}, line {line}: this <link tag is never closed")]
    Unclosed { page: String, line: usize },
}

/// A page and the places in it that are to be filled.
#[derive(Debug)]
pub(crate) struct Page {
    html: String,
    places: Vec<(Range<usize>, Wanted)>,
}

impl Page {
    /// Finds the places; a page must want a program and at least one stylesheet.
    pub(crate) fn parse(name: &str, html: &str) -> Result<Page, TagError> {
        let mut places: Vec<(Range<usize>, Wanted)> = Vec::new();
        let mut from = 0;
        while let Some(found) = html[from..].find("<link") {
            let start = from + found;
            let line = html[..start].matches('\n').count() + 1;
            let length = html[start..].find('>').ok_or_else(|| TagError::Unclosed { page: name.to_owned(), line })?;
            let end = start + length + 1;
            let attributes = attributes(&html[start + "<link".len()..end - 1]);
            if value(&attributes, "data-trunk").is_some() {
                let wanted = wanted(name, line, &attributes)?;
                if is_program(&wanted) && places.iter().any(|(_, other)| is_program(other)) {
                    let page = name.to_owned();
                    return Err(TagError::SecondProgram { page, line });
                }
                places.push((start..end, wanted));
            }
            from = end;
        }
        let page = Page { html: html.to_owned(), places };
        page.require(name)?;
        Ok(page)
    }

    pub(crate) fn wanted(&self) -> impl Iterator<Item = &Wanted> {
        self.places.iter().map(|(_, wanted)| wanted)
    }

    /// The page with every place replaced by what `tags` makes of it.
    pub(crate) fn fill<E>(&self, mut tags: impl FnMut(&Wanted) -> Result<String, E>) -> Result<String, E> {
        let mut filled = String::with_capacity(self.html.len());
        let mut from = 0;
        for (place, wanted) in &self.places {
            filled.push_str(&self.html[from..place.start]);
            filled.push_str(&tags(wanted)?);
            from = place.end;
        }
        filled.push_str(&self.html[from..]);
        Ok(filled)
    }

    fn require(&self, name: &str) -> Result<(), TagError> {
        let missing = |rel| Err(TagError::Missing { page: name.to_owned(), rel });
        if !self.wanted().any(is_program) {
            return missing("rust");
        }
        if !self.wanted().any(|wanted| matches!(wanted, Wanted::Style { .. })) {
            return missing("css");
        }
        Ok(())
    }
}

/// The tags that start a program: its module script, and its WASM asked for at the same moment.
pub(crate) fn program_tags(js: &str, wasm: &str) -> String {
    format!(
        "<link rel=\"preload\" href=\"{wasm}\" as=\"fetch\" type=\"application/wasm\" crossorigin>\n    \
         <script type=\"module\" src=\"{js}\"></script>"
    )
}

pub(crate) fn style_tag(css: &str) -> String {
    format!("<link rel=\"stylesheet\" href=\"{css}\">")
}

pub(crate) fn icon_tag(icon: &str) -> String {
    format!("<link rel=\"icon\" href=\"{icon}\">")
}

fn wanted(page: &str, line: usize, attributes: &[(&str, &str)]) -> Result<Wanted, TagError> {
    let required = |attribute| {
        value(attributes, attribute).map(str::to_owned).ok_or_else(|| TagError::NoAttribute {
            page: page.to_owned(),
            line,
            attribute,
        })
    };
    match required("rel")?.as_str() {
        "rust" => Ok(Wanted::Program { bin: required("data-bin")? }),
        "css" => Ok(Wanted::Style { href: required("href")? }),
        "icon" => Ok(Wanted::Icon { href: required("href")? }),
        rel => Err(TagError::UnknownRel { page: page.to_owned(), line, rel: rel.to_owned() }),
    }
}

fn is_program(wanted: &Wanted) -> bool {
    matches!(wanted, Wanted::Program { .. })
}

fn value<'a>(attributes: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    attributes.iter().find_map(|(key, value)| (*key == name).then_some(*value))
}

/// The attributes of a tag as we write them ourselves: quoted with `"`, or without a value.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        match after.strip_prefix("=\"") {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                found.push((key, value));
                rest = after;
            }
            None => {
                found.push((key, ""));
                rest = after.strip_prefix('=').unwrap_or(after);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<head>\n\
        <link rel=\"icon\" href=\"data:,\">\n\
        <link data-trunk rel=\"css\" href=\"web/style.css\" />\n\
        <link data-trunk rel=\"rust\" href=\"web/Cargo.toml\" data-bin=\"app\" data-wasm-opt=\"0\" />\n\
        </head>";

    #[test]
    fn trunk_tags_are_found_and_others_left_alone() {
        let page = Page::parse("a.html", PAGE).unwrap();
        let wanted: Vec<&Wanted> = page.wanted().collect();
        assert_eq!(
            wanted,
            [&Wanted::Style { href: "web/style.css".to_owned() }, &Wanted::Program { bin: "app".to_owned() },]
        );
    }

    #[test]
    fn fill_replaces_exactly_the_tags() {
        let page = Page::parse("a.html", PAGE).unwrap();
        let filled = page
            .fill(|wanted| {
                Ok::<_, TagError>(match wanted {
                    Wanted::Program { bin } => format!("({bin})"),
                    Wanted::Style { href } | Wanted::Icon { href } => format!("[{href}]"),
                })
            })
            .unwrap();
        assert_eq!(filled, "<head>\n<link rel=\"icon\" href=\"data:,\">\n[web/style.css]\n(app)\n</head>");
    }

    #[test]
    fn page_without_program_is_refused() {
        let html = "<link data-trunk rel=\"css\" href=\"a.css\">";
        let error = Page::parse("a.html", html).unwrap_err();
        assert_eq!(error.to_string(), "a.html: there is no <link data-trunk rel=\"rust\" …> tag to put the rust in");
    }

    #[test]
    fn page_without_style_is_refused() {
        let html = "<link data-trunk rel=\"rust\" data-bin=\"app\">";
        let error = Page::parse("a.html", html).unwrap_err();
        assert!(matches!(error, TagError::Missing { rel: "css", .. }));
    }

    #[test]
    fn program_without_bin_is_refused_with_its_line() {
        let error = Page::parse("a.html", "<p>\n<link data-trunk rel=\"rust\">").unwrap_err();
        let expected = TagError::NoAttribute { page: "a.html".to_owned(), line: 2, attribute: "data-bin" };
        assert_eq!(error, expected);
    }

    #[test]
    fn second_program_is_refused() {
        let tag = "<link data-trunk rel=\"rust\" data-bin=\"app\">";
        let error = Page::parse("a.html", &format!("{tag}\n{tag}")).unwrap_err();
        assert!(matches!(error, TagError::SecondProgram { .. }));
    }

    #[test]
    fn unknown_kind_is_refused() {
        let error = Page::parse("a.html", "<link data-trunk rel=\"sass\" href=\"a\">").unwrap_err();
        assert!(matches!(error, TagError::UnknownRel { .. }));
    }

    #[test]
    fn unclosed_tag_is_refused() {
        let error = Page::parse("a.html", "<link data-trunk rel=\"css\"").unwrap_err();
        assert!(matches!(error, TagError::Unclosed { line: 1, .. }));
    }

    #[test]
    fn attributes_may_lack_values_and_end_with_a_slash() {
        assert_eq!(
            attributes(" data-trunk rel=\"css\" href=\"a/b.css\" /"),
            [("data-trunk", ""), ("rel", "css"), ("href", "a/b.css")]
        );
        assert_eq!(attributes(" data-trunk/"), [("data-trunk", "")]);
    }
}
