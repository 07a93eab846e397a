//! `membrane release audit`.

use clap::Args;
use membrane_model::PrincipalKind;

use super::question::QuestionArgs;
use crate::audit::{Effort, audit_release};
use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, audit, out, sql};

#[derive(Debug, Args)]
pub(in crate::cli) struct AuditArgs {
    /// One SELECT with aggregates; `-` reads it from standard input.
    #[arg(long, value_name = "SQL")]
    sql: String,
    #[command(flatten)]
    question: QuestionArgs,
    /// Look at a few pairs and draws only.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: AuditArgs, env: Env) -> Result<(), CliError> {
    let request = args.question.request(sql::read(args.sql)?)?;
    let effort = if args.quick { Effort::quick() } else { Effort::of_one_release() };
    let hub = env.open().await?;
    let ctx = args.caller.ctx_required(&hub, PrincipalKind::Partner)?;
    let made = Box::pin(audit_release(&ctx, &hub, &request, &effort)).await?;
    let (run, report) = made.map_err(|error| audit::fault(&error))?;
    if args.json {
        out::json(&report.json(&format!("run {run}")))?;
    } else {
        audit::show(&report)?;
        out::note(format!("run {run}; nothing was charged"));
    }
    audit::judge(&report)
}
