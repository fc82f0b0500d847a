//! The pages in Chromium, used as a person would: typing, clicking, by keyboard, narrow and wide, in both languages.

#[path = "support/browser.rs"]
mod browser;
#[path = "support/environment.rs"]
mod environment;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use browser::{Driver, wait_for};
use engine::wire::answer_json;
use environment::prepared;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

fn hook(name: &str) -> String {
    format!("[data-test=\"{name}\"]")
}

async fn text(client: &Client, name: &str) -> String {
    client.find(Locator::Css(&hook(name))).await.unwrap().text().await.unwrap()
}

/// Scrolls an element to the middle, where no sticky bar covers it, and clicks it.
async fn click(client: &Client, name: &str) {
    let script = format!("document.querySelector('{}').scrollIntoView({{ block: 'center' }})", hook(name));
    client.execute(&script, Vec::new()).await.unwrap();
    client.find(Locator::Css(&hook(name))).await.unwrap().click().await.unwrap();
}

async fn is_there(client: &Client, name: &str) -> bool {
    !client.find_all(Locator::Css(&hook(name))).await.unwrap().is_empty()
}

async fn wait_for_hook(client: &Client, name: &str) {
    wait_for(client, name, &format!("return document.querySelector('{}') !== null", hook(name))).await;
}

async fn wait_for_text(client: &Client, name: &str, part: &str) {
    let script = format!("return document.querySelector('{}')?.textContent.includes({})", hook(name), json!(part));
    let says = format!("return document.querySelector('{}')?.textContent ?? ''", hook(name));
    let before = client.execute(&says, Vec::new()).await.unwrap();
    wait_for(client, &format!("{name} to say {part}, not {before}"), &script).await;
}

/// Replaces what stands in a field, as somebody would who selects all and types.
async fn type_into(client: &Client, name: &str, value: &str) {
    let field = client.find(Locator::Css(&hook(name))).await.unwrap();
    // In the middle, where the bar with the total does not cover it.
    let show = format!("document.querySelector('{}').scrollIntoView({{ block: 'center' }})", hook(name));
    client.execute(&show, Vec::new()).await.unwrap();
    field.click().await.unwrap();
    field.send_keys("\u{e009}a\u{e000}").await.unwrap();
    field.send_keys(value).await.unwrap();
}

/// The calculator on static files alone, opened at a link.
async fn calculator(driver: &Driver, switches: &[&str], link: &str) -> (Client, String) {
    let address = browser::serve(&prepared("TEST_DIST")).await;
    let client = driver.browser(switches).await;
    let base = format!("http://{address}/");
    client.goto(&format!("{base}{link}")).await.unwrap();
    wait_for_hook(&client, "total").await;
    (client, base)
}

const LINK: &str = "#book=acme-api&plan=starter&calls=3400000&traffic=0&recognition=0&lang=en";

#[tokio::test]
async fn the_calculator_shows_the_price_that_the_engine_bills() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], LINK).await;
    // Starter: 99.00 a month; 3,400,000 calls less 1,000,000 included = 2,400,000 × 0.40 ÷ 1,000 = 960.00. Net 1,059.00,
    // VAT 6 % 63.54, together 1,122.54; twelve months 13,470.48.
    assert_eq!(text(&client, "total").await, "CN¥1,122.54");
    assert!(text(&client, "year").await.contains("CN¥13,470.48"));
    let book = include_str!("../../examples/acme-api.toml");
    let usage = json!([{ "meter": "calls", "quantity": "3400000" }]);
    let ask = json!({ "book": book, "ask": { "door": "rate", "plan": "starter", "usage": usage } });
    let answer: Value = serde_json::from_str(&answer_json(&ask.to_string())).unwrap();
    assert_eq!(answer["total"], "1122.54");
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_line_opens_to_its_steps() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], LINK).await;
    assert!(!is_there(&client, "steps-calls").await);
    click(&client, "line-calls").await;
    wait_for_hook(&client, "steps-calls").await;
    let steps = text(&client, "steps-calls").await;
    for sentence in [
        "1,000,000 calls included, 1,000,000 of them used; to be charged: 2,400,000 calls",
        "first 10,000,000: 2,400,000 × CN¥0.40 per 1,000 calls",
        "CN¥960.00",
    ] {
        assert!(steps.contains(sentence), "{steps}");
    }
    client.close().await.unwrap();
}

#[tokio::test]
async fn units_that_people_use_are_understood_and_nonsense_is_explained() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], LINK).await;
    for same in ["340万", "3.4M", "3400k", "3,400,000"] {
        type_into(&client, "quantity-calls", "0").await;
        wait_for_text(&client, "total", "CN¥104.94").await; // 99.00 × 1.06
        type_into(&client, "quantity-calls", same).await;
        wait_for_text(&client, "total", "CN¥1,122.54").await;
    }
    // Of 1e40 the first letter is a figure, 1, which the page takes at once; it is the last good one.
    for (nonsense, total) in [("abc", "CN¥1,122.54"), ("-1", "CN¥1,122.54"), ("1e40", "CN¥104.94")] {
        type_into(&client, "quantity-calls", nonsense).await;
        let field = hook("quantity-calls");
        let invalid = format!("return document.querySelector('{field}').getAttribute('aria-invalid') === 'true'");
        wait_for(&client, &format!("{nonsense} to be refused"), &invalid).await;
        assert_eq!(text(&client, "total").await, total, "the last good figure stays after {nonsense}");
    }
    client.close().await.unwrap();
}

#[tokio::test]
async fn the_slider_works_by_keyboard_and_the_total_follows() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], LINK).await;
    let slider = client.find(Locator::Css(&hook("slider-calls"))).await.unwrap();
    slider.send_keys("\u{e010}").await.unwrap(); // End: 10 billion
    // Starter at 10,000,000,000 calls: 9,999,000,000 are charged: 10,000,000 × 0.40/1,000 = 4,000 and
    // 9,989,000,000 × 0.30/1,000 = 2,996,700; with 99 net 3,000,799.00, with VAT 3,180,846.94.
    wait_for_text(&client, "total", "CN¥3,180,846.94").await;
    slider.send_keys("\u{e011}").await.unwrap(); // Home: nothing
    wait_for_text(&client, "total", "CN¥104.94").await;
    client.close().await.unwrap();
}

#[tokio::test]
async fn the_cheapest_plan_is_marked_and_the_curve_says_where_it_changes() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], LINK).await;
    // Trial at 3,400,000 calls: 3,300,000 × 0.60/1,000 = 1,980.00 × 1.06; Growth 999.00 × 1.06 = 1,058.94, the cheapest.
    let marked =
        format!("return document.querySelector('{}').closest('label, li, tr, div').textContent", hook("cheapest"));
    let marked = client.execute(&marked, Vec::new()).await.unwrap();
    assert!(marked.as_str().unwrap().contains("Growth"), "{marked}");
    wait_for_hook(&client, "curve").await;
    let says = "return /cheap/.test(document.querySelector('[data-test^=curve][data-test$=title]')?.textContent)";
    wait_for(&client, "the curve's title to say which plan is cheap", says).await;
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_shared_link_opens_the_same_scenario() {
    let driver = Driver::start();
    let (client, base) = calculator(&driver, &[], LINK).await;
    type_into(&client, "quantity-calls", "12345678").await;
    // Starter: 11,345,678 charged: 4,000.00 + 1,345,678 × 0.30/1,000 = 403.7034, together 4,403.70; net 4,502.70,
    // VAT 270.162, total 4,772.86.
    wait_for_text(&client, "total", "CN¥4,772.86").await;
    wait_for(&client, "the link", "return location.hash.includes('calls=12345678')").await;
    let link = client.current_url().await.unwrap().to_string();
    client.goto("about:blank").await.unwrap();
    client.goto(&link).await.unwrap();
    wait_for_text(&client, "total", "CN¥4,772.86").await;
    client.goto("about:blank").await.unwrap();
    client.goto(&format!("{base}#book=acme-api&plan=nowhere&calls=lots&lang=en")).await.unwrap();
    wait_for_hook(&client, "notices").await;
    let notices = text(&client, "notices").await;
    assert!(notices.contains("nowhere") && notices.contains("lots"), "{notices}");
    client.close().await.unwrap();
}

#[tokio::test]
async fn the_page_speaks_the_browsers_language_and_switches() {
    let driver = Driver::start();
    let (client, _) =
        calculator(&driver, &["--lang=zh-CN", "--accept-lang=zh-CN"], "#book=acme-api&plan=starter&calls=3400000")
            .await;
    let lang = "return document.documentElement.lang";
    assert_eq!(client.execute(lang, Vec::new()).await.unwrap(), json!("zh-CN"));
    assert_eq!(text(&client, "total").await, "¥1,122.54");
    assert!(text(&client, "line-base").await.contains("月费"));
    click(&client, "lang").await;
    wait_for_text(&client, "line-base", "Base fee").await;
    assert_eq!(client.execute(lang, Vec::new()).await.unwrap(), json!("en"));
    // The live region follows a moment later.
    let left_over = "return [...document.querySelector('#app').innerText].filter((letter) =>
        letter >= '\u{4e00}' && letter <= '\u{9fff}' && !'中文万亿'.includes(letter)).length === 0";
    wait_for(&client, "the last Chinese word to leave the English page", left_over).await;
    client.close().await.unwrap();
}

#[tokio::test]
async fn nothing_is_wider_than_the_screen_and_every_control_has_a_name() {
    let driver = Driver::start();
    let (client, base) = calculator(&driver, &[], LINK).await;
    let wide = "book=acme-api&calls=9999999999&traffic=9999999999999&recognition=9999999999";
    let parts = "book=algebra&plan=committed&commit=999999&storage=9999999999";
    let sizes = [(320, "en"), (320, "zh"), (360, "en"), (768, "zh"), (1280, "en"), (1920, "zh")];
    for (link, (width, lang)) in [wide, parts].into_iter().flat_map(|link| sizes.map(|size| (link, size))) {
        let frame = format!(
            "const old = document.getElementById('narrow'); if (old) old.remove();
             const frame = document.createElement('iframe'); frame.id = 'narrow';
             frame.style = 'width:{width}px;height:900px;border:0'; document.body.append(frame);
             frame.src = '{base}#{link}&lang={lang}';"
        );
        client.execute(&frame, Vec::new()).await.unwrap();
        let ready =
            format!("return !!document.getElementById('narrow').contentDocument?.querySelector('{}')", hook("total"));
        wait_for(&client, &format!("the page at {width}"), &ready).await;
        let wide = "const page = document.getElementById('narrow').contentDocument, width = page.documentElement.clientWidth;
            if (page.documentElement.scrollWidth <= width) return [];
            const scrolls = (element) => element && (/auto|scroll|hidden/.test(page.defaultView.getComputedStyle(element).overflowX)
              || scrolls(element.parentElement));
            return [...page.querySelectorAll('body *')]
              .filter((element) => element.getBoundingClientRect().right > width && !scrolls(element.parentElement))
              .map((element) => element.outerHTML.slice(0, 200))";
        let wide = client.execute(wide, Vec::new()).await.unwrap();
        assert_eq!(wide, json!([]), "at {width} px in {lang} these are wider than the screen");
    }
    let nameless = "return [...document.querySelectorAll('#app input, #app button, #app select, #app a')].filter((element) =>
        !(element.ariaLabel || element.getAttribute('aria-labelledby') || element.labels?.length || element.textContent.trim()))
        .map((element) => element.outerHTML)";
    assert_eq!(client.execute(nameless, Vec::new()).await.unwrap(), json!([]), "controls without a name");
    client.close().await.unwrap();
}

/// The book with everything: see `web/src/calculator/parts_tests.rs` for how 203.68 comes about.
const PARTS: &str = "#book=algebra&plan=flex&tokens[lumen-mini,input]=10M&compute[C40,%E9%AB%98%E5%B3%B0%20peak]=10&payments[]=100x100&storage=0&seats=0&lang=en";

#[tokio::test]
async fn usage_in_parts_is_priced_row_by_row_and_shared_by_link() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], PARTS).await;
    wait_for_text(&client, "total", "CN¥203.68").await;
    assert!(text(&client, "sum-tokens").await.contains("10,000,000"));
    // A row more: the first combination that has none yet.
    click(&client, "add-tokens").await;
    wait_for_hook(&client, "quantity-tokens-1").await;
    let choose = format!(
        "const list = document.querySelector('{}'); list.value = 'cached'; list.dispatchEvent(new Event('change', {{ bubbles: true }}))",
        hook("choose-tokens-1-kind")
    );
    client.execute(&choose, Vec::new()).await.unwrap();
    type_into(&client, "quantity-tokens-1", "0").await;
    // One hour of the night on the same card: 5.20 more, and 8 % of it: 196.82; VAT 11.81, levy 0.5 % of 208.63 = 1.04.
    let night = "return [...document.querySelectorAll('[data-test^=\"quantity-compute-\"]')].find((field) =>
        document.querySelector(`label[for=\"${field.id}\"]`).textContent.includes('C40 · 低谷 night')).dataset.test";
    let night = client.execute(night, Vec::new()).await.unwrap();
    type_into(&client, night.as_str().unwrap(), "1").await;
    wait_for_text(&client, "total", "CN¥209.67").await;
    wait_for(&client, "the link", "return decodeURIComponent(location.hash).includes('night]=1')").await;
    let link = client.current_url().await.unwrap().to_string();
    client.goto("about:blank").await.unwrap();
    client.goto(&link).await.unwrap();
    wait_for_text(&client, "total", "CN¥209.67").await;
    assert!(!is_there(&client, "notices").await);
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_line_in_parts_opens_to_a_tree() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], PARTS).await;
    click(&client, "line-tokens").await;
    wait_for_hook(&client, "steps-tokens").await;
    let inner = format!("return document.querySelector('{} li ol li')?.textContent ?? ''", hook("steps-tokens"));
    assert_ne!(client.execute(&inner, Vec::new()).await.unwrap(), json!(""));
    client.close().await.unwrap();
}

#[tokio::test]
async fn another_commitment_says_what_it_would_cost() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], &PARTS.replace("flex", "committed")).await;
    wait_for_text(&client, "total", "CN¥3,189.99").await;
    type_into(&client, "quantity-commit", "100").await;
    wait_for_text(&client, "commit-answer", "CN¥187.99 a month, CN¥3,002.00 less than now").await;
    assert_eq!(text(&client, "total").await, "CN¥3,189.99");
    click(&client, "plan-flex").await;
    wait_for_text(&client, "total", "CN¥203.68").await;
    assert!(!is_there(&client, "commit").await);
    client.close().await.unwrap();
}

/// Types many quantities and prints how long the page took from the input to the new total. Times are shown, not judged.
#[tokio::test]
async fn every_input_shows_its_total_at_once() {
    let driver = Driver::start();
    let (client, _) = calculator(&driver, &[], LINK).await;
    let script = format!(
        "const field = document.querySelector('{field}'), total = document.querySelector('{total}');
         const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
         const done = arguments[arguments.length - 1], times = [], totals = new Set();
         let index = 0;
         const next = () => {{
           if (index === 300) return done([times.sort((a, b) => a - b), totals.size]);
           index += 1;
           const before = total.textContent, start = performance.now();
           const seen = new MutationObserver(() => {{
             if (document.querySelector('{total}').textContent === before) return;
             seen.disconnect(); times.push(performance.now() - start);
             totals.add(document.querySelector('{total}').textContent); setTimeout(next, 0);
           }});
           seen.observe(document.body, {{ subtree: true, childList: true, characterData: true }});
           set.call(field, String(1000000 + index * 7919)); field.dispatchEvent(new Event('input', {{ bubbles: true }}));
         }};
         next();",
        field = hook("quantity-calls"),
        total = hook("total"),
    );
    let measured = client.execute_async(&script, Vec::new()).await.unwrap();
    let times: Vec<f64> = serde_json::from_value(measured[0].clone()).unwrap();
    assert_eq!(times.len(), 300, "every input changed the total");
    assert!(measured[1].as_u64().unwrap() > 250, "the totals differ as the quantities do");
    println!("input to new total, ms: median {:.2}, p99 {:.2}, longest {:.2}", times[149], times[296], times[299]);
    client.close().await.unwrap();
}

/// A server with demo data on a free port, and what it printed; ends with the value.
struct Demo {
    child: Child,
    lines: Vec<String>,
    base: String,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(prepared("TEST_RATECARD"))
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .arg("--web")
            .arg(prepared("TEST_DIST"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            lines.push(line);
            // The last thing it says before it serves.
            if lines.last().is_some_and(|line: &String| line.starts_with("Try:")) {
                break;
            }
        }
        let calculator =
            lines.iter().find_map(|line| line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")));
        let base = calculator
            .expect("the demo prints its address")
            .split("/#")
            .next()
            .unwrap()
            .trim_end_matches('/')
            .to_owned();
        Self { child, lines, base, folder }
    }

    fn token(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("operator-token")).unwrap().trim().to_owned()
    }

    /// The addresses of the trial pages.
    fn trials(&self) -> Vec<String> {
        let words = self.lines.iter().flat_map(|line| line.split_whitespace());
        words.filter(|word| word.contains("/trial.html?lang=en#")).map(str::to_owned).collect()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_trial_page_shows_live_quotas_and_follows_new_events() {
    let demo = Demo::start();
    let trials = demo.trials();
    assert!(!trials.is_empty(), "{:?}", demo.lines);
    let driver = Driver::start();
    let client = driver.browser(&["--lang=en-US"]).await;
    client.goto(&trials[0]).await.unwrap();
    wait_for_hook(&client, "headline").await;
    assert!(is_there(&client, "quota-calls").await);
    let before = text(&client, "quota-calls").await;
    let script = "const [base, token, trial] = arguments, done = arguments[3];
        (async () => {
          const key = trial.split('#')[1].split('&')[0];
          const mine = await (await fetch(base + '/v1/trial', { headers: { authorization: 'Bearer ' + key } })).json();
          const event = { specversion: '1.0', id: 'browser-test', source: 'test', type: 'api.call', subject: mine.customer,
            time: new Date().toISOString(), data: { api: 'maps', bytes: '12345' } };
          const answer = await fetch(base + '/v1/events', { method: 'POST', body: JSON.stringify(event),
            headers: { authorization: 'Bearer ' + token, 'content-type': 'application/cloudevents+json' } });
          return answer.status;
        })().then(done, (error) => done(String(error)));";
    let arguments = vec![json!(demo.base), json!(demo.token()), json!(trials[0])];
    assert_eq!(client.execute_async(script, arguments).await.unwrap(), json!(200));
    let changed = format!("return document.querySelector('{}').innerText !== {}", hook("quota-calls"), json!(before));
    wait_for(&client, "the quota to follow the event", &changed).await;
    client.goto("about:blank").await.unwrap();
    client.goto(&trials[0].replace("lang=en", "lang=zh")).await.unwrap();
    wait_for(&client, "the page in Chinese", "return document.documentElement.lang === 'zh-CN'").await;
    wait_for_text(&client, "headline", "。").await;
    client.goto("about:blank").await.unwrap();
    client.goto(&format!("{}/trial.html?lang=en#not-a-token", demo.base)).await.unwrap();
    client.refresh().await.unwrap();
    wait_for_hook(&client, "refusal").await;
    client.close().await.unwrap();
}

#[tokio::test]
async fn the_server_serves_the_calculator_with_its_own_book() {
    let demo = Demo::start();
    let driver = Driver::start();
    let client = driver.browser(&[]).await;
    client.goto(&format!("{}/{LINK}", demo.base)).await.unwrap();
    wait_for_text(&client, "total", "CN¥1,122.54").await;
    client.close().await.unwrap();
}
