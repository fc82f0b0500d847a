//! The clock: the only place of Ratecard that asks what time it is.
//!
//! Everything else is handed an instant, so that a test can say what time it is.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, Timelike};
use engine::period::Instant;

/// Where the time comes from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always this instant.
    Fixed(Instant),
    /// Whatever microsecond since 1970 somebody has put there.
    Set(&'static AtomicI64),
    /// The machine's clock, off by so many microseconds as somebody has put there: a clock that is set while we run.
    Off(&'static AtomicI64),
}

impl Clock {
    /// The time, to the microsecond, which is as fine as the database keeps it.
    pub fn now(self) -> Instant {
        match self {
            Self::Fixed(instant) => instant,
            Self::System => machine_time(),
            Self::Off(us) => {
                let off = TimeDelta::microseconds(us.load(Ordering::Relaxed));
                machine_time().checked_add_signed(off).unwrap_or_default()
            }
            Self::Set(us) => Instant::from_timestamp_micros(us.load(Ordering::Relaxed)).unwrap_or_default(),
        }
    }

    /// Time that only goes forward, whatever happens to the machine's date: for limits and for what is kept a while.
    pub fn elapsed(self) -> Duration {
        /// The instant that the first one to ask found.
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        match self {
            Self::Fixed(_) => Duration::ZERO,
            Self::System | Self::Off(_) => START.get_or_init(std::time::Instant::now).elapsed(),
            Self::Set(us) => Duration::from_micros(u64::try_from(us.load(Ordering::Relaxed)).unwrap_or(0)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
fn machine_time() -> Instant {
    let now = chrono::Utc::now();
    let whole_micros = now.nanosecond().saturating_sub(now.nanosecond().checked_rem(1000).unwrap_or(0));
    now.with_nanosecond(whole_micros).unwrap_or(now)
}
