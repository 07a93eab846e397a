//! `membrane catalog diff`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use membrane_catalog::{Catalog, Change, Effect};
use membrane_model::{Limits, PrincipalKind};
use membrane_policy::Policies;
use membrane_policy::publication::matrix_differences;
use serde_json::{Value, json};

use super::super::caller::CallerArgs;
use super::super::version::Version;
use super::super::{CliError, Env, out};
use super::load;
use crate::config::Config;
use crate::contract_diff::{Before, DatasetDiff, State, contract_diff};
use crate::flow;
use crate::hub::Hub;
use crate::open::OpenError;

/// Say what changed in contracts, and whom it hurts.
///
/// Each change is `wording`, `compatible`, `major` (somebody may have to do something; applied once the contract has a new MAJOR
/// version) or `breaking` (rows that are there are not of it: it is not applied). Beside it stand the sources, standing releases
/// and contracts that it hurts, what policies would show otherwise, and a version that did not go up far enough. The exit code is 1
/// when somebody is hurt. What the hub has is looked up in a run, for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane catalog diff                     # the rows that are there, and the folder that is configured
  membrane catalog diff 3                   # publication 3, and the folder
  membrane catalog diff ../main/catalog catalog
  membrane catalog diff ../main/catalog --json")]
pub(super) struct DiffArgs {
    /// The contracts before: a folder, or the number of a publication [default: those that rows were brought in by, and for
    /// datasets without rows what the hub serves].
    old: Option<Version>,
    /// The folder of the contracts after [default: the catalog that is configured].
    new: Option<PathBuf>,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    caller: CallerArgs,
}

/// What was found.
struct Found {
    diffs: Vec<DatasetDiff>,
    /// Why policies do not go with the contracts after.
    unfit: Vec<String>,
    /// What they would show otherwise.
    shown: Vec<String>,
}

impl Found {
    fn is_breaking(&self) -> bool {
        !self.unfit.is_empty() || self.diffs.iter().any(DatasetDiff::is_breaking)
    }
}

pub(super) async fn run(args: &DiffArgs, config: &Config, env: &Env) -> Result<(), CliError> {
    let after = match &args.new {
        Some(folder) => read(folder)?,
        None => load(config, false)?,
    };
    let before = before(args, config, env).await?;
    let limits = Limits::from(&config.limits);
    let diffs = contract_diff(&before, &after, &config.privacy, &limits).await;
    let (unfit, shown) = of_policies(config, env, &before.catalog, &after);
    let found = Found { diffs, unfit, shown };
    if args.json {
        out::json(&shaped(&found))?
    } else {
        told(&found)?
    }
    if found.is_breaking() {
        return Err(CliError::failed("the change hurts somebody, or has too small a version: see above"));
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Catalog, CliError> {
    Catalog::load(folder).map_err(|error| OpenError::from(error).into())
}

async fn before(args: &DiffArgs, config: &Config, env: &Env) -> Result<Before, CliError> {
    let publication = match &args.old {
        Some(Version::Folder(folder)) => {
            return read(folder).map(|catalog| Before::of(Arc::new(catalog)));
        }
        Some(Version::Published(number)) => Some(*number),
        None => None,
    };
    out::start_log(&config.log, out::LogUse::Command);
    // A catalog that does not go with the rows is what somebody may want to see here.
    let hub = Hub::open_to_publish(config, env.clock.clone()).await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let (_, found) = flow::contracts_before(&ctx, &hub, publication).await?;
    found.ok_or_else(|| {
        let number = publication.unwrap_or_default();
        CliError::usage(format!("there is no publication {number}: `membrane policy history` lists them"))
    })
}

/// Says why the policies of the folder do not go with the contracts, or what they would show otherwise.
fn of_policies(config: &Config, env: &Env, before: &Catalog, after: &Catalog) -> (Vec<String>, Vec<String>) {
    let folder = Path::new(&config.policies.dir);
    // Without policies, or where they did not go with the contracts before, nothing of them is known.
    let Ok(old) = Policies::load(folder, before) else { return Default::default() };
    match Policies::load(folder, after) {
        Err(error) => (error.to_string().lines().map(str::to_owned).collect(), Vec::new()),
        Ok(new) => {
            let now = env.clock.now();
            (Vec::new(), matrix_differences(&old.matrix(before, now), &new.matrix(after, now)))
        }
    }
}

fn told(found: &Found) -> Result<(), CliError> {
    for diff in &found.diffs {
        let dataset = &diff.dataset;
        match &diff.state {
            State::Added => out::line(format!("{dataset}: new"))?,
            State::Removed => {
                out::line(format!(
                    "{dataset}: removed; rows that are there stay, and nobody can ask for them"
                ))?;
            }
            State::Changed(comparison) => {
                let effect = comparison.effect().map_or("version alone", Effect::as_str);
                out::line(format!("{dataset} {} -> {}: {effect}", comparison.older, comparison.newer))?;
                for change in &comparison.changes {
                    out::line(format!("  {:<10}  {change}", change.effect.as_str()))?;
                }
                if let Some(fault) = comparison.version_fault() {
                    out::line(format!("  {fault}"))?;
                }
            }
        }
        for hurt in &diff.hurts {
            out::line(format!("  hurts {} `{}`: {}", hurt.what, hurt.name, hurt.why))?;
        }
    }
    for (heading, lines) in [
        ("policies do not go with it:", &found.unfit),
        ("policies show otherwise (`-` before, `+` after):", &found.shown),
    ] {
        if !lines.is_empty() {
            out::line(heading)?;
        }
        for line in lines {
            out::line(format!("  {line}"))?;
        }
    }
    if found.diffs.is_empty() {
        out::line("no contract changed")?;
    }
    Ok(())
}

fn shaped(found: &Found) -> Value {
    let change = |change: &Change| {
        json!({
            "column": change.column,
            "what": change.what,
            "from": change.from,
            "to": change.to,
            "effect": change.effect.as_str(),
        })
    };
    let diff = |diff: &DatasetDiff| {
        let hurts =
            diff.hurts.iter().map(|hurt| json!({ "what": hurt.what, "name": hurt.name, "why": hurt.why }));
        let hurts: Vec<Value> = hurts.collect();
        let (state, comparison) = match &diff.state {
            State::Added => ("added", None),
            State::Removed => ("removed", None),
            State::Changed(comparison) => ("changed", Some(comparison)),
        };
        json!({
            "dataset": diff.dataset,
            "state": state,
            "from": comparison.map(|one| &one.older),
            "to": comparison.map(|one| &one.newer),
            "effect": comparison.and_then(|one| one.effect()).map(Effect::as_str),
            "version_fault": comparison.and_then(|one| one.version_fault()),
            "changes": comparison.map(|one| one.changes.iter().map(change).collect::<Vec<_>>()).unwrap_or_default(),
            "hurts": hurts,
            "breaking": diff.is_breaking(),
        })
    };
    json!({
        "breaking": found.is_breaking(),
        "datasets": found.diffs.iter().map(diff).collect::<Vec<_>>(),
        "policies": { "unfit": found.unfit, "shown": found.shown },
    })
}
