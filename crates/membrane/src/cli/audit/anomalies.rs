//! What stood out of what principals did.

use clap::Args;
use membrane_model::PrincipalKind;
use serde_json::json;

use super::super::caller::CallerArgs;
use super::super::{CliError, Env, out, table};
use crate::flow;
use crate::wire::{AnomaliesBody, AnomalyBody, SinceBody};

/// List what stood out of what principals did: many times more than their peers and than before, at odd hours, over many members, or value by value.
///
/// What came since the hub looked last is looked for first, over the last seven days. Each line says how many there were and how many are usual; neither
/// proves anything by itself. `[anomalies]` says up to which figures nothing stands out. Acts for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane audit anomalies
  membrane audit anomalies --since 2026-11-01 --json
  membrane audit anomalies --acknowledge 3")]
pub(super) struct AnomaliesArgs {
    /// Only what was flagged from this day or moment on, UTC.
    #[arg(long, value_name = "DATE")]
    since: Option<SinceBody>,
    /// Take note of one, by its number: it is on record that you did.
    #[arg(long, value_name = "NUMBER", conflicts_with = "since")]
    acknowledge: Option<u64>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: AnomaliesArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    if let Some(number) = args.acknowledge {
        let run = flow::acknowledge_anomaly(&ctx, &hub, number).await?;
        if args.json {
            return out::json(&json!({ "run": run.to_string(), "acknowledged": number }));
        }
        out::line(format!("{} took note of anomaly {number}", ctx.principal))?;
        return Ok(());
    }
    let (run, found) = flow::list_anomalies(&ctx, &hub, args.since.map(|since| since.0)).await?;
    let body = AnomaliesBody::new(run, &found);
    if args.json { out::json(&body) } else { show(&body) }
}

fn show(body: &AnomaliesBody) -> Result<(), CliError> {
    if body.anomalies.is_empty() {
        out::line("nothing stood out")?;
        return Ok(());
    }
    let mut shown = table::new_table(&["number\nflagged", "who", "what", "usual"]);
    for one in &body.anomalies {
        shown.add_row([
            format!("{}\n{}", one.anomaly, table::minute(&one.flagged)),
            who(one),
            what(one),
            usual(one),
        ]);
    }
    table::narrow(&mut shown, &[0]);
    out::line(shown.to_string())?;
    if body.has_more {
        let listed = body.anomalies.len();
        out::note(format!(
            "{listed} are listed, and there are more: `system.anomalies` in SQL has what was written down; the next look finds the rest"
        ));
    }
    Ok(())
}

/// Names who acted, and who took note of it.
fn who(one: &AnomalyBody) -> String {
    let noted = one.acknowledged_by.as_ref().map(|who| format!("\nnoted by\n{who}"));
    format!("{}{}", one.principal, noted.unwrap_or_default())
}

/// Says how many of what there were, and when.
fn what(one: &AnomalyBody) -> String {
    let things = match one.kind.as_str() {
        "cells" => "cells opened",
        "hours" => "cells opened at an odd hour",
        "members" => "rows given",
        "lookups" => "values looked up one by one",
        other => other,
    };
    let hour = one.hour.map_or_else(String::new, |hour| format!(" {hour:02}:00"));
    format!("{} {things}\n{}{hour}", table::count(one.measured), one.day)
}

/// Says how many are usual, and of whom.
fn usual(one: &AnomalyBody) -> String {
    let usual = match one.usual_of.as_str() {
        "peers" => format!("{} of peers", table::count(one.usual)),
        "own" => format!("{} of their own", table::count(one.usual)),
        _ => "not known".to_owned(),
    };
    format!("{usual}\nup to {} is none", table::count(one.bound))
}
