//! `membrane release sandbox`.

use clap::Args;
use membrane_model::{DatasetName, PrincipalKind};

use crate::cli::caller::CallerArgs;
use crate::cli::{CliError, Env, out};
use crate::flow;
use crate::wire::SandboxBody;

/// Of which dataset, and at which price.
#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// The dataset about members.
    dataset: DatasetName,
    /// What all of it may cost, as rho of zero-concentrated DP.
    #[arg(long, value_name = "R", default_value_t = flow::SANDBOX_RHO, allow_negative_numbers = true)]
    rho: f64,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a sandbox, or finds it made.
pub(super) async fn run(args: SandboxArgs, env: Env) -> Result<(), CliError> {
    let hub = env.open().await?;
    let ctx = args.caller.ctx_required(&hub, PrincipalKind::Partner)?;
    let made = Box::pin(flow::make_sandbox(&ctx, &hub, &args.dataset, args.rho)).await?;
    let body = SandboxBody::new(&args.dataset, &made);
    if args.json {
        return out::json(&body);
    }
    out::line(format!(
        "the sandbox of {} for {} is made of {} releases; charged: {}",
        body.dataset, body.edition, body.parts, made.charged
    ))?;
    for (statement, code) in &made.left_out {
        out::line(format!("left out ({code}): {statement}"))?;
    }
    Ok(out::line("ask with `membrane release --sandbox`")?)
}
