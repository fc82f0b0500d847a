//! What keeping events costs: each run measures one thing and prints a name, a tab and a figure a line.
//! `cargo xtask bench-ingest` runs it in turns and compares.

#[cfg(feature = "http")]
mod bill_run;
#[cfg(feature = "http")]
mod http;
mod latency;
mod library;
mod made_up;
mod place;
mod plain_loop;
#[cfg(feature = "http")]
mod rated_file;
mod stored;

use std::env::args;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let names: Vec<String> = args().skip(1).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().expect("a count");
    match names[..] {
        ["batches-ours", events] => runtime.block_on(library::batches(number(events))),
        ["batches-keyed-loop", events] => plain_loop::batches(number(events), true),
        ["batches-plain-loop", events] => plain_loop::batches(number(events), false),
        ["writers", writers, events] => runtime.block_on(library::writers(number(writers), number(events))),
        ["stored", events] => runtime.block_on(stored::grow(number(events))),
        ["latency", per_second, seconds] => {
            runtime.block_on(latency::accepted_to_heard(number(per_second), number(seconds)));
        }
        #[cfg(feature = "http")]
        ["http-ours", events] => http::ours(&runtime, number(events)),
        #[cfg(feature = "http")]
        ["http-quota", requests] => http::quota(&runtime, number(requests)),
        #[cfg(feature = "http")]
        ["http-visible", per_second, seconds] => http::visible(&runtime, number(per_second), number(seconds)),
        #[cfg(feature = "http")]
        ["http-parse-only", events] => http::parse_only(&runtime, number(events)),
        #[cfg(feature = "http")]
        ["rated-file", rows, file] => rated_file::write(number(rows), file.as_ref()),
        #[cfg(feature = "http")]
        ["bill-prepare", file, folder] => runtime.block_on(bill_run::prepare(file.as_ref(), folder.as_ref())),
        #[cfg(feature = "http")]
        ["bill-drafts", folder, out] => runtime.block_on(bill_run::drafts(folder.as_ref(), out.as_ref())),
        #[cfg(feature = "http")]
        ["bill-run", folder, out] => runtime.block_on(bill_run::run(folder.as_ref(), out.as_ref())),
        _ => panic!("say what to measure; see main.rs"),
    }
}

/// Prints a figure.
fn say(name: &str, figure: f64) {
    println!("{name}\t{figure}");
}
