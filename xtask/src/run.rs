//! `cargo xtask run`: from a clone to a running Ratecard with demo data.
//! The server takes this process over, so that Ctrl-C reaches it and nothing stays behind.

use std::process::{Command, ExitCode};

use crate::error::Failure;
use crate::progress::Progress;
use crate::workspace::{Server, Workspace};
use crate::{needs, pages, process};

pub(crate) fn run(workspace: &Workspace, port: u16) -> Result<ExitCode, Failure> {
    let missing = needs::missing(needs::TO_RUN);
    let steps = pages::steps(workspace, &missing, Server::Release)?;
    let mut progress = Progress::new("run", steps);
    pages::build(workspace, &missing, Server::Release, &mut progress)?;
    progress.finish("built; starting ratecard with demo data");
    let mut ratecard = Command::new(workspace.server(Server::Release));
    ratecard
        .current_dir(&workspace.root)
        .args(["demo", "--data", "data/demo", "--web", "dist", "--listen"])
        .arg(format!("127.0.0.1:{port}"));
    become_it(&mut ratecard)
}

#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<ExitCode, Failure> {
    use std::os::unix::process::CommandExt;

    // Comes back only if it could not be started.
    let source = command.exec();
    Err(process::not_started(command, source))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<ExitCode, Failure> {
    process::run(command)?;
    Ok(ExitCode::SUCCESS)
}
