//! `membrane lineage up`, `membrane lineage down`.

use clap::Args;
use membrane_model::PrincipalKind;

use crate::cli::caller::CallerArgs;
use crate::cli::runs::end_of;
use crate::cli::{CliError, Env, out, table};
use crate::flow::{self, Subject, TraceRequest};
use crate::lineage::Direction;
use crate::wire::{PlaceBody, TraceBody};

/// Show all that a column, a standing release, a run or somebody's answers came from, over all steps.
///
/// `comes as` says how much of the value comes through on the way that lets most through; `influence` that only its influence does.
/// Acts for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, where the numbers of a partner came from, and which personal columns touched them:\n  \
                        membrane lineage up partner:acme"
)]
pub(super) struct UpArgs {
    #[command(flatten)]
    pub(super) trace: TraceArgs,
}

/// Show all that hangs on a column: datasets, standing releases, jobs, and the partners that were told.
///
/// Runs of one principal that did the same are one job; the table shows the end of the newest run's id, by which `membrane runs` finds it
/// among the last 1,000; `--json` shows all of it. `comes as` says how
/// much of the value comes there at most. Acts for the first compliance principal unless told otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Example, what breaks if a channel drops a column:\n  membrane lineage down pos_order_lines.amount"
)]
pub(super) struct DownArgs {
    #[command(flatten)]
    pub(super) trace: TraceArgs,
}

#[derive(Debug, Args)]
pub(super) struct TraceArgs {
    /// DATASET.COLUMN, release:NAME of a standing release, a principal like partner:acme, or the whole id of a run.
    #[arg(value_name = "OF")]
    of: Subject,
    /// How many steps to go.
    #[arg(long, default_value_t = flow::DEPTH_MAX, value_name = "N")]
    depth: u32,
    /// How many nodes to reach, 10,000 at most.
    #[arg(long, default_value_t = flow::PLACES_DEFAULT, value_name = "N")]
    nodes: usize,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: TraceArgs, direction: Direction, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let request = TraceRequest { of: args.of, direction, depth_max: args.depth, places_max: args.nodes };
    let found = flow::trace_lineage(&ctx, &hub, request).await?;
    let body = TraceBody::new(&hub, &found);
    if args.json {
        return out::json(&body);
    }
    show(&body)
}

fn show(body: &TraceBody) -> Result<(), CliError> {
    let counts = &body.counts;
    if body.places.is_empty() {
        out::line(format!("{} of {}: nothing is on record", body.direction, body.of))?;
        return Ok(());
    }
    let counted = [
        (counts.columns, "column"),
        (counts.datasets, "dataset"),
        (counts.columns_pii, "pii column"),
        (counts.deliveries, "form"),
        (counts.tags, "tag"),
        (counts.jobs, "job"),
        (counts.standing_releases, "standing release"),
        (counts.partners, "partner"),
    ];
    let counted: Vec<String> = counted
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| match what {
            "form" => format!("{} of deliveries", table::counted(count, what)),
            what => table::counted(count, what),
        })
        .collect();
    out::line(format!("{} of {}: {}", body.direction, body.of, counted.join(", ")))?;
    let mut shown = table::new_table(&["steps", "what", "fields", "how", "comes as", "runs\nnewest"]);
    for place in &body.places {
        shown.add_row([
            place.distance.to_string(),
            named(place),
            fields(place),
            format!("{} {}", place.kind, place.subtype),
            comes_as(place),
            evidence(place),
        ]);
    }
    table::narrow(&mut shown, &[0, 1, 4, 5]);
    table::right(&mut shown, &[0]);
    out::line(shown.to_string())?;
    if body.cut {
        out::line("there is more: --nodes says how much is shown")?;
    }
    Ok(())
}

fn named(place: &PlaceBody) -> String {
    let mut text = match place.what.as_str() {
        "standing_release" => format!("standing release {}", place.name),
        _ => place.name.clone(),
    };
    if let Some(release) = &place.standing_release {
        text.push_str(&format!(" ({release})"));
    }
    let rest = [&place.principal, &place.purpose].into_iter().flatten();
    rest.for_each(|word| {
        text.push('\n');
        text.push_str(word);
    });
    if let (Some(class), Some(protection)) = (&place.class, &place.protection) {
        text.push_str(&format!("\n{class}, {protection}"));
    }
    text
}

fn fields(place: &PlaceBody) -> String {
    if place.what == "column" { String::new() } else { place.fields.join(", ") }
}

fn comes_as(place: &PlaceBody) -> String {
    match (&place.value, &place.influence) {
        (Some(value), _) => value.clone(),
        (None, Some(_)) => "influence".to_owned(),
        (None, None) => String::new(),
    }
}

fn evidence(place: &PlaceBody) -> String {
    match &place.newest_run {
        Some(run) => format!("{}\n{}", table::count(place.runs), end_of(run)),
        None => "by contract".to_owned(),
    }
}
