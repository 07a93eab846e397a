//! `membrane policy publish`.

use std::path::PathBuf;

use membrane_model::PrincipalKind;
use membrane_policy::publication::Meant;
use serde_json::json;

use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out};
use crate::flow::{self, PublishRequest};
use crate::hub::Hub;

/// What is to be published, and how it is told.
pub(super) struct Asked<'a> {
    pub(super) solver: &'a str,
    pub(super) meant: &'a Meant,
    pub(super) json: bool,
}

/// Publishes what lies in the folders, and says what was proved.
pub(super) async fn run(env: &Env, caller: &CallerArgs, asked: &Asked<'_>) -> Result<(), CliError> {
    let config = env.config()?;
    out::start_log(&config.log, out::LogUse::Command);
    let hub = Hub::open_to_publish(&config, env.clock.clone()).await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Operator)?;
    let request = PublishRequest {
        catalog: PathBuf::from(&config.catalog.dir),
        policies: PathBuf::from(&config.policies.dir),
        solver: asked.solver.to_owned(),
        meant: asked.meant.clone(),
    };
    let done = flow::publish(&ctx, &hub, &request).await?;
    let record = &done.record;
    if asked.json {
        return out::json(&json!({
            "run": done.run.to_string(),
            "new": done.new,
            "number": record.number,
            "version": record.version,
            "record": record,
        }));
    }
    let version = record.version.get(..12).unwrap_or_default();
    if !done.new {
        out::line(format!("nothing changed: publication {}, version {version}, is served", record.number))?;
        return Ok(());
    }
    for claim in &record.claims {
        out::line(format!("proved   {}: {}", claim.claim, claim.words))?;
    }
    out::line(format!(
        "published as number {}, version {version}: {} policies, {} cases as expected, {} claims proved by {}",
        record.number,
        record.policies,
        record.cases,
        record.claims.len(),
        record.solver
    ))?;
    if config.policies.serve == crate::config::Serve::Folder {
        out::note(
            "this hub is told to serve what lies in the folders: [policies] serve = \"published\" serves this",
        );
    }
    Ok(())
}
