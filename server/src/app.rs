//! What every request can reach: database, clock, books, settings, the operator's token.

use std::sync::Arc;

use tokio::sync::watch;

use crate::auth::keyring::Keyring;
use crate::auth::operator::{OperatorToken, TokenError};
use crate::books::flow::Shelf;
use crate::clock::Clock;
use crate::config::Config;
use crate::customers::remembered::Remembered;
use crate::db::{Db, DbError};
use crate::idempotency::flow::Sweep;
use crate::invoices::fonts::Fonts;
use crate::metering::counters::Counters;
use crate::metrics::Metrics;

/// The server's parts.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// Books that were read already.
    pub shelf: Shelf,
    /// What is remembered of customers.
    pub customers: Remembered,
    /// Counts of usage that follow what is accepted, in a server.
    pub counters: Counters,
    /// Becomes true when the server is about to stop, so that open streams end.
    pub stopping: watch::Sender<bool>,
    /// The settings.
    pub config: Config,
    /// The operator's token.
    pub operator: OperatorToken,
    /// API keys that were seen lately, and how much of their rates is left.
    pub keyring: Keyring,
    /// When the expired answers of Idempotency-Keys were last thrown away.
    pub sweep: Sweep,
    /// What is counted for who watches the server.
    pub metrics: Metrics,
    /// Fonts for the invoices, found when the first one is printed.
    pub fonts: Fonts,
}

/// The parts, shared by all requests.
pub type App = Arc<Parts>;

/// Why the parts cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The data directory cannot be made.
    #[error("the data directory {} cannot be made: {source}", .path.display())]
    Data {
        /// The directory.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No operator's token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Opens everything.
pub async fn open(config: Config, clock: Clock) -> Result<App, AppError> {
    let data = |source| AppError::Data { path: config.data.clone(), source };
    std::fs::create_dir_all(&config.data).map_err(data)?;
    let db = Db::open(&config, clock.now()).await?;
    let operator = OperatorToken::load(&config)?;
    let fonts = Fonts::new(config.fonts.clone());
    let keyring = Keyring::new(clock, config.key_rates);
    Ok(Arc::new(Parts {
        db,
        clock,
        shelf: Shelf::default(),
        customers: Remembered::default(),
        counters: Counters::default(),
        stopping: watch::Sender::new(false),
        config,
        operator,
        keyring,
        sweep: Sweep::default(),
        metrics: Metrics::new(clock.now()),
        fonts,
    }))
}
