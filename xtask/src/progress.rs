//! Says which step of how many is running, what it is likely to take, and what is left.
//! All of it goes to standard error, between the lines of cargo and its like.

use std::fmt;
use std::time::{Duration, Instant};

use crate::error::Failure;

/// One step of a command, with what it took on two cores when these figures were last measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) title: String,
    /// Seconds the first time, on a machine that has nothing built.
    pub(crate) cold_seconds: u64,
    /// Seconds when only our own crates have changed.
    pub(crate) warm_seconds: u64,
    pub(crate) is_cold: bool,
}

impl Step {
    pub(crate) fn expected(&self) -> Duration {
        Duration::from_secs(if self.is_cold { self.cold_seconds } else { self.warm_seconds })
    }
}

/// The steps of one command in their order. Each is run by calling [`Progress::step`] once.
pub(crate) struct Progress {
    steps: Vec<Step>,
    begun: usize,
    started: Instant,
}

impl Progress {
    /// Announces the whole command.
    pub(crate) fn new(command: &str, steps: Vec<Step>) -> Progress {
        let expected: Duration = steps.iter().map(Step::expected).sum();
        let cold = if steps.iter().any(|step| step.is_cold) {
            "; some of it for the first time here, so cargo has much to compile"
        } else {
            ""
        };
        eprintln!("cargo xtask {command}: {} steps, about {}{cold}", steps.len(), Words(expected));
        Progress { steps, begun: 0, started: Instant::now() }
    }

    /// Runs the next step and tells how long it took.
    pub(crate) fn step<T>(&mut self, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let before = Instant::now();
        eprintln!("{}", headline(&self.steps, self.begun));
        self.begun = self.begun.saturating_add(1);
        let done = work()?;
        eprintln!("[{}/{}] done in {}", self.begun, self.steps.len(), Words(before.elapsed()));
        Ok(done)
    }

    /// Closes the command with the time it took.
    pub(crate) fn finish(self, what: impl fmt::Display) {
        eprintln!("{what} (after {})", Words(self.started.elapsed()));
    }
}

/// `[2/6] building the pages (about 1 min; then about 30 s more)`
fn headline(steps: &[Step], index: usize) -> String {
    let Some(step) = steps.get(index) else {
        return "[+] one more step than announced".to_owned();
    };
    let after: Duration = steps.iter().skip(index + 1).map(Step::expected).sum();
    let then = if after.is_zero() { String::new() } else { format!("; then about {} more", Words(after)) };
    // What was built before may need nothing at all now.
    let measure = if step.is_cold { "about" } else { "up to" };
    let expected = Words(step.expected());
    format!("[{}/{}] {} ({measure} {expected}{then})", index + 1, steps.len(), step.title)
}

/// A duration as one would say it: 0.4 s, 12 s, 3 min 20 s.
pub(crate) struct Words(pub(crate) Duration);

impl fmt::Display for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let tenths = self.0.subsec_millis() / 100;
        match (seconds / 60, seconds % 60) {
            (0, seconds) if seconds < 10 && tenths > 0 => {
                write!(formatter, "{seconds}.{tenths} s")
            }
            (0, seconds) => write!(formatter, "{seconds} s"),
            (minutes, 0) => write!(formatter, "{minutes} min"),
            (minutes, seconds) => write!(formatter, "{minutes} min {seconds} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(title: &str, is_cold: bool) -> Step {
        Step { title: title.to_owned(), cold_seconds: 90, warm_seconds: 5, is_cold }
    }

    #[test]
    fn headline_tells_this_step_and_the_rest() {
        let steps = [step("building", true), step("packing", false)];
        assert_eq!(headline(&steps, 0), "[1/2] building (about 1 min 30 s; then about 5 s more)");
        assert_eq!(headline(&steps, 1), "[2/2] packing (up to 5 s)");
    }

    #[test]
    fn durations_read_as_spoken() {
        let words = |milliseconds| Words(Duration::from_millis(milliseconds)).to_string();
        assert_eq!(words(0), "0 s");
        assert_eq!(words(420), "0.4 s");
        assert_eq!(words(9_999), "9.9 s");
        assert_eq!(words(12_900), "12 s");
        assert_eq!(words(60_000), "1 min");
        assert_eq!(words(200_000), "3 min 20 s");
    }
}
