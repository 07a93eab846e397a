//! `membrane quality`.

use clap::Args;
use membrane_model::{DatasetName, PrincipalKind, Purpose};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow::{self, QualityRequest, TotalsRequest};
use crate::wire::{QualityBody, QualityDayBody, ReconciliationBody};

/// Reasons that fit into a line.
const REASONS_SHOWN: usize = 3;

/// See how much of what was delivered fits its contract, by dataset and day.
///
/// Each delivery's rows are counted: taken in, late, set aside and why; and held against what its source said of it. A delivery that
/// was refused as a whole counts too. Days are in UTC. Acts for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane quality
  membrane quality pos_orders --days 30
  membrane quality --objective 0.995 --check
  membrane quality pos_orders --totals --as analyst:lee --purpose marketing_analysis

Exit code 1 with --check when a promise of a contract was broken on one of the days, or is at present.")]
pub(super) struct QualityArgs {
    /// The dataset; all of them when not stated.
    dataset: Option<DatasetName>,
    /// Days, today among them.
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    days: u32,
    /// The share of rows that is to fit the contract [default: as the contract says, else 0.99].
    #[arg(long, value_name = "SHARE")]
    objective: Option<f64>,
    /// End with exit code 1 when a promise is broken.
    #[arg(long, conflicts_with = "totals")]
    check: bool,
    /// What sources said of each delivery, beside what was read, as far as the caller may read it.
    #[arg(long, requires_all = ["dataset", "purpose"], conflicts_with = "objective")]
    totals: bool,
    /// What the totals are looked at for.
    #[arg(long, requires = "totals", value_name = "PURPOSE")]
    purpose: Option<Purpose>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: QualityArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    if let (true, Some(dataset), Some(purpose)) = (args.totals, args.dataset.clone(), args.purpose) {
        let ctx = args.caller.ctx(&hub, PrincipalKind::Analyst)?;
        let request = TotalsRequest { dataset, days: args.days, purpose };
        let (run, deliveries) = flow::totals(&ctx, &hub, request).await?;
        let body = ReconciliationBody::new(run, &deliveries);
        return if args.json { out::json(&body) } else { show_totals(&body) };
    }
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let request = QualityRequest { dataset: args.dataset, days: args.days, objective: args.objective };
    let (run, quality) = flow::quality(&ctx, &hub, request).await?;
    let body = QualityBody::new(run, &quality);
    if args.json {
        out::json(&body)?;
    } else {
        show(&body)?;
    }
    let broken = body.days.iter().filter(|day| !day.broken.is_empty()).count();
    if args.check && broken > 0 {
        let count = table::count(u64::try_from(broken).unwrap_or(u64::MAX));
        return Err(CliError::failed(format!("on {count} of these days a promise was broken")));
    }
    if args.check && !body.alerts.is_empty() {
        return Err(CliError::failed("a promise of a contract is broken"));
    }
    Ok(())
}

fn show(body: &QualityBody) -> Result<(), CliError> {
    for alert in &body.alerts {
        out::line(format!("{} breaks a promise: {}, since {}", alert.dataset, alert.promise, alert.since))?;
    }
    if body.days.is_empty() {
        out::line("nothing was delivered in these days")?;
        return Ok(());
    }
    let mut shown = table::new_table(&[
        "dataset",
        "day",
        "deliveries",
        "refused",
        "rows",
        "taken in",
        "late",
        "set aside",
        "fit",
        "control totals",
        "why rows were set aside",
    ]);
    for day in &body.days {
        let QualityDayBody { deliveries, rows_in, rows_accepted, rows_late, rows_quarantined, .. } = day;
        let [deliveries, rows, accepted, late, aside] =
            [*deliveries, *rows_in, *rows_accepted, *rows_late, *rows_quarantined].map(table::count);
        shown.add_row([
            day.dataset.clone(),
            day.day.clone(),
            deliveries,
            refused(day),
            rows,
            accepted,
            late,
            aside,
            fit(day),
            totals(day),
            reasons(day),
        ]);
    }
    table::right(&mut shown, &[2, 4, 5, 6, 7]);
    out::line(shown.to_string())?;
    Ok(())
}

/// How many deliveries were refused, and why.
fn refused(day: &QualityDayBody) -> String {
    if day.refusals.is_empty() {
        return "-".to_owned();
    }
    let told =
        day.refusals.iter().map(|refusal| format!("{} {}", table::count(refusal.times), refusal.reason));
    told.collect::<Vec<_>>().join(", ")
}

/// The share that fits, and which promises were broken.
fn fit(day: &QualityDayBody) -> String {
    let fit = day.pass_share.map_or_else(|| "-".to_owned(), |share| format!("{:.2} %", share * 100.0));
    let words = day.broken.iter().map(|promise| match promise.as_str() {
        "error_rate" => "below",
        "latency" => "late",
        other => other,
    });
    let words: Vec<&str> = words.collect();
    if words.is_empty() { fit } else { format!("{fit} {}", words.join(", ")) }
}

fn totals(day: &QualityDayBody) -> String {
    let totals = &day.totals;
    let parts = [
        (totals.agree, "agree".to_owned()),
        (totals.differ, format!("differ ({})", totals.of.join(", "))),
        (totals.unknown, "unknown".to_owned()),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", table::count(count)))
        .collect();
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
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

fn show_totals(body: &ReconciliationBody) -> Result<(), CliError> {
    if body.deliveries.is_empty() {
        out::line("no delivery in these days has control totals that you may see")?;
        return Ok(());
    }
    let mut shown =
        table::new_table(&["delivery", "source", "of", "stated", "taken in", "set aside", "unread", ""]);
    for delivery in &body.deliveries {
        let (ended, source) = (&delivery.ended, delivery.source.as_deref().unwrap_or("-"));
        for total in &delivery.totals {
            shown.add_row([
                ended.clone(),
                source.to_owned(),
                total.of.clone(),
                total.stated.clone().unwrap_or_else(|| "-".to_owned()),
                total.taken.clone(),
                total.aside.clone().unwrap_or_else(|| "-".to_owned()),
                table::count(total.unread),
                total.verdict.clone(),
            ]);
        }
        if delivery.withheld > 0 {
            let withheld = format!("{} more, not for you", delivery.withheld);
            shown.add_row([ended.clone(), source.to_owned(), withheld]);
        }
    }
    table::right(&mut shown, &[3, 4, 5, 6]);
    out::line(shown.to_string())?;
    Ok(())
}
