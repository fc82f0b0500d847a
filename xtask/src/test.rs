//! `cargo xtask test`: everything a test can ask for, then every test.
//! The tests learn from the environment where things are; none of them is skipped.

use std::process::ExitCode;

use crate::error::Failure;
use crate::progress::{Progress, Step};
use crate::workspace::{Server, Workspace};
use crate::{needs, pages, parity, process};

pub(crate) fn test(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, Failure> {
    let missing = needs::missing(needs::TO_TEST);
    let mut steps = pages::steps(workspace, &missing, Server::Dev)?;
    let is_cold = steps.iter().any(|step| step.is_cold);
    steps.push(parity::step(workspace));
    steps.push(Step { title: "running all tests".to_owned(), cold_seconds: 60, warm_seconds: 50, is_cold });
    let mut progress = Progress::new("test", steps);
    let tools = pages::build(workspace, &missing, Server::Dev, &mut progress)?;
    let parity = progress.step(|| parity::build(workspace, &tools))?;
    progress.step(|| {
        let mut command = workspace.cargo();
        command
            .args(["test", "--workspace", "--no-fail-fast"])
            .args(arguments)
            .env("TEST_DIST", workspace.dist())
            .env("TEST_PARITY", parity)
            .env("TEST_RATECARD", workspace.server(Server::Dev));
        process::run(&mut command)
    })?;
    progress.finish("all tests passed");
    Ok(ExitCode::SUCCESS)
}
