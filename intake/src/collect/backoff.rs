//! How long to wait before a batch is sent again: twice as long each time, never all collectors at the same instant.
//!
//! Pure: the same batch at the same try waits as long every time, so that no random numbers are needed.

use std::time::Duration;

use sha2::{Digest, Sha256};

/// The waits between tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// The longest wait; also that after an answer which only a person can mend.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(250), longest: Duration::from_secs(60) }
    }
}

impl Backoff {
    /// The wait after try `tries` (from 1) of what `key` names: between half and all of first × 2^(tries − 1).
    pub fn wait(self, tries: u32, key: &str) -> Duration {
        let doublings = tries.saturating_sub(1).min(30);
        let full = self.first.saturating_mul(2_u32.saturating_pow(doublings)).min(self.longest);
        let digest = Sha256::digest(format!("{key} {tries}"));
        let spread = u32::from(digest.first().copied().unwrap_or(0));
        let half = full.checked_div(2).unwrap_or(full);
        half.saturating_add(half.saturating_mul(spread).checked_div(255).unwrap_or(half))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn waits_double_up_to_the_longest_and_differ_between_batches() {
        let backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        for (tries, full) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (50, 1000), (u32::MAX, 1000)] {
            let waits = ["a", "b", "c", "d", "e"].map(|key| backoff.wait(tries, key));
            let full = Duration::from_millis(full);
            assert!(waits.iter().all(|wait| full / 2 <= *wait && *wait <= full), "{tries}: {waits:?}");
            assert!(waits.iter().any(|wait| *wait != backoff.wait(tries, "a")), "{tries}: {waits:?}");
        }
    }
}
