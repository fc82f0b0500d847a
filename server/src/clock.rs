//! The clock: the only place of Ratecard that asks what time it is.
//!
//! Everything else is handed an instant, so that a test can say what time it is.

use chrono::Timelike;
use engine::period::Instant;

/// Where the time comes from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always this instant.
    Fixed(Instant),
}

impl Clock {
    /// The time, to the microsecond, which is as fine as the database keeps it.
    pub fn now(self) -> Instant {
        match self {
            Self::Fixed(instant) => instant,
            Self::System => machine_time(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
fn machine_time() -> Instant {
    let now = chrono::Utc::now();
    let whole_micros = now.nanosecond().saturating_sub(now.nanosecond().checked_rem(1000).unwrap_or(0));
    now.with_nanosecond(whole_micros).unwrap_or(now)
}
