//! A server for a test that is to hold on SQLite and on PostgreSQL alike.

use std::sync::Arc;

use axum::http::StatusCode;
use server::{Config, DatabasePlace};
use tempfile::TempDir;

use super::api::{Api, BOOK, Hand, config};
use super::postgres::{Cluster, cluster};

/// A server with the book of these tests, its clock, and what it runs on.
pub struct World {
    pub api: Api,
    pub clock: Hand,
    pub config: Config,
    _cluster: Option<Arc<Cluster>>,
}

impl World {
    pub async fn sqlite() -> Self {
        Self::sqlite_with(|config| config).await
    }

    /// With other settings.
    pub async fn sqlite_with(change: impl FnOnce(Config) -> Config) -> Self {
        let folder = TempDir::new().unwrap();
        let config = change(config(&folder));
        Self::on(folder, config, None).await
    }

    pub async fn postgres() -> Self {
        let folder = TempDir::new().unwrap();
        let cluster = cluster();
        let config = Config { database: DatabasePlace::Postgres(cluster.database()), ..config(&folder) };
        Self::on(folder, config, Some(cluster)).await
    }

    async fn on(folder: TempDir, config: Config, cluster: Option<Arc<Cluster>>) -> Self {
        let clock = Hand::new();
        let api = Api::by_clock(folder, config.clone(), clock.clock()).await;
        assert_eq!(api.post("/v1/books", BOOK).await.status, StatusCode::CREATED);
        Self { api, clock, config, _cluster: cluster }
    }

    /// Does something to the database that the server would never do.
    pub async fn tamper(&self, statement: &'static str) {
        let done = sqlx::query(statement).execute(self.api.running.app.db.pool()).await.unwrap();
        assert!(done.rows_affected() > 0, "{statement}");
    }

    /// Stops the server and starts another one on the same database.
    pub async fn restarted(self) -> Self {
        let Self { api: Api { running, folder, .. }, clock, config, _cluster } = self;
        running.stop().await;
        let api = Api::by_clock(folder, config.clone(), clock.clock()).await;
        Self { api, clock, config, _cluster }
    }
}

/// Each of these on both databases.
#[macro_export]
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(super::World::sqlite().await).await; })*
        }
        mod postgres {
            $(#[tokio::test] async fn $name() { super::$name(super::World::postgres().await).await; })*
        }
    };
}
