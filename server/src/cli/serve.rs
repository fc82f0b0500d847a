//! `serve` and `demo`: the server in the foreground, until it is asked to stop.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tracing_subscriber::EnvFilter;

use super::screen::{Screen, Work};
use super::{CliError, SettingFlags};
use crate::app;
use crate::auth::operator::token_file;
use crate::clock::Clock;
use crate::config::{Config, Settings};
use crate::demo;
use crate::start;

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  ratecard serve --web dist
  ratecard serve --data /var/lib/ratecard --listen 127.0.0.1:9000
  RATECARD_TOKEN=… ratecard serve --database postgres://ratecard@db/ratecard
The operator's token is made at the first start and kept in the file operator-token of the data folder.";

pub(super) const DEMO_EXAMPLES: &str = "\
Examples:
  ratecard demo --web dist
  ratecard demo --data /tmp/ratecard-demo --listen 127.0.0.1:9000
Data is only made where the database has no other customers; if it was interrupted, it is completed.";

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Address and port [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Allow an address that other machines reach
    #[arg(long)]
    allow_remote: bool,
    /// Folder of the built pages
    #[arg(long, value_name = "FOLDER")]
    web: Option<PathBuf>,
}

impl ServeArgs {
    fn settings(&self) -> Settings {
        Settings {
            listen: self.listen,
            allow_remote: self.allow_remote.then_some(true),
            web: self.web.clone(),
            ..Settings::default()
        }
    }
}

pub(super) async fn serve(settings: &SettingFlags, args: &ServeArgs, screen: &mut Screen) -> Result<(), CliError> {
    let config = settings.load(args.settings())?;
    start_log(&config)?;
    let running = start::start(config).await?;
    tell_addresses(screen, &running.app.config, running.address)?;
    until_stopped(running, screen).await
}

pub(super) async fn demo(settings: &SettingFlags, args: &ServeArgs, screen: &mut Screen) -> Result<(), CliError> {
    let config = settings.load(args.settings())?;
    start_log(&config)?;
    let lock = start::lock(&config)?;
    let app = app::open(config, Clock::System).await?;
    let mut work = Work::new("demo data");
    let outcome = demo::prepare(&app, |done, total| work.at(done, total)).await;
    work.done();
    let shown = outcome?;
    let running = start::serve(app, lock).await?;
    let address = running.address;
    if let Some(made) = &shown.made {
        let demo::Made { customers, events, month, invoices } = made;
        screen
            .line(&format!("Made-up data: {customers} customers, {events} events, {invoices} invoices for {month}."))?;
    }
    tell_addresses(screen, &running.app.config, address)?;
    screen.line("Trial pages (中文 · English):")?;
    for link in &shown.links {
        let (name, token) = (&link.name, &link.token);
        screen.line(&format!("  {name}"))?;
        screen.line(&format!("    http://{address}/trial.html?lang=zh#{token}"))?;
        screen.line(&format!("    http://{address}/trial.html?lang=en#{token}"))?;
    }
    let token = token_file(&running.app.config.data);
    screen.line(&format!(
        "Try:  curl -H \"Authorization: Bearer $(cat {})\" http://{address}/v1/invoices",
        token.display()
    ))?;
    until_stopped(running, screen).await
}

fn tell_addresses(screen: &mut Screen, config: &Config, address: SocketAddr) -> Result<(), CliError> {
    if config.web.is_some() {
        screen.line(&format!("Calculator        http://{address}/"))?;
    }
    screen.line(&format!("API               http://{address}/openapi.json"))?;
    let kept = match &config.token {
        Some(_) => "from the settings".to_owned(),
        None => token_file(&config.data).display().to_string(),
    };
    screen.line(&format!("Operator's token  {kept}"))
}

async fn until_stopped(running: crate::Running, screen: &mut Screen) -> Result<(), CliError> {
    screen.note(&format!("listening on http://{}, Ctrl-C stops", running.address));
    start::asked_to_stop().await;
    screen.note("stopping");
    running.stop().await;
    Ok(())
}

pub(super) fn start_log(config: &Config) -> Result<(), CliError> {
    let filter = EnvFilter::builder().parse(&config.log)?;
    // A second log in one process is not worth failing for.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    Ok(())
}
