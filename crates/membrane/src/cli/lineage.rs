//! `membrane lineage`.

use std::str::FromStr;

use clap::Args;
use membrane_model::{ColumnName, DatasetName, PrincipalKind};

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::flow::{self, LineageRequest};
use crate::wire::{EdgeBody, FieldBody, LineageBody};

/// Show where a column came from and where it went: sources, datasets, and the answers of runs.
///
/// `obscured` says whether the value was masked, tokenised, sealed or drowned in noise on the way. `membrane runs RUN`
/// says who asked in a run, and at which level policy showed the column. Acts for the first compliance principal unless
/// told otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  membrane lineage crm_members.phone")]
pub(super) struct LineageArgs {
    /// The column, DATASET.COLUMN.
    #[arg(value_name = "DATASET.COLUMN")]
    column: DottedColumn,
    /// How many steps to go.
    #[arg(long, default_value_t = flow::DEPTH_MAX, value_name = "N")]
    depth: u32,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
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
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Compliance)?;
    let DottedColumn { dataset, column } = args.column;
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
