//! Starting and stopping the server: one server on a database file, one address, an orderly end.

use std::fs::{File, OpenOptions, TryLockError};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::{self, App, AppError};
use crate::clock::Clock;
use crate::config::{Config, DatabasePlace};
use crate::maintenance::Maintenance;
use crate::metering::follow;
use crate::router::router;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another server is on the same file.
    #[error("another ratecard server is using {}; stop it first, or give this one its own --data folder", .0.display())]
    InUse(PathBuf),
    /// The lock file cannot be made.
    #[error("the lock file {} cannot be used: {source}", .path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The parts cannot be put together.
    #[error(transparent)]
    App(#[from] AppError),
}

/// A server that is running. Dropping it stops it without waiting; [`Running::stop`] waits.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its parts, for those who start it in their own process.
    pub app: App,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
    maintenance: Maintenance,
    _lock: Option<FileLock>,
}

/// The sign that a server is on the database file; gone when it is dropped, however the process ends.
#[derive(Debug)]
pub struct FileLock(File);

impl Drop for FileLock {
    fn drop(&mut self) {
        // Unlocked by name and not only by closing: a process that is just being started may hold a copy of the file.
        let _ = self.0.unlock();
    }
}

/// Starts a server by the machine's clock.
pub async fn start(config: Config) -> Result<Running, StartError> {
    start_at(config, Clock::System).await
}

/// Starts a server by the given clock.
pub async fn start_at(config: Config, clock: Clock) -> Result<Running, StartError> {
    let lock = lock(&config)?;
    let app = app::open(config, clock).await?;
    serve(app, lock).await
}

/// Serves parts that are open already, under a lock that is held already.
pub async fn serve(app: App, lock: Option<FileLock>) -> Result<Running, StartError> {
    let address = app.config.listen;
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    if lock.is_some() {
        // Nobody else is on this file: a pass of sorting that has not ended was stopped.
        app.db.ledger().break_lease().await.map_err(|error| AppError::Db(error.into()))?;
    }
    follow::start(&app);
    let maintenance = Maintenance::start(Arc::clone(&app));
    let (stop, stopped) = oneshot::channel();
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let serve = axum::serve(listener, service).with_graceful_shutdown(async move {
        // A dropped sender stops it too.
        let _ = stopped.await;
    });
    let task = tokio::spawn(async move { serve.await });
    Ok(Running { address, app, stop: Some(stop), task, maintenance, _lock: lock })
}

impl Running {
    /// Takes no more requests, finishes those that are there, and closes the database.
    pub async fn stop(mut self) {
        self.app.stopping.send_replace(true);
        if let Some(stop) = self.stop.take() {
            // The server may have ended by itself.
            let _ = stop.send(());
        }
        let grace = std::time::Duration::from_secs(20);
        if tokio::time::timeout(grace, self.task).await.is_err() {
            tracing::warn!("some requests did not end within 20 seconds; they are broken off");
        }
        self.maintenance.stop().await;
        self.app.db.close().await;
    }
}

/// Makes sure that this is the only server on the file. PostgreSQL is made for several.
pub fn lock(config: &Config) -> Result<Option<FileLock>, StartError> {
    let DatabasePlace::Sqlite(database) = &config.database else { return Ok(None) };
    let mut name = database.clone().into_os_string();
    name.push(".lock");
    let path = PathBuf::from(name);
    let failed = |source| StartError::Lock { path: path.clone(), source };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(FileLock(file))),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(database.clone())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Waits until somebody asks the process to end.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match terminate {
            Ok(mut terminate) => tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => {
                let _ = interrupt.await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupt.await;
    }
}
