//! `membrane sql`.

use std::io::Read;

use clap::Args;
use futures::StreamExt;
use membrane_model::{PrincipalId, PrincipalKind, Purpose};
use membrane_query::Parameter;
use serde_json::json;

use super::caller::CallerArgs;
use super::{CliError, Env, out, table};
use crate::answer::{AnswerFormat, Encoder, Head};
use crate::flow::{self, QueryAnswer, QueryRequest};
use crate::wire::answer_columns;

/// Rows that a table for a person shows at most.
const SHOWN_MAX: usize = 200;

/// Ask a question in SQL, as an analyst; or about the record, as compliance.
///
/// The analyst sees the datasets, rows and columns that policy permits for the purpose, each column at its level. Whoever may look at the record has
/// it as tables of the schema `system`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane sql \"SELECT name, phone, city FROM crm_members LIMIT 5\" --as analyst:ana --purpose marketing_analysis
  membrane sql \"SHOW TABLES\" --as analyst:ana --purpose marketing_analysis
  membrane sql \"SELECT count(*) FROM crm_members WHERE city = $1\" --param 上海 --as analyst:ana --purpose marketing_analysis
  membrane sql \"SELECT principal, count(*) AS runs FROM system.runs GROUP BY 1\" --as compliance:olga
  membrane sql - --as analyst:ana --purpose marketing_analysis --csv < question.sql > answer.csv")]
pub(super) struct SqlArgs {
    /// One SELECT, WITH or VALUES, EXPLAIN in front of one for its plan, SHOW TABLES, SHOW COLUMNS FROM x or DESCRIBE x; `-`
    /// reads it from standard input.
    sql: String,
    /// A text for `$1`, the next for `$2`, and so on: no quotes are needed, and nothing in it is SQL. Where a number is
    /// wanted, as in LIMIT, write CAST($1 AS BIGINT).
    #[arg(long = "param", value_name = "TEXT", allow_hyphen_values = true)]
    parameters: Vec<String>,
    /// Why: one of the catalog's purposes; `membrane catalog purposes` lists them.
    #[arg(long)]
    purpose: Option<Purpose>,
    /// On whose behalf: of somebody who handed this on to you; `membrane delegation list` shows what was.
    #[arg(long = "for", value_name = "PRINCIPAL")]
    on_behalf_of: Option<PrincipalId>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Answer as JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Answer as CSV.
    #[arg(long)]
    csv: bool,
}

pub(super) async fn run(args: SqlArgs, env: Env) -> Result<(), CliError> {
    let sql = read(args.sql)?;
    let hub = env.open().await?;
    let ctx = args.caller.ctx_required(&hub, PrincipalKind::Analyst)?;
    let parameters = args.parameters.into_iter().map(Parameter::Text).collect();
    let request = QueryRequest { sql, purpose: args.purpose, on_behalf_of: args.on_behalf_of, parameters };
    let answer = flow::query(&ctx, &hub, request).await?;
    let written = match (args.json, args.csv) {
        (true, _) => encoded(answer, AnswerFormat::Json).await,
        (_, true) => encoded(answer, AnswerFormat::Csv).await,
        _ => shown(answer).await,
    };
    // Whoever stops reading half-way leaves a run to be closed.
    hub.tasks().wait(super::CLOSING).await;
    written
}

/// Reads SQL from the argument or from standard input.
pub(super) fn read(sql: String) -> Result<String, CliError> {
    if sql != "-" {
        return Ok(sql);
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| CliError::failed(format!("cannot read standard input: {}", error.kind())))?;
    Ok(text)
}

async fn encoded(mut answer: QueryAnswer, format: AnswerFormat) -> Result<(), CliError> {
    let fault = |_| CliError::failed("the answer cannot be written in this form");
    let head: Head = vec![
        ("run", json!(answer.run.to_string())),
        ("columns", json!(answer_columns(&answer.schema, &answer.columns))),
    ];
    let mut encoder = Encoder::start(format, &answer.schema, head).map_err(fault)?;
    while let Some(batch) = answer.batches.next().await {
        out::bytes(&encoder.write(&batch?).map_err(fault)?)?;
    }
    Ok(out::bytes(&encoder.finish().map_err(fault)?)?)
}

async fn shown(mut answer: QueryAnswer) -> Result<(), CliError> {
    let columns = answer_columns(&answer.schema, &answer.columns);
    let header: Vec<String> = columns
        .iter()
        .map(|column| match column.level.as_deref() {
            None | Some("clear") => column.name.clone(),
            Some(level) => format!("{}\n({level})", column.name),
        })
        .collect();
    let mut shown = table::new_table(&header);
    table::right_numbers(&mut shown, &answer.schema);
    let (mut rows, mut more) = (0, 0);
    while let Some(batch) = answer.batches.next().await {
        let batch = batch?;
        let added = table::add_batch(&mut shown, &batch, SHOWN_MAX.saturating_sub(rows))
            .map_err(|_| CliError::failed("the answer cannot be shown"))?;
        rows += added;
        more += batch.num_rows() - added;
    }
    out::line(shown.to_string())?;
    let tail = if more > 0 { format!(", {more} more with --csv or --json") } else { String::new() };
    out::note(format!("{}{tail}; run {}", table::counted(rows, "row"), answer.run));
    Ok(())
}
