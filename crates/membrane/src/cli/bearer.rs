//! `membrane bearer`.

use clap::Args;
use membrane_model::{PrincipalId, PrincipalKind};

use super::caller::CallerArgs;
use super::{CliError, Env, out};
use crate::flow;
use crate::wire::BearerBody;

/// Issue a bearer: a signed credential with which HTTP callers act for a principal.
///
/// Signed with a key that follows from the root key. Issuing is recorded as a run, by the first operator unless told
/// otherwise. Whoever has the bearer is the principal until it expires: treat it as a password.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  curl -H \"Authorization: Bearer $(membrane bearer analyst:ana)\" \\\n    \
                        'http://127.0.0.1:7878/v1/datasets?purpose=marketing_analysis'"
)]
pub(super) struct BearerArgs {
    /// For whom it acts, KIND:NAME; `membrane policy principals` lists them.
    principal: PrincipalId,
    /// For how many hours, 720 at most [default: [server] bearer_hours].
    #[arg(long, value_name = "N")]
    hours: Option<u32>,
    #[command(flatten)]
    caller: CallerArgs,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: BearerArgs, env: Env) -> Result<(), CliError> {
    let hours = match args.hours {
        Some(hours) => hours,
        None => env.config()?.server.bearer_hours,
    };
    let hub = env.open().await?;
    let ctx = args.caller.ctx(&hub, PrincipalKind::Operator)?;
    let (run, bearer) = flow::issue_bearer(&ctx, &hub, &args.principal, hours).await?;
    if args.json {
        let principal = args.principal.to_string();
        return out::json(&BearerBody { run: run.to_string(), principal, hours, bearer });
    }
    Ok(out::line(bearer)?)
}
