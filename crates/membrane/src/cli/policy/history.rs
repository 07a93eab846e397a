//! `membrane policy history`.

use std::path::Path;

use membrane_model::PrincipalKind;
use serde_json::{Value, json};

use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out, table};
use crate::flow::{self, HistoryLine};

/// What is to be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Of one publication; none: all, a line each.
    pub(super) number: Option<u64>,
    /// Where its files are written.
    pub(super) files: Option<&'a Path>,
    pub(super) json: bool,
}

/// Tells what was published.
pub(super) async fn run(env: &Env, caller: &CallerArgs, wanted: Wanted<'_>) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = caller.ctx(&hub, PrincipalKind::Compliance)?;
    let files_of = wanted.files.and(wanted.number);
    let history = flow::history(&ctx, &hub, files_of).await?;
    if let Some(number) = wanted.number {
        let Some(line) = history.lines.iter().find(|line| line.record.number == number) else {
            return Err(CliError::usage(format!(
                "there is no publication {number}; the last is {}",
                history.lines.len()
            )));
        };
        if let (Some(dir), Some(bundle)) = (wanted.files, &line.files) {
            bundle.write(dir).map_err(|error| {
                CliError::failed(format!("cannot write below `{}`: {}", dir.display(), error.kind()))
            })?;
            out::note(format!("wrote {} files below {}", bundle.files().len(), dir.display()));
        }
        return if wanted.json {
            out::json(&shaped(line, &history.public_key))
        } else {
            told(line, &history.public_key)
        };
    }
    if wanted.json {
        let lines: Vec<Value> = history.lines.iter().map(|line| shaped(line, &history.public_key)).collect();
        return out::json(&json!({ "run": history.run.to_string(), "publications": lines }));
    }
    let mut shown =
        table::new_table(&["number", "published", "by", "version", "policies", "claims proved", "run"]);
    for line in &history.lines {
        let record = &line.record;
        shown.add_row([
            record.number.to_string(),
            record.published.clone(),
            record.principal.clone(),
            record.version.get(..12).unwrap_or_default().to_owned(),
            record.policies.to_string(),
            record.claims.len().to_string(),
            line.run.to_string(),
        ]);
    }
    out::line(shown.to_string())?;
    let count = table::counted(history.lines.len(), "publication");
    out::line(format!("{count}, each signed by this hub's key {}", history.public_key))?;
    Ok(())
}

fn told(line: &HistoryLine, public_key: &str) -> Result<(), CliError> {
    let record = &line.record;
    out::line(format!("publication {} of {}, by {}", record.number, record.published, record.principal))?;
    out::line(format!("version    {}", record.version))?;
    out::line(format!("policies   {}, {} cases as expected", record.policies, record.cases))?;
    out::line(format!("solver     {}", record.solver))?;
    for claim in &record.claims {
        out::line(format!("proved     {}: {}", claim.claim, claim.words))?;
    }
    for file in &record.files {
        out::line(format!("{}  {}", file.sha256, file.path))?;
    }
    out::line(format!("signature  {}", line.signature))?;
    out::line(format!("key        {public_key} (Ed25519)"))?;
    Ok(())
}

fn shaped(line: &HistoryLine, public_key: &str) -> Value {
    json!({
        "run": line.run.to_string(),
        "record": line.record,
        "signed": line.signed,
        "signature": line.signature,
        "public_key": public_key,
    })
}
