//! A server on loopback that takes batches as Ratecard does, or answers what a test says. Only for tests.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use flate2::read::GzDecoder;
use serde_json::Value;

/// What the server does with a request.
pub(super) enum Reply {
    /// Takes the batch and says so.
    Take,
    /// Takes the batch and cuts the connection before it answers.
    TakeAndCut,
    /// Takes nothing and answers this status, header line and body.
    Say(u16, &'static str, &'static str),
}

#[derive(Default)]
pub(super) struct Seen {
    pub(super) script: VecDeque<Reply>,
    pub(super) headers: Vec<BTreeMap<String, String>>,
    /// The ids of each request's events.
    pub(super) batches: Vec<Vec<String>>,
    /// What is kept, by id.
    pub(super) events: BTreeMap<String, Value>,
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: String,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::on(listener)
    }

    pub(super) fn on(listener: TcpListener) -> Self {
        let url = format!("http://{}/v1/events", listener.local_addr().unwrap());
        let server = Self { url, seen: Arc::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serving.serve(stream.unwrap());
            }
        });
        server
    }

    pub(super) fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.0.lock().unwrap())
    }

    pub(super) fn will(&self, replies: impl IntoIterator<Item = Reply>) {
        self.seen(|seen| seen.script.extend(replies));
    }

    /// Waits until so many requests came.
    pub(super) fn wait_for_requests(&self, count: usize) {
        let (seen, changed) = &*self.seen;
        drop(changed.wait_while(seen.lock().unwrap(), |seen| seen.headers.len() < count).unwrap());
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut headers = BTreeMap::new();
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 0 && line.trim() != "" {
            if let Some((name, value)) = line.trim().split_once(": ") {
                headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
            line.clear();
        }
        let Some(length) = headers.get("content-length") else { return };
        let mut body = vec![0; length.parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let mut json = String::new();
        match headers.get("content-encoding").map(String::as_str) {
            Some("gzip") => GzDecoder::new(body.as_slice()).read_to_string(&mut json).unwrap(),
            _ => body.as_slice().read_to_string(&mut json).unwrap(),
        };
        let events: Vec<Value> = serde_json::from_str(&json).unwrap();
        self.reply(stream, headers, events);
    }

    fn reply(&self, mut stream: TcpStream, headers: BTreeMap<String, String>, events: Vec<Value>) {
        let (seen, changed) = &*self.seen;
        let mut seen = seen.lock().unwrap();
        let reply = seen.script.pop_front().unwrap_or(Reply::Take);
        seen.headers.push(headers);
        let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
        seen.batches.push(events.iter().map(id).collect());
        let answer = match reply {
            Reply::Take | Reply::TakeAndCut => {
                let before = seen.events.len();
                let count = events.len();
                seen.events.extend(events.into_iter().map(|event| (id(&event), event)));
                let new = seen.events.len() - before;
                let body = format!("{{\"accepted\":{new},\"duplicates\":{}}}", count - new);
                matches!(reply, Reply::Take).then_some((200, "", body))
            }
            Reply::Say(status, header, body) => Some((status, header, body.to_owned())),
        };
        drop(seen);
        changed.notify_all();
        if let Some((status, header, body)) = answer {
            let head =
                format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n{header}\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    }
}
