//! Server-sent events out of the bytes of an answer, which come in pieces cut anywhere.

/// Collects bytes until events are whole.
#[derive(Debug, Default)]
pub struct Events {
    bytes: Vec<u8>,
}

impl Events {
    /// Takes more bytes in and gives the data of the events that are whole now. Comments, which keep a connection open,
    /// are left out.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.bytes.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
            let rest = self.bytes.split_off(end.saturating_add(2));
            let event = std::mem::replace(&mut self.bytes, rest);
            events.extend(data(&String::from_utf8_lossy(&event)));
        }
        events
    }
}

fn data(event: &str) -> Option<String> {
    let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::Events;

    #[test]
    fn events_cut_anywhere_come_whole_and_in_order() {
        let stream = "event: figures\ndata: {\"名\":1}\n\n:\n\nevent: figures\ndata: a\ndata: b\n\ndata: not yet\n";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let all: Vec<String> = stream.as_bytes().chunks(size).flat_map(|piece| events.push(piece)).collect();
            assert_eq!(all, ["{\"名\":1}", "a\nb"], "in pieces of {size}");
        }
    }
}
