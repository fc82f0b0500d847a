//! Makes dist/: the pages, their programs, their styles and the example books, ready to be served
//! as files. It is put together elsewhere and copied at the end, so that a failure leaves it alone.

pub(crate) mod asset;
pub(crate) mod bindgen;
mod data;
pub(crate) mod html;
mod links;
pub(crate) mod parts;
mod split;

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;

use crate::error::Failure;
use crate::install;
use crate::needs::{self, Need};
use crate::node_tools::{self, Names, NodeTools};
use crate::process;
use crate::progress::{Progress, Step};
use crate::workspace::{self, Server, Workspace};
use bindgen::Host;
use html::{Page, Wanted};

/// The pages in the repository's root, by the names they are served under.
const PAGES: &[&str] = &["index.html", "trial.html"];

/// The program that comes in two parts: its visitors are strangers, and wait for every byte.
pub(crate) const IN_PARTS: &str = "calculator";

/// `cargo xtask web`
pub(crate) fn web(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let missing = needs::missing(needs::TO_BUILD_PAGES);
    let mut progress = Progress::new("web", steps(workspace, &missing, Server::Dev)?);
    build(workspace, &missing, Server::Dev, &mut progress)?;
    progress.finish(format_args!("{} is ready", workspace.dist().display()));
    Ok(ExitCode::SUCCESS)
}

/// The steps that [`build`] runs.
pub(crate) fn steps(workspace: &Workspace, missing: &[Need], server: Server) -> Result<Vec<Step>, Failure> {
    let mut steps: Vec<Step> = install::step(missing).into_iter().collect();
    steps.push(node_tools::step(workspace)?);
    steps.push(server_step(workspace, server));
    steps.push(Step {
        title: "building the pages for the browser".to_owned(),
        cold_seconds: 130,
        warm_seconds: 70,
        is_cold: !workspace.wasm("calculator").exists(),
    });
    steps.push(Step {
        title: "putting dist/ together".to_owned(),
        cold_seconds: 50,
        warm_seconds: 30,
        is_cold: !workspace.dist().exists(),
    });
    Ok(steps)
}

/// Installs what is missing, builds the server and the pages, and writes dist/.
pub(crate) fn build(
    workspace: &Workspace,
    missing: &[Need],
    server: Server,
    progress: &mut Progress,
) -> Result<NodeTools, Failure> {
    if !missing.is_empty() {
        progress.step(|| install::install(workspace, missing))?;
    }
    let tools = progress.step(|| NodeTools::install(workspace))?;
    progress.step(|| build_server(workspace, server))?;
    progress.step(|| {
        // The public calculator does without the zone database; what is behind a link has it.
        workspace.build_wasm_with_links("web", &["--bin", IN_PARTS, "--no-default-features"])?;
        workspace.build_wasm("web", &["--bin", "app"])
    })?;
    progress.step(|| write_dist(workspace, &tools, server))?;
    Ok(tools)
}

fn server_step(workspace: &Workspace, server: Server) -> Step {
    let (title, cold_seconds, warm_seconds) = match server {
        Server::Dev => ("building the server and all tests", 400, 60),
        Server::Release => ("building the server in release mode", 1200, 60),
    };
    Step { title: title.to_owned(), cold_seconds, warm_seconds, is_cold: !workspace.server(server).exists() }
}

fn build_server(workspace: &Workspace, server: Server) -> Result<(), Failure> {
    let mut command = workspace.cargo();
    command.arg("build");
    match server {
        // Always the very set that `cargo test --workspace` builds. Fewer packages or no tests would
        // mean other features of shared crates, and minutes of compiling those a second time.
        Server::Dev => command.args(["--workspace", "--bins", "--examples", "--tests"]),
        Server::Release => command.args(["--package", "server", "--bins", "--release"]),
    };
    process::run(&mut command)
}

fn write_dist(workspace: &Workspace, tools: &NodeTools, server: Server) -> Result<(), Failure> {
    let site = Site { workspace, tools, directory: workspace.fresh_scratch("site")? };
    // The calculator is visited while it is put together, and it wants books.
    site.add_books(&workspace.server(server))?;
    site.add_pages()?;
    tools.compress(&site.directory)?;
    publish(&site.directory, &workspace.dist())
}

/// A set of files that can be served as they are, while it is put together.
pub(crate) struct Site<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) tools: &'a NodeTools,
    pub(crate) directory: PathBuf,
}

impl Site<'_> {
    /// Adds all pages, side by side: optimising their programs takes longest and uses one core each.
    fn add_pages(&self) -> Result<(), Failure> {
        thread::scope(|scope| {
            let pages: Vec<_> = PAGES.iter().map(|page| scope.spawn(|| self.add_page(page))).collect();
            pages.into_iter().try_for_each(|page| match page.join() {
                Ok(added) => added,
                Err(panic) => resume_unwind(panic),
            })
        })
    }

    /// Adds a page of the repository with everything it wants.
    fn add_page(&self, name: &str) -> Result<(), Failure> {
        let source = workspace::read_text(&self.workspace.root.join(name))?;
        let filled = Page::parse(name, &source)?.fill(|wanted| match wanted {
            Wanted::Program { bin } if bin == IN_PARTS => self.add_program_in_parts(&self.workspace.wasm(bin), bin),
            Wanted::Program { bin } => self.add_program(&self.workspace.wasm(bin), bin),
            Wanted::Style { href } => {
                let css = self.tools.bundle_css(&self.workspace.root.join(href))?;
                let path = self.add_asset(stem(href), "css", &css)?;
                Ok(html::style_tag(&path))
            }
            Wanted::Icon { href } => {
                let path = self.workspace.root.join(href);
                let extension = path.extension().unwrap_or_default().to_string_lossy();
                let icon = workspace::read(&path)?;
                let path = self.add_asset(stem(href), &extension, &icon)?;
                Ok(html::icon_tag(&path))
            }
        })?;
        workspace::write(&self.directory.join(name), filled)
    }

    /// Adds a compiled program; returns the tags that start it.
    pub(crate) fn add_program(&self, module: &Path, name: &str) -> Result<String, Failure> {
        let scratch = self.workspace.scratch(&format!("bindgen/{name}"))?;
        let bound = bindgen::bind(module, Host::Web, Names::Dropped, &scratch)?;
        let wasm = self.tools.optimise(&bound, Names::Dropped)?;
        let wasm = self.add_asset(name, "wasm", &wasm)?;
        let boot = scratch.join("boot.js");
        workspace::write(&boot, boot_script(name, &wasm))?;
        let js = self.tools.bundle_js(&boot)?;
        let js = self.add_asset(name, "js", &js)?;
        Ok(html::program_tags(&js, &wasm))
    }

    /// The same for a program of which the page begins with one part and fetches the rest while somebody reads.
    fn add_program_in_parts(&self, module: &Path, name: &str) -> Result<String, Failure> {
        let scratch = parts::scratch(self.workspace)?;
        let cut = parts::cut(self, module, &scratch)?;
        let first = self.add_asset(name, "wasm", &cut.first)?;
        let rest = self.add_asset(&parts::rest_of(name), "wasm", &cut.rest)?;
        let boot = scratch.join("boot.js");
        workspace::write(&boot, parts::boot_script(name, &first, &rest))?;
        let js = self.tools.bundle_js(&boot)?;
        let js = self.add_asset(name, "js", &js)?;
        Ok(html::program_tags(&js, &first))
    }

    /// Writes a file under its lasting name; returns its address from the site's root.
    fn add_asset(&self, stem: &str, extension: &str, bytes: &[u8]) -> Result<String, Failure> {
        let path = format!("assets/{}", asset::name(stem, extension, bytes));
        workspace::write(&self.directory.join(&path), bytes)?;
        Ok(path)
    }

    /// Adds the public view of the example books; what a browser may see is the server's to say.
    fn add_books(&self, ratecard: &Path) -> Result<(), Failure> {
        let examples = self.workspace.root.join("examples");
        let books: Vec<PathBuf> = match fs::read_dir(&examples) {
            Ok(_) => workspace::files_below(&examples)?,
            Err(_) => Vec::new(),
        };
        let books: Vec<PathBuf> =
            books.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
        if books.is_empty() {
            return Err(Failure::NoBooks { directory: examples });
        }
        let mut command = Command::new(ratecard);
        command.args(["public", "--out"]).arg(self.directory.join("books")).args(books);
        process::run(&mut command)
    }
}

/// Loads the program from beside its own script. If that fails, the page says so: it carries the
/// words in both languages in a hidden element.
fn boot_script(name: &str, wasm: &str) -> String {
    let load = load_expression(wasm);
    format!("import load from \"./{name}.js\";\n{load};\n")
}

/// The promise of a running program.
fn load_expression(wasm: &str) -> String {
    let file = file_name(wasm);
    format!(
        "load({{ module_or_path: new URL(\"{file}\", import.meta.url) }}).catch((error) => {{\n  \
         document.querySelector(\".skeleton\")?.remove();\n  \
         document.getElementById(\"not-loaded\")?.removeAttribute(\"hidden\");\n  \
         throw error;\n\
         }})"
    )
}

/// An asset's address from beside it.
fn file_name(asset: &str) -> &str {
    asset.trim_start_matches("assets/")
}

fn stem(path: &str) -> &str {
    Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or("asset")
}

/// Replaces a directory by a copy of another.
fn publish(from: &Path, to: &Path) -> Result<(), Failure> {
    let files = workspace::files_below(from)?;
    workspace::remove_directory(to)?;
    for file in files {
        let name = file.strip_prefix(from).unwrap_or(&file);
        workspace::write(&to.join(name), workspace::read(&file)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_script_finds_the_module_beside_itself() {
        let script = boot_script("calculator", "assets/calculator-12345678.wasm");
        assert!(script.starts_with("import load from \"./calculator.js\";\n"));
        assert!(script.contains("new URL(\"calculator-12345678.wasm\", import.meta.url)"));
    }

    #[test]
    fn stems_are_file_names_without_their_end() {
        assert_eq!(stem("web/style.css"), "style");
        assert_eq!(stem("icon.svg"), "icon");
    }
}
