//! Mappings as people write them, on lines as servers write them; and every mistake by its place.

use engine::usage::Event;
use serde_json::{Value, json};

use super::{Mapping, built_in};
use crate::LineProblem;
use crate::files::read_line;

const JSON: &str = r#"format = "json"
[event]
type = "api.call"
customer = "c"
time = "t"
"#;

fn mapping(text: &str) -> Mapping {
    Mapping::from_toml(text).unwrap_or_else(|problems| panic!("{}", problems.first().unwrap()))
}

fn read(mapping: &Mapping, line: impl AsRef<[u8]>) -> Result<Option<Event>, LineProblem> {
    read_line(mapping, "/s", line.as_ref(), |_| "line".to_owned())
}

fn data(event: &Event) -> Value {
    serde_json::to_value(&event.data).unwrap()
}

/// The code of the problem with a line under JSON and these keys of the data.
fn refused(keys: &str, line: &str) -> &'static str {
    let outcome = read(&mapping(&format!("{JSON}[data]\n{keys}")), line);
    outcome.map_err(|problem| problem.code()).expect_err(line)
}

#[test]
fn a_combined_line_becomes_the_event_that_it_always_was() {
    let line =
        r#"83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /images/a.png?x HTTP/1.1" 200 203023 "-" "Mozilla""#;
    for name in ["combined", "common"] {
        let event = read(&mapping(built_in(name).unwrap().toml), line).unwrap().unwrap();
        assert_eq!(
            (event.kind.as_str(), event.customer.as_str(), event.id.as_str()),
            ("http.request", "83.149.9.216", "line")
        );
        assert_eq!(event.time.to_rfc3339(), "2015-05-17T10:05:03+00:00");
        assert_eq!(data(&event), json!({ "api": "images", "bytes": "203023", "method": "GET", "status": 200 }));
    }
}

#[test]
fn a_json_line_of_nginx_is_read_exactly() {
    let nginx = mapping(built_in("nginx_json").unwrap().toml);
    let line = r#"{"time":"2026-12-01T08:30:00+08:00","request_id":"r1","customer":"acme","client":"1.2.3.4","method":"GET",
        "uri":"/v1/maps/x","status":200,"bytes":512,"request_time":0.0035}"#;
    let event = read(&nginx, line).unwrap().unwrap();
    assert_eq!((event.id.as_str(), event.customer.as_str()), ("r1", "acme"));
    let expected = json!({ "api": "v1", "bytes": "512", "latency_ms": "3.5", "method": "GET", "status": 200 });
    assert_eq!(data(&event), expected);
    assert_eq!(read(&nginx, line.replace("acme", "")), Ok(None), "nobody's request is passed over");
    let untimed = read(&nginx, line.replace("0.0035", "\"-\"")).unwrap().unwrap();
    assert_eq!(untimed.data.get("latency_ms"), None);
}

#[test]
fn a_json_line_of_envoy_is_read() {
    let line = r#"{"start_time":"2026-12-01T00:30:00.123Z","request_id":"r2","customer":"acme","method":"POST",
        "path":"/?q","response_code":429,"bytes_sent":0,"duration":12}"#;
    let event = read(&mapping(built_in("envoy_json").unwrap().toml), line).unwrap().unwrap();
    let expected = json!({ "api": "/", "bytes": "0", "latency_ms": "12", "method": "POST", "status": 429 });
    assert_eq!(data(&event), expected);
}

#[test]
fn a_regular_expression_takes_a_line_apart() {
    let text = r#"
format = "regex"
pattern = '^(?P<time>\S+ \S+) (?P<who>\w+) used (?P<n>\S+)$'
[event]
type = "tokens"
customer = "who"
time = { field = "time", format = "%Y-%m-%d %H:%M:%S", zone = "Asia/Shanghai" }
[data]
tokens = { field = "n", as = "integer" }
region = { value = "cn-east" }
"#;
    let event = read(&mapping(text), "2026-12-01 08:30:00 acme used 1.2e3").unwrap().unwrap();
    assert_eq!(
        (event.time.to_rfc3339().as_str(), data(&event)),
        ("2026-12-01T00:30:00+00:00", json!({ "tokens": 1200, "region": "cn-east" }))
    );
    assert_eq!(read(&mapping(text), "something else"), Err(LineProblem::NoMatch));
}

#[test]
fn only_and_except_say_which_lines_count_before_anything_else_is_asked() {
    let text = format!("{JSON}[only]\nstatus = [\"200\", \"201\"]\n[except]\npath = \"/health\"\nc = [\"\"]");
    let mapping = mapping(&text);
    let line = |status: &str, rest: &str| format!("{{\"t\":\"2026-12-01T00:00:00Z\",\"status\":{status}{rest}}}");
    let acme = ",\"c\":\"acme\"";
    assert!(read(&mapping, line("200", acme)).unwrap().is_some());
    assert!(read(&mapping, line("\"201\"", acme)).unwrap().is_some());
    assert_eq!(read(&mapping, line("404", acme)), Ok(None));
    assert_eq!(read(&mapping, line("null", acme)), Ok(None));
    assert_eq!(read(&mapping, line("200", ",\"c\":\"acme\",\"path\":\"/health\"")), Ok(None));
    assert_eq!(read(&mapping, line("200", "")), Ok(None), "a missing field is an empty text");
}

#[test]
fn names_and_values_are_just_data() {
    let text = format!("{JSON}[data]\n\"a\\\"b'; DROP TABLE events; --\" = \"/q\"\n\"\" = \"q\"");
    assert!(Mapping::from_toml(&text).is_err(), "but for an empty name");
    let text = format!("{JSON}[data]\n\"a\\\"b'; DROP TABLE events; --\" = \"/q\"");
    let mapping = mapping(&text);
    for value in (0..10_000).map(|number| format!("'; DELETE \\\"{number}\\\" \\u202e</script>")) {
        let line = format!("{{\"c\":\"x\",\"t\":\"2026-12-01T00:00:00Z\",\"q\":\"{value}\"}}");
        let event = read(&mapping, line).unwrap().unwrap();
        let expected: String = serde_json::from_str(&format!("\"{value}\"")).unwrap();
        assert_eq!(event.data.get("a\"b'; DROP TABLE events; --"), Some(&Value::String(expected)));
    }
}

#[test]
fn several_fields_make_an_id_that_keeps_them_apart() {
    let mapping = mapping(&JSON.replace("time = \"t\"", "time = \"t\"\nid = [\"a\", \"b\"]"));
    let id = |a: &str, b: &str| {
        let line = format!("{{\"c\":\"x\",\"t\":\"2026-12-01T00:00:00Z\",\"a\":\"{a}\",\"b\":\"{b}\"}}");
        read(&mapping, line).unwrap().unwrap().id
    };
    assert_eq!(id("a", "bc"), id("a", "bc"));
    assert_ne!(id("a", "bc"), id("ab", "c"));
    assert_eq!(id("a", "bc").len(), 32);
}

#[test]
fn what_is_wrong_with_a_line_has_a_name() {
    let with = |rest: &str| format!("{{\"c\":\"x\",\"t\":\"2026-12-01T00:00:00Z\"{rest}}}");
    let n = "n = { field = \"n\", as = \"decimal\" }";
    for (keys, line, code) in [
        ("", "{\"c\":".to_owned(), "not_json"),
        ("", "[1]".to_owned(), "not_an_object"),
        ("", with(",\"c\":\"y\""), "repeated_key"),
        ("", with("").replace("\"x\"", "\" x\""), "bad_customer"),
        ("", with("").replace("\"x\"", "null"), "field_missing"),
        ("", with("").replace("\"x\"", "{}"), "field_not_single"),
        ("", with("").replace('Z', ""), "time_without_zone"),
        ("", with("").replace("2026-12-01T00:00:00Z", "yesterday"), "bad_time"),
        ("", with("").replace("\"2026-12-01T00:00:00Z\"", "1796085000"), "bad_time"),
        ("n = \"n\"", with(""), "field_missing"),
        (n, with(",\"n\":\"NaN\""), "field_not_decimal"),
        (n, with(",\"n\":true"), "field_not_decimal"),
        (n, with(",\"n\":1e400"), "field_too_many_digits"),
        (n, with(&format!(",\"n\":{}", "1".repeat(29))), "field_too_many_digits"),
        (
            "n = { field = \"n\", scale = \"1000\" }",
            with(&format!(",\"n\":{}", "9".repeat(28))),
            "field_too_many_digits",
        ),
        ("n = { field = \"n\", as = \"integer\" }", with(",\"n\":1.5"), "field_not_integer"),
        ("n = { field = \"n\", pattern = \"^/(a+)\" }", with(",\"n\":\"/b\""), "field_no_match"),
        ("n = \"n\"", with(",\"n\":\"\\u0000\""), "control_character"),
        ("n = \"n\"", with(&format!(",\"n\":\"{}\"", "語".repeat(4097))), "text_too_long"),
    ] {
        assert_eq!(refused(keys, &line), code, "{keys} {line}");
    }
    assert_eq!(read(&mapping(JSON), b"{\"c\":\"\xff\"}"), Err(LineProblem::NotText(6)));
    let id = mapping(&JSON.replace("time = \"t\"", "time = \"t\"\nid = \"i\""));
    for (value, code) in [("\"\"", "empty_attribute"), ("\"a\\nb\"", "control_character"), ("null", "field_missing")] {
        assert_eq!(read(&id, with(&format!(",\"i\":{value}"))).unwrap_err().code(), code);
    }
    let long = with(&format!(",\"i\":\"{}\"", "i".repeat(256)));
    assert_eq!(read(&id, long).unwrap_err().code(), "text_too_long");
}

#[test]
fn defaults_cuts_and_what_may_be_missing_are_as_the_mapping_says() {
    let text = format!(
        "{JSON}[data]\na = {{ field = \"a\", pattern = \"^/(\\\\w+)\", default = \"/\" }}\nb = {{ field = \"b\", optional = \
         true }}\nc = {{ field = \"q\", cut = 2 }}\nd = \"d\"\ne = {{ field = \"d\", as = \"text\" }}"
    );
    let line = r#"{"c":"x","t":"2026-12-01T00:00:00Z","a":"-","q":"語語語","d":0.10}"#;
    let event = read(&mapping(&text), line).unwrap().unwrap();
    assert_eq!(data(&event), json!({ "a": "/", "c": "語語", "d": "0.1", "e": "0.10" }));
}

/// Every problem of a mapping, as it is told.
fn problems(text: &str) -> Vec<String> {
    Mapping::from_toml(text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn every_mistake_is_told_at_once_with_line_and_column() {
    let text = r#"format = "combined"
sauce = "x"
[event]
type = ""
customer = "clint"
time = { field = "time", format = "%d/%b/%Y:%H:%M:%S" }
[data]
bytes = { field = "bytes", as = "float" }
"#;
    let told = problems(text);
    let begins = [
        "line 2, column 1: sauce: the key \"sauce\" is not known here; known are source, format,",
        "line 4, column 8: event.type: this is empty;",
        "line 6, column 35: event.time.format: the pattern \"%d/%b/%Y:%H:%M:%S\" has no offset (%z)",
        "line 8, column 33: data.bytes.as: \"float\" is not known here; write text, decimal, integer",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begin) in told.iter().zip(begins) {
        assert!(told.starts_with(begin), "{told}");
    }
}

#[test]
fn each_mistake_of_a_mapping_has_its_sentence() {
    let json = |from: &str, to: &str| JSON.replace(from, to);
    for (text, said) in [
        ("format = ", "this is not TOML"),
        ("", "format is missing"),
        ("format = \"xml\"", "write combined, json, regex, csv, parquet, cloudevents"),
        ("format = \"json\"", "event is missing"),
        ("format = \"cloudevents\"\n[data]\na = \"b\"", "cloudevents are events already"),
        ("format = \"csv\"\ndelimiter = \"ab\"", "is not one character"),
        (&json("\"json\"", "\"regex\""), "pattern is missing"),
        (&json("\"json\"", "\"regex\"\npattern = \"(\""), "not a regular expression: unclosed group"),
        (&json("\"json\"", "\"regex\"\npattern = \"(a)\""), "no named group"),
        (&json("\"json\"", "\"json\"\npattern = \"a\""), "only format = \"regex\""),
        (&json("\"json\"", "\"combined\""), "there is no field \"c\"; there are client, user"),
        (&json("\"json\"", "\"parquet\""), "need id = "),
        (&json("time = \"t\"", "time = { field = \"t\", zone = \"Shanghai\" }"), "\"Shanghai\" is not a zone"),
        (&json("time = \"t\"", "time = { field = \"t\", format = \"unix\" }"), "\"unix\" is neither rfc3339"),
        (
            &json("time = \"t\"", "time = { field = \"t\", format = \"unix_millis\", zone = \"UTC\" }"),
            "a zone changes nothing",
        ),
        (&json("customer = \"c\"", "customer = 7"), "this is a whole number; write a table"),
        (&format!("{JSON}[data]\na = {{ field = \"a\", scale = \"1e3\" }}"), "not a plain decimal"),
        (&format!("{JSON}[data]\na = {{ field = \"a\", value = \"b\" }}"), "not both"),
        (&format!("{JSON}[data]\na = {{ field = \"a\", cut = 0 }}"), "0 is not from 1 to 4096"),
        (&format!("{JSON}[only]\na = []"), "name at least one value"),
    ] {
        let told = problems(text);
        assert!(told.iter().any(|problem| problem.contains(said)), "{said}: {told:#?}");
    }
}
