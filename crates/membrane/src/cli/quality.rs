//! `membrane quality`.

use clap::Args;
use membrane_model::{DatasetName, PrincipalKind};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow::{self, OBJECTIVE, QualityRequest};
use crate::wire::{QualityBody, QualityDayBody};

/// Reasons that fit into a line.
const REASONS_SHOWN: usize = 3;

/// See how much of what was delivered fits its contract, by dataset and day.
///
/// Each delivery's rows are counted: taken in, set aside and why. Days are in UTC. Acts for the first compliance principal unless told
/// otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane quality
  membrane quality pos_orders --days 30
  membrane quality --objective 0.995 --check

Exit code 1 with --check when a day is below the objective.")]
pub(super) struct QualityArgs {
    /// The dataset; all of them when not stated.
    dataset: Option<DatasetName>,
    /// Days, today among them.
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    days: u32,
    /// The share of rows that is to fit the contract.
    #[arg(long, default_value_t = OBJECTIVE, value_name = "SHARE")]
    objective: f64,
    /// End with exit code 1 when a day is below the objective.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: QualityArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let request = QualityRequest { dataset: args.dataset, days: args.days, objective: args.objective };
    let (run, days) = flow::quality(&ctx, &hub, request).await?;
    let body = QualityBody::new(run, args.objective, &days);
    if args.json {
        out::json(&body)?;
    } else {
        show(&body)?;
    }
    let below = body.days.iter().filter(|day| !day.meets_objective).count();
    if args.check && below > 0 {
        let count = table::count(u64::try_from(below).unwrap_or(u64::MAX));
        return Err(CliError::failed(format!("{count} of these days are below the objective")));
    }
    Ok(())
}

fn show(body: &QualityBody) -> Result<(), CliError> {
    if body.days.is_empty() {
        out::line("nothing was delivered in these days")?;
        return Ok(());
    }
    let mut shown = table::new_table(&[
        "dataset",
        "day",
        "deliveries",
        "rows",
        "taken in",
        "set aside",
        "fit",
        "why rows were set aside",
    ]);
    for day in &body.days {
        let QualityDayBody { dataset, deliveries, rows_in, rows_accepted, rows_quarantined, .. } = day;
        let fit = day.pass_share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0));
        let mark = if day.meets_objective { "" } else { " below" };
        let [deliveries, rows, accepted, aside] =
            [*deliveries, *rows_in, *rows_accepted, *rows_quarantined].map(table::count);
        shown.add_row([
            dataset.clone(),
            day.day.clone(),
            deliveries,
            rows,
            accepted,
            aside,
            format!("{fit}{mark}"),
            reasons(day),
        ]);
    }
    table::right(&mut shown, &[2, 3, 4, 5]);
    out::line(shown.to_string())?;
    Ok(())
}

fn reasons(day: &QualityDayBody) -> String {
    let told: Vec<String> = day
        .reasons
        .iter()
        .take(REASONS_SHOWN)
        .map(|reason| format!("{} {}", reason.reason, table::count(reason.times)))
        .collect();
    let more = day.reasons.len().saturating_sub(REASONS_SHOWN);
    if more > 0 { format!("{}, {more} more", told.join(", ")) } else { told.join(", ") }
}
