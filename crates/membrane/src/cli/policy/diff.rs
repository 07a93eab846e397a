//! `membrane policy diff`.

use std::sync::Arc;

use chrono::TimeDelta;
use membrane_catalog::Catalog;
use membrane_model::PrincipalKind;
use membrane_policy::publication::matrix_differences;
use membrane_policy::replay::Replayed;
use membrane_policy::{Difference, Policies};
use serde_json::{Value, json};

use super::both;
use crate::cli::caller::CallerArgs;
use crate::cli::catalog::load;
use crate::cli::version::Version;
use crate::cli::{CliError, Env, out};
use crate::config::{Config, Serve};
use crate::flow;
use crate::hub::Hub;
use crate::open::OpenError;

/// How far back what was asked is asked again.
const REPLAY_DAYS: i64 = 30;

/// What is to be compared.
pub(super) struct Asked<'a> {
    /// The older policies; none: what is published.
    pub(super) old: Option<&'a Version>,
    /// The newer policies; none: those of the folder that is configured.
    pub(super) new: Option<&'a Version>,
    /// Whether to ask again what was asked, also where a version is named.
    pub(super) replay: bool,
    pub(super) caller: &'a CallerArgs,
    pub(super) solver: &'a str,
    pub(super) json: bool,
}

impl Asked<'_> {
    fn needs_hub(&self) -> bool {
        let published = |version: Option<&Version>| matches!(version, Some(Version::Published(_)));
        self.old.is_none() || self.replay || published(self.old) || published(self.new)
    }
}

type Loaded = (Arc<Policies>, Arc<Catalog>);

/// What differs.
struct Found {
    matrix: Vec<String>,
    replayed: Option<Vec<Replayed>>,
    requests: Result<Vec<Difference>, String>,
}

/// Tells who gains and who loses what: of those that there are, of what was asked, and of all that there could be.
pub(super) async fn run(env: &Env, asked: &Asked<'_>) -> Result<(), CliError> {
    let config = env.config()?;
    let hub = if asked.needs_hub() {
        let mut config = config.clone();
        if asked.old.is_none() {
            config.policies.serve = Serve::Published;
        }
        out::start_log(&config.log, out::LogUse::Command);
        Some(Hub::open(&config, env.clock.clone()).await?)
    } else {
        None
    };
    let (new, catalog) = match asked.new {
        None => both(&config, false).map(|(catalog, policies)| (Arc::new(policies), Arc::new(catalog)))?,
        Some(version) => version.load(&config, hub.as_ref()).await?,
    };
    let (old, old_catalog) = match (asked.old, &hub) {
        (Some(version), hub) => version.load(&config, hub.as_ref()).await?,
        (None, Some(hub)) => (Arc::clone(hub.policies()), Arc::clone(hub.catalog())),
        (None, None) => return Err(CliError::usage("name the policies that there were")),
    };
    let replayed = match &hub {
        Some(hub) if asked.old.is_none() || asked.replay => {
            Some(replay(env, asked, hub, (&new, &catalog), (&old, &old_catalog)).await?)
        }
        _ => None,
    };
    let now = env.clock.now();
    let found = Found {
        matrix: matrix_differences(&old.matrix(&old_catalog, now), &new.matrix(&catalog, now)),
        replayed,
        requests: new.differences(&old, asked.solver).await.map_err(|error| error.to_string()),
    };
    if asked.json { out::json(&shaped(&found)) } else { told(&found) }
}

impl Version {
    async fn load(&self, config: &Config, hub: Option<&Hub>) -> Result<Loaded, CliError> {
        let (catalog, policies) = match (self, hub) {
            (Self::Folder(folder), _) => {
                let catalog = load(config, false)?;
                let policies = Policies::load(folder, &catalog).map_err(OpenError::from)?;
                (catalog, policies)
            }
            (Self::Published(number), Some(hub)) => {
                let found = hub.published(*number).await.map_err(OpenError::from)?;
                let unknown = || {
                    CliError::usage(format!(
                        "there is no publication {number}: `membrane policy history` lists them"
                    ))
                };
                found.ok_or_else(unknown)?
            }
            (Self::Published(_), None) => return Err(CliError::usage("publications are those of a hub")),
        };
        Ok((Arc::new(policies), Arc::new(catalog)))
    }
}

async fn replay(
    env: &Env,
    asked: &Asked<'_>,
    hub: &Hub,
    (new, catalog): (&Policies, &Catalog),
    old: (&Policies, &Catalog),
) -> Result<Vec<Replayed>, CliError> {
    let ctx = asked.caller.ctx(hub, PrincipalKind::Compliance)?;
    let now = env.clock.now();
    let (_, uses) = flow::column_uses(&ctx, hub, now - TimeDelta::days(REPLAY_DAYS)).await?;
    Ok(new.replay(catalog, old, &uses, now))
}

fn shaped(found: &Found) -> Value {
    let replayed = found.replayed.as_ref().map(|replayed| {
        let one = |one: &Replayed| {
            json!({
                "principal": one.principal.to_string(),
                "action": one.action.as_str(),
                "purpose": one.purpose.to_string(),
                "dataset": one.dataset.to_string(),
                "column": one.column.as_ref().map(ToString::to_string),
                "runs": one.runs,
                "before": one.before,
                "after": one.after,
            })
        };
        replayed.iter().map(one).collect::<Vec<_>>()
    });
    let request = |difference: &Difference| {
        json!({
            "gained": difference.gained,
            "sentence": difference.example.sentence,
            "asked": difference.example.asked,
            "policies": difference.example.policies,
            "world": difference.example.world,
        })
    };
    match &found.requests {
        Ok(requests) => json!({
            "matrix": found.matrix,
            "replayed": replayed,
            "requests": requests.iter().map(request).collect::<Vec<_>>(),
        }),
        Err(why) => {
            json!({ "matrix": found.matrix, "replayed": replayed, "requests": null, "undecided": why })
        }
    }
}

fn told(found: &Found) -> Result<(), CliError> {
    out::line("Of those that there are (`-` before, `+` now):")?;
    for line in &found.matrix {
        out::line(format!("  {line}"))?;
    }
    if found.matrix.is_empty() {
        out::line("  nobody sees anything else, by class of column")?;
    }
    if let Some(replayed) = &found.replayed {
        out::line(format!("Of what was asked in the last {REPLAY_DAYS} days:"))?;
        for one in replayed {
            let what = match &one.column {
                Some(column) => format!("{}.{column}", one.dataset),
                None => format!("rows of {}", one.dataset),
            };
            let (who, action, purpose, runs) = (&one.principal, one.action, &one.purpose, one.runs);
            out::line(format!(
                "  {who}, {action} for {purpose}, {runs} times: {what} {} before, {} now",
                one.before, one.after
            ))?;
        }
        if replayed.is_empty() {
            out::line("  all of it is answered alike")?;
        }
    }
    out::line("Of all that there could be, an example for each kind of request:")?;
    let requests = match &found.requests {
        Ok(requests) => requests,
        Err(why) => {
            out::line(format!("  {why}"))?;
            return Ok(());
        }
    };
    for difference in requests {
        let word = if difference.gained { "permitted now    " } else { "permitted before " };
        let example = &difference.example;
        out::line(format!("  {word} {}", example.sentence))?;
        out::line(format!("    {}", example.asked))?;
        for line in example.world.lines() {
            out::line(format!("      {line}"))?;
        }
    }
    if requests.is_empty() {
        out::line("  proved: both permit the same")?;
    }
    Ok(())
}
