//! `membrane audit search`.

use clap::Args;
use membrane_ledger::RunSearch;
use membrane_model::PrincipalKind;

use super::super::caller::CallerArgs;
use super::super::runs::end_of;
use super::super::{CliError, Env, out, table};
use super::filter::FilterArgs;
use crate::flow::{self, FOUND_MAX};
use crate::wire::{FoundBody, FoundPolicyBody, FoundRunBody};

/// Policies whose reasons are told below the table.
const POLICIES_SHOWN: usize = 20;

/// Find out who did what, and why they were allowed: the runs of the record, the newest first.
///
/// Each comes with what was seen at which level, the policies that decided it, how it ended, and its place in the log, by which it is proved to others
/// (`membrane audit prove`). Acts for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane audit search --column phone --level clear --since 2026-11-01 --until 2026-12-01 --as compliance:olga
  membrane audit search --principal analyst:ana --status refused
  membrane audit search --dataset crm_members --action read --json")]
pub(super) struct SearchArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(FOUND_MAX)))]
    limit: u32,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: SearchArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let search = args.filter.search();
    let (run, found) = flow::search_runs(&ctx, &hub, &search, args.limit).await?;
    let runs: Vec<FoundRunBody> = found.runs.iter().map(|run| FoundRunBody::of(run, &search)).collect();
    let policies = FoundPolicyBody::of(hub.policies(), &runs);
    let body = FoundBody { run: run.to_string(), runs, has_more: found.has_more, policies };
    if args.json { out::json(&body) } else { show(&body, &search) }
}

fn show(body: &FoundBody, search: &RunSearch) -> Result<(), CliError> {
    if body.runs.is_empty() {
        out::line("no run on record is so")?;
        return Ok(());
    }
    let is_of_columns = search.column.is_some() || search.level.is_some();
    let header = ["started\nrun", "who\nfor what", "did\nwith", "level\nby", "ended\nleaf"];
    let mut shown = table::new_table(&header);
    for run in &body.runs {
        shown.add_row([
            format!("{}\n{}", table::minute(&run.started), end_of(&run.run)),
            who(run),
            lines([run.action.clone()], &run.datasets),
            lines(run.levels(is_of_columns), run.policies.iter().chain(&run.reasons)),
            lines([ended(run)], run.leaf.map(|leaf| leaf.to_string()).iter()),
        ]);
    }
    table::narrow(&mut shown, &[0, 4]);
    table::right(&mut shown, &[4]);
    out::line(shown.to_string())?;
    for policy in body.policies.iter().filter(|policy| policy.because.is_some()).take(POLICIES_SHOWN) {
        out::line(format!("{}: {}", policy.policy, policy.because.as_deref().unwrap_or_default()))?;
    }
    let more = if body.has_more { "; there are more, before them: --limit, or --until" } else { "" };
    out::note(format!("{}{more}", table::counted(body.runs.len(), "run")));
    Ok(())
}

fn lines<'a>(first: impl IntoIterator<Item = String>, more: impl IntoIterator<Item = &'a String>) -> String {
    first.into_iter().chain(more.into_iter().cloned()).collect::<Vec<_>>().join("\n")
}

fn who(run: &FoundRunBody) -> String {
    let delegator = run.on_behalf_of.as_ref().map(|delegator| format!("for {delegator}"));
    lines([run.principal.clone()], delegator.iter().chain(&run.purpose))
}

/// Says how a run ended, with the code of its error.
fn ended(run: &FoundRunBody) -> String {
    match &run.error_code {
        Some(code) => format!("{}\n{code}", run.status),
        None => run.status.clone(),
    }
}
