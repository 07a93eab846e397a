//! `membrane lineage`.

mod export;
mod trace;

use std::str::FromStr;

use clap::{Args, Subcommand};
use membrane_model::{ColumnName, DatasetName, PrincipalKind};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow::{self, LineageRequest};
use crate::lineage::Direction;
use crate::wire::{EdgeBody, FieldBody, LineageBody};

/// Show where a column came from and where it went: sources, datasets, and the answers of runs.
///
/// `obscured` says whether the value was masked, tokenised, sealed or drowned in noise on the way. `membrane runs RUN`
/// says who asked in a run, and at which level policy showed the column. Acts for the first compliance principal unless
/// told otherwise.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  membrane lineage crm_members.phone\n  membrane lineage up partner:acme\n  \
                  membrane lineage down crm_members.phone --depth 3\n  membrane lineage export --since 2026-11-01 --out events.ndjson",
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(super) struct LineageArgs {
    /// The column, DATASET.COLUMN.
    #[arg(value_name = "DATASET.COLUMN", required = true)]
    column: Option<DottedColumn>,
    /// How many steps to go.
    #[arg(long, default_value_t = flow::DEPTH_MAX, value_name = "N")]
    depth: u32,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<LineageCommand>,
}

#[derive(Debug, Subcommand)]
enum LineageCommand {
    Up(trace::UpArgs),
    Down(trace::DownArgs),
    Export(export::ExportArgs),
}

#[derive(Debug, Clone)]
struct DottedColumn {
    dataset: DatasetName,
    column: ColumnName,
}

impl FromStr for DottedColumn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (dataset, column) = text.split_once('.').ok_or("expected DATASET.COLUMN")?;
        let dataset = dataset.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { dataset, column: column.parse().map_err(|error| format!("{error}"))? })
    }
}

pub(super) async fn run(args: LineageArgs, env: Env) -> Result<(), CliError> {
    match args.command {
        Some(LineageCommand::Up(args)) => return trace::run(args.trace, Direction::Up, env).await,
        Some(LineageCommand::Down(args)) => return trace::run(args.trace, Direction::Down, env).await,
        Some(LineageCommand::Export(args)) => return export::run(args, env).await,
        None => {}
    }
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let named = args.column.ok_or_else(|| CliError::usage("name a column, DATASET.COLUMN"))?;
    let DottedColumn { dataset, column } = named;
    let found = flow::lineage(&ctx, &hub, LineageRequest { dataset, column, depth_max: args.depth }).await?;
    let body = LineageBody::from(&found);
    if args.json {
        return out::json(&body);
    }
    show("came from", &body.upstream)?;
    show("went to", &body.downstream)
}

fn show(title: &str, edges: &[EdgeBody]) -> Result<(), CliError> {
    if edges.is_empty() {
        out::line(format!("{title}: nothing is on record"))?;
        return Ok(());
    }
    out::line(format!("{title}:"))?;
    edge_table(edges)
}

/// Shows edges to a person.
pub(super) fn edge_table(edges: &[EdgeBody]) -> Result<(), CliError> {
    let mut shown = table::new_table(&["from", "to", "how", "obscured"]);
    for edge in edges {
        shown.add_row([
            field(&edge.from),
            field(&edge.to),
            format!("{} {}", edge.kind, edge.subtype),
            if edge.masking { "yes".to_owned() } else { "no".to_owned() },
        ]);
    }
    out::line(shown.to_string())?;
    Ok(())
}

fn field(field: &FieldBody) -> String {
    match field.namespace.as_str() {
        "dataset" => format!("{}.{}", field.name, field.field),
        namespace => format!("{namespace} {}.{}", field.name, field.field),
    }
}
