//! How fast an API key may be used: so many requests and events a second, with a burst.
//!
//! A bucket is one atomic number (GCRA, crate governor); it never waits and never grows.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as LimitClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;

/// A rate: so many a second, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many a second.
    pub per_second: NonZeroU32,
    /// How many at once.
    pub burst: NonZeroU32,
}

/// A rate that lets nothing through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a burst of 0 lets nothing through; write how many may come at once, or a rate of 0 for no limit at all")]
pub struct BadRate;

/// The rates of a key; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Of requests.
    pub requests: Option<Rate>,
    /// Of events.
    pub events: Option<Rate>,
}

impl Rate {
    /// So many a second and twice as many at once; none for 0.
    pub fn per_second(number: u32) -> Option<Self> {
        let per_second = NonZeroU32::new(number)?;
        Some(Self { per_second, burst: per_second.saturating_mul(NonZeroU32::MIN.saturating_add(1)) })
    }

    /// What was said about a rate (so many a second, so many at once), or else `default`.
    pub fn chosen(
        (per_second, burst): (Option<u32>, Option<u32>),
        default: Option<Self>,
    ) -> Result<Option<Self>, BadRate> {
        let Some(rate) = per_second.map_or(default, Self::per_second) else { return Ok(None) };
        match burst.map(NonZeroU32::new) {
            None => Ok(Some(rate)),
            Some(Some(burst)) => Ok(Some(Self { burst, ..rate })),
            Some(None) => Err(BadRate),
        }
    }

    /// How long an empty bucket takes to be full again, in whole seconds.
    pub fn seconds_to_fill(self) -> u32 {
        self.burst.get().div_ceil(self.per_second.get())
    }
}

/// The clock of the server as governor reads it: only forward.
#[derive(Debug, Clone, Copy)]
struct Forward(Clock);

impl LimitClock for Forward {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// What is left of a rate.
#[derive(Debug)]
pub struct Bucket {
    /// The rate.
    pub rate: Rate,
    clock: Clock,
    limiter: RateLimiter<NotKeyed, InMemoryState, Forward, StateInformationMiddleware>,
}

/// Why nothing was taken from a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// There will be enough after this time.
    Wait(Duration),
    /// More than the bucket ever holds.
    Never,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate, clock: Clock) -> Option<Self> {
        let period = Duration::from_secs(1).checked_div(rate.per_second.get())?;
        let quota = Quota::with_period(period)?.allow_burst(rate.burst);
        let limiter = RateLimiter::direct_with_clock(quota, Forward(clock));
        Some(Self { rate, clock, limiter: limiter.with_middleware::<StateInformationMiddleware>() })
    }

    /// Takes `count` at once and tells how many are left, or takes none.
    pub fn take(&self, count: NonZeroU32) -> Result<u32, Spent> {
        match self.limiter.check_n(count) {
            Ok(Ok(left)) => Ok(left.remaining_burst_capacity()),
            Ok(Err(not_until)) => Err(Spent::Wait(not_until.wait_time_from(self.clock.elapsed()))),
            Err(_) => Err(Spent::Never),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use super::{BadRate, Bucket, Rate, Spent};
    use crate::clock::Clock;

    fn number(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).unwrap()
    }

    #[test]
    fn a_spent_bucket_says_how_long_to_wait_and_fills_again() {
        static TIME: AtomicI64 = AtomicI64::new(0);
        let rate = Rate { per_second: number(10), burst: number(5) };
        let bucket = Bucket::new(rate, Clock::Set(&TIME)).unwrap();
        assert_eq!(bucket.take(number(3)), Ok(2));
        // One more than is left: a tenth of a second until it is there; nothing is taken meanwhile.
        assert_eq!(bucket.take(number(3)), Err(Spent::Wait(Duration::from_millis(100))));
        assert_eq!(bucket.take(number(2)), Ok(0));
        assert_eq!(bucket.take(number(6)), Err(Spent::Never));
        TIME.store(500_000, Ordering::Relaxed);
        assert_eq!(bucket.take(number(5)), Ok(0));
        assert_eq!(rate.seconds_to_fill(), 1);
    }

    #[test]
    fn zero_is_no_limit_and_a_burst_of_zero_is_refused() {
        assert_eq!(Rate::chosen((Some(0), None), Rate::per_second(7)), Ok(None));
        assert_eq!(Rate::chosen((None, None), Rate::per_second(7)), Ok(Rate::per_second(7)));
        let chosen = Rate::chosen((Some(3), Some(9)), None).unwrap().unwrap();
        assert_eq!((chosen.per_second, chosen.burst), (number(3), number(9)));
        assert_eq!(Rate::chosen((Some(3), Some(0)), None), Err(BadRate));
    }
}
