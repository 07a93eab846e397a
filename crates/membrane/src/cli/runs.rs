//! `membrane runs`.

use clap::Args;
use membrane_ledger::RunFilter;
use membrane_model::{DatasetName, PrincipalId, PrincipalKind, RunId};

use super::caller::CallerArgs;
use super::{CliError, Env, lineage, out, table};
use crate::ctx::RequestCtx;
use crate::flow;
use crate::hub::Hub;
use crate::wire::{DecisionBody, RunBody, RunDetailBody, RunsBody};

/// Show what was done: the runs of the record, or all about one.
///
/// The table shows the end of each id, by which one of the last 1,000 runs is found; `--json` shows all of it.
///
/// Acts for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  membrane runs --limit 20\n  membrane runs --dataset crm_members --json\n  \
                        membrane runs RUN"
)]
pub(super) struct RunsArgs {
    /// The run, by its id or the last 12 characters of it; without it the newest runs are listed.
    #[arg(value_parser = named)]
    id: Option<Named>,
    /// Of this principal only, and on its behalf.
    #[arg(long, value_name = "PRINCIPAL", conflicts_with = "id")]
    principal: Option<PrincipalId>,
    /// With this dataset only.
    #[arg(long, value_name = "DATASET", conflicts_with = "id")]
    dataset: Option<DatasetName>,
    /// How many.
    #[arg(long, default_value_t = 50, value_name = "N", conflicts_with = "id")]
    limit: u32,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Characters of an id that tell runs apart: made by chance, all of them.
const END: usize = 12;
/// Runs among which one is looked for by the end of its id.
const LOOKED_AT: u32 = 1_000;

/// A run as it is named.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Whole(RunId),
    End(String),
}

/// Reads how a run is named.
pub(super) fn named(text: &str) -> Result<Named, String> {
    if text.len() == END && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(Named::End(text.to_ascii_lowercase()));
    }
    text.parse()
        .map(Named::Whole)
        .map_err(|_| format!("expected the id of a run, or its last {END} characters"))
}

/// Returns the end of an id, by which a run is named.
pub(super) fn end_of(id: &str) -> &str {
    id.get(id.len().saturating_sub(END)..).unwrap_or(id)
}

impl Named {
    /// Finds the run.
    pub(super) async fn find(self, ctx: &RequestCtx, hub: &Hub) -> Result<RunId, CliError> {
        let end = match self {
            Self::Whole(id) => return Ok(id),
            Self::End(end) => end,
        };
        let filter = RunFilter { principal: None, dataset: None, limit: LOOKED_AT };
        let (_, found) = flow::runs(ctx, hub, filter).await?;
        let mut meant = found.iter().map(|run| run.run).filter(|id| end_of(&id.to_string()) == end);
        match (meant.next(), meant.next()) {
            (Some(id), None) => Ok(id),
            (None, _) => Err(CliError::usage(format!(
                "none of the last {LOOKED_AT} runs has an id that ends so: name the whole id, as `--json` shows it"
            ))),
            (Some(_), Some(_)) => Err(CliError::usage("two runs have ids that end so: name the whole id")),
        }
    }
}

pub(super) async fn run(args: RunsArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    if let Some(named) = args.id {
        let id = named.find(&ctx, &hub).await?;
        let (_, found) = flow::run_detail(&ctx, &hub, id).await?;
        let body = RunDetailBody::from(&found);
        return if args.json { out::json(&body) } else { detail(&body) };
    }
    let filter = RunFilter { principal: args.principal, dataset: args.dataset, limit: args.limit };
    let (run, found) = flow::runs(&ctx, &hub, filter).await?;
    let own = run.to_string();
    let runs: Vec<RunBody> = found.iter().map(RunBody::from).collect();
    if args.json {
        return out::json(&RunsBody { run: own, runs });
    }
    let mut shown = table::new_table(&["run\nstarted", "who\nfor what", "job", "state", "rows", "ms"]);
    for run in runs {
        let state = match &run.error_code {
            None if run.run == own => "this listing".to_owned(),
            Some(code) => format!("{}: {code}", run.status),
            None => run.status.clone(),
        };
        shown.add_row([
            format!("{}\n{}", end_of(&run.run), table::minute(&run.started)),
            who(&run),
            run.job.clone(),
            state,
            run.rows_out.map(table::count).unwrap_or_default(),
            run.duration_ms.map(table::count).unwrap_or_default(),
        ]);
    }
    table::narrow(&mut shown, &[0, 4, 5]);
    table::right(&mut shown, &[4, 5]);
    out::line(shown.to_string())?;
    Ok(())
}

/// Names who acted, on whose behalf, and what for: each in a line, so that the table is no wider than a page.
fn who(run: &RunBody) -> String {
    let delegator = run.on_behalf_of.as_ref().map(|delegator| format!("for {delegator}"));
    let lines = [Some(run.principal.clone()), delegator, run.purpose.clone()];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn detail(body: &RunDetailBody) -> Result<(), CliError> {
    let run = &body.run;
    let mut facts = table::new_table(&["run", &run.run]);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.add_row([name.to_owned(), value]);
        }
    };
    let versions = |all: &[crate::wire::DatasetVersionBody]| {
        let shown = |read: &crate::wire::DatasetVersionBody| {
            format!("{} version {}", read.dataset, read.version.unwrap_or_default())
        };
        all.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    fact("who", run.principal.clone());
    fact("on behalf of", run.on_behalf_of.clone().unwrap_or_default());
    fact("by", run.channel.clone().unwrap_or_default());
    fact("session", body.session.clone().unwrap_or_default());
    fact("from", body.address.clone().filter(|address| address != "local").unwrap_or_default());
    fact("action", run.action.clone());
    fact("purpose", run.purpose.clone().unwrap_or_default());
    fact("job", run.job.clone());
    fact("statement", body.statement.clone().unwrap_or_default());
    fact(
        "state",
        format!("{} {}", run.status, run.error_code.as_deref().unwrap_or_default()).trim().to_owned(),
    );
    fact("started", run.started.clone());
    fact("milliseconds", run.duration_ms.map(table::count).unwrap_or_default());
    fact("rows in", run.rows_in.map(table::count).unwrap_or_default());
    fact("rows out", run.rows_out.map(table::count).unwrap_or_default());
    fact("rows set aside", run.rows_quarantined.map(table::count).unwrap_or_default());
    fact("read", versions(&run.inputs));
    fact("written", versions(&run.outputs));
    fact("held back", body.obligations.join(", "));
    fact("grants", body.grants.join(", "));
    fact("publication", body.publication.map(table::count).unwrap_or_default());
    fact("plan (SHA-256)", body.plan_sha256.clone().unwrap_or_default());
    fact("leaf of the log", body.leaf_index.map(table::count).unwrap_or_default());
    for release in &body.releases {
        fact(
            "release",
            format!(
                "{}, rho {:.6}, charged to {}",
                release.state,
                release.price.rho,
                release.scopes.join(", ")
            ),
        );
    }
    out::line(facts.to_string())?;
    body.decisions.iter().try_for_each(decision)?;
    if body.edges.is_empty() { Ok(()) } else { lineage::edge_table(&body.edges) }
}

fn decision(decision: &DecisionBody) -> Result<(), CliError> {
    out::line(format!(
        "{} {}: {} (by {})",
        if decision.allowed { "permitted" } else { "refused" },
        decision.dataset.as_deref().unwrap_or("the hub"),
        decision.reason,
        if decision.factors.is_empty() { "no policy".to_owned() } else { decision.factors.join(", ") }
    ))?;
    if decision.columns.is_empty() {
        return Ok(());
    }
    let mut shown = table::new_table(&["column", "level", "by"]);
    for column in &decision.columns {
        shown.add_row([
            column.column.clone(),
            column.level.clone().unwrap_or_else(|| "hidden".to_owned()),
            column.factors.join(", "),
        ]);
    }
    out::line(shown.to_string())?;
    Ok(())
}
