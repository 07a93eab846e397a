//! `membrane demo`.

use std::path::{Path, PathBuf};

use clap::Args;
use membrane_sample::SampleOptions;
use serde::{Deserialize, Serialize};

use super::sample::generate;
use super::serve::serve_until_told;
use super::{CliError, Env, GlobalArgs, out};
use crate::demo::stage::{Elsewhere, Stage};
use crate::demo::{Delivery, bring_in, members, taken_table};

/// See a hub at work: generates members, brings all channels in, serves, and prints commands to try.
///
/// Stays up until Ctrl-C. A second time in the same folder it finds everything there.
///
/// Tables, record and key are in that folder, whatever hub membrane.toml or the environment name: that one is left alone.
/// Only --data and --ledger on this command line put tables and record elsewhere; the key stays in the folder.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  membrane demo\n  membrane demo --members 100000 --dir /tmp/demo --port 0\n  \
                        membrane demo --check"
)]
pub(super) struct DemoArgs {
    /// How many members.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    members: u64,
    /// Where chance starts.
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// The folder for the data and the hub [default: .membrane/demo; with --check one of its own].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The port to serve on; 0 takes a free one.
    #[arg(long, default_value_t = 7878, value_name = "N")]
    port: u16,
    /// Run the very commands, check their answers, and end: 0 when all is well, 1 when not.
    #[arg(long)]
    check: bool,
    /// Keep the folder that --check made.
    #[arg(long, requires = "check", conflicts_with = "dir")]
    keep: bool,
}

pub(super) async fn run(args: DemoArgs, env: Env) -> Result<(), CliError> {
    let passing = args.check && args.dir.is_none();
    let folder = match &args.dir {
        Some(folder) => folder.clone(),
        None if args.check => PathBuf::from(format!(".membrane/demo-check-{}", std::process::id())),
        None => PathBuf::from(".membrane/demo"),
    };
    let performed = Box::pin(perform(&args, env, &folder)).await;
    if passing && !args.keep { tidied(performed, &folder) } else { performed }
}

/// Removes the folder of a check, and answers with what went wrong first.
fn tidied(performed: Result<(), CliError>, folder: &Path) -> Result<(), CliError> {
    let removed = match std::fs::remove_dir_all(folder) {
        // What failed early has made no folder.
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(CliError::failed(format!("cannot remove `{}`: {}", folder.display(), error.kind())))
        }
        _ => Ok(()),
    };
    performed.and(removed)
}

/// Tells what the command line itself puts outside of the demonstration's folder.
pub(super) const fn elsewhere(global: &GlobalArgs) -> Elsewhere {
    Elsewhere { data: global.data.is_some(), ledger: global.ledger.is_some() }
}

async fn perform(args: &DemoArgs, env: Env, folder: &Path) -> Result<(), CliError> {
    let config = env.config()?;
    out::start_log(&config.log, out::LogUse::Command);
    let files = sample(args, folder).await?;
    let stage = Stage::open(config, folder, elsewhere(&env.global), env.clock.clone()).await?;
    out::line("bringing in all channels")?;
    let deliveries = deliveries(&files)?;
    let taken = bring_in(&stage.hub, &deliveries).await?;
    out::line("")?;
    taken_table(&taken)?;
    stage.where_it_is()?;
    let listening = stage.listen(args.port).await?;
    let base = format!("http://{}", listening.address());
    out::line(format!("\nmembrane listens on {base}\n"))?;
    let commands = members::commands(&base);
    stage.perform(&members::BEARERS, &commands, args.check).await?;
    if args.check {
        listening.stop().await;
        return Ok(());
    }
    out::line("The hub stays up until Ctrl-C.")?;
    serve_until_told(listening).await
}

/// What a folder of generated data was made with.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    members: u64,
    seed: u64,
    files: Vec<String>,
}

/// Generates the data, unless it is there.
async fn sample(args: &DemoArgs, folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let data = folder.join("sample");
    let note = data.join("made.json");
    if let Ok(text) = std::fs::read_to_string(&note) {
        let made: Made = serde_json::from_str(&text)
            .map_err(|_| CliError::failed(format!("`{}` is not from this demonstration", note.display())))?;
        if (made.members, made.seed) != (args.members, args.seed) {
            return Err(CliError::usage(format!(
                "`{}` has a demonstration of {} members, seed {}; name another folder with --dir, or remove it",
                folder.display(),
                made.members,
                made.seed
            )));
        }
        out::line(format!("the data of {} members is there already", args.members))?;
        return Ok(made.files.iter().map(|name| data.join(name)).collect());
    }
    out::line(format!("generating {} members into {}", args.members, data.display()))?;
    let report = generate(SampleOptions::new(args.members, args.seed, &data)).await?;
    let files: Vec<String> = report.files.iter().map(|file| file.name.clone()).collect();
    let made = Made { members: args.members, seed: args.seed, files: files.clone() };
    std::fs::write(&note, serde_json::to_string_pretty(&made)?)?;
    Ok(files.iter().map(|name| data.join(name)).collect())
}

fn deliveries(files: &[PathBuf]) -> Result<Vec<Delivery>, CliError> {
    let delivery = |file: &PathBuf| {
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        Ok(Delivery { dataset: stem.parse().map_err(CliError::failed)?, file: file.clone() })
    };
    files.iter().map(delivery).collect()
}

#[cfg(test)]
mod tests;
