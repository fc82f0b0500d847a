//! Installs what a command misses: the wasm target with rustup, everything else with apt-get.
//! Makes sure that all of it can be installed before it changes anything.

use std::fs;
use std::process::Command;

use crate::error::Failure;
use crate::needs::{self, Need};
use crate::process;
use crate::progress::Step;
use crate::workspace::{WASM_TARGET, Workspace};

/// Another apt-get may be at work, as on a machine that has just started.
const APT_WAIT: &str = "-oDPkg::Lock::Timeout=300";

/// The step that installs, if anything is to be installed.
pub(crate) fn step(missing: &[Need]) -> Option<Step> {
    if missing.is_empty() {
        return None;
    }
    Some(Step {
        title: format!("installing {}", names(missing)),
        cold_seconds: missing.iter().copied().map(seconds).sum(),
        warm_seconds: 0,
        is_cold: true,
    })
}

/// Installs and looks again, because a package may come without what we hoped for.
pub(crate) fn install(workspace: &Workspace, missing: &[Need]) -> Result<(), Failure> {
    let packages: Vec<&str> = missing.iter().filter_map(|need| need.debian_package()).collect();
    let needs_target = missing.contains(&Need::WasmTarget);
    let by_hand = |missing: &[Need], reason| Failure::InstallByHand {
        missing: format!("{} {}", names(missing), if missing.len() == 1 { "is" } else { "are" }),
        reason,
        commands: commands_by_hand(missing),
    };
    if needs_target && process::on_path("rustup").is_none() {
        return Err(by_hand(missing, "there is no rustup to add the target with"));
    }
    if !packages.is_empty() {
        let rights = rights().map_err(|reason| by_hand(missing, reason))?;
        install_packages(workspace, rights, &packages)?;
    }
    if needs_target {
        process::run(Command::new("rustup").args(["target", "add", WASM_TARGET]))?;
    }
    let still_missing = needs::missing(missing);
    if !still_missing.is_empty() {
        let reason = "the packages of this system were installed but do not bring it";
        return Err(by_hand(&still_missing, reason));
    }
    for need in missing {
        eprintln!("      installed {}", need.name());
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Rights {
    Root,
    Sudo,
}

/// How apt-get may be called here, or why it may not.
fn rights() -> Result<Rights, &'static str> {
    let system = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !is_debian(&system) || process::on_path("apt-get").is_none() {
        return Err("this is not a Debian system, the only one this command can install on");
    }
    if process::probe(Command::new("id").arg("-u")).as_deref() == Some("0") {
        return Ok(Rights::Root);
    }
    if process::probe(Command::new("sudo").args(["-n", "true"])).is_some() {
        return Ok(Rights::Sudo);
    }
    Err("this is neither root nor an account that may use sudo without a password")
}

fn is_debian(os_release: &str) -> bool {
    os_release.lines().any(|line| {
        let Some((key, value)) = line.split_once('=') else {
            return false;
        };
        let mut words = value.trim_matches('"').split_whitespace();
        matches!(key, "ID" | "ID_LIKE") && words.any(|word| word == "debian")
    })
}

fn install_packages(workspace: &Workspace, rights: Rights, packages: &[&str]) -> Result<(), Failure> {
    let logs = workspace.scratch("logs")?;
    let log = logs.join("apt-get.log");
    eprintln!("      apt-get writes to {}", log.display());
    process::run_logged(apt_get(rights).args(["update"]), &log)?;
    let mut install = apt_get(rights);
    install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    process::run_logged(&mut install, &log)
}

fn apt_get(rights: Rights) -> Command {
    match rights {
        Rights::Root => {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive").arg(APT_WAIT);
            command
        }
        // sudo drops the environment, so `env` sets it on the far side.
        Rights::Sudo => {
            let mut command = Command::new("sudo");
            command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive"]).args(["apt-get", APT_WAIT]);
            command
        }
    }
}

fn names(needs: &[Need]) -> String {
    let names: Vec<&str> = needs.iter().copied().map(Need::name).collect();
    names.join(", ")
}

fn commands_by_hand(missing: &[Need]) -> String {
    let packages: Vec<&str> = missing.iter().filter_map(|need| need.debian_package()).collect();
    let mut commands = Vec::new();
    if missing.contains(&Need::WasmTarget) {
        commands.push(format!("    rustup target add {WASM_TARGET}"));
    }
    if !packages.is_empty() {
        commands.push(format!("    apt-get install {}    (names as in Debian)", packages.join(" ")));
    }
    commands.join("\n")
}

/// What each took on a machine with two cores and a fast line.
fn seconds(need: Need) -> u64 {
    match need {
        Need::WasmTarget => 8,
        Need::CjkFonts => 10,
        Need::Node => 5,
        Need::Npm => 40,
        Need::Chromium => 45,
        Need::ChromeDriver => 5,
        Need::PostgreSql => 25,
        Need::PdfToText => 4,
        Need::PythonVenv => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_its_children_are_recognised() {
        assert!(is_debian("NAME=x\nID=debian\n"));
        assert!(is_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!is_debian("ID=fedora\nHOME_URL=\"debian\"\n"));
        assert!(!is_debian(""));
    }

    #[test]
    fn nothing_missing_is_no_step() {
        assert_eq!(step(&[]), None);
    }

    #[test]
    fn commands_by_hand_name_everything_missing() {
        assert_eq!(
            commands_by_hand(&[Need::WasmTarget, Need::Node, Need::PostgreSql]),
            "    rustup target add wasm32-unknown-unknown\n    \
             apt-get install nodejs postgresql    (names as in Debian)"
        );
    }
}
