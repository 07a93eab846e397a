//! `membrane audit`.

mod anomalies;
mod filter;
mod log;
mod privacy;
mod repair;
mod search;
mod tail;

use clap::{Args, Subcommand};

use super::{CliError, Env};

pub(super) use filter::moment;
pub(super) use privacy::{fault, judge, show};

/// Find out who saw what and why; show that the record was not altered, and that privacy is what is claimed.
///
/// Every run of the hub is an entry of a log that is published as signed tiles (C2SP tlog-tiles). Whoever has the key of the log and may read where it lies
/// can check it without the hub, and keep a head of it to check against later.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane audit search --column phone --level clear --since 2026-11-01 --until 2026-12-01
  membrane audit tail --follow
  membrane audit verify
  membrane audit prove RUN --out proof
  membrane audit check proof/RUN.tlog-proof --key \"$(membrane audit key)\"
  membrane audit repair
  membrane audit anomalies
  membrane audit privacy --quick")]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    Search(search::SearchArgs),
    Tail(tail::TailArgs),
    Verify(log::VerifyArgs),
    Prove(log::ProveArgs),
    Check(log::CheckArgs),
    Publish(log::PublishArgs),
    Repair(repair::RepairArgs),
    Key(log::KeyArgs),
    Anomalies(anomalies::AnomaliesArgs),
    Privacy(privacy::PrivacyArgs),
}

pub(super) async fn run(args: AuditArgs, env: Env) -> Result<(), CliError> {
    match args.command {
        AuditCommand::Search(args) => search::run(args, env).await,
        AuditCommand::Tail(args) => tail::run(args, env).await,
        AuditCommand::Verify(args) => log::verify(args, env).await,
        AuditCommand::Prove(args) => log::prove(args, env).await,
        AuditCommand::Check(args) => log::check(&args),
        AuditCommand::Publish(args) => log::publish(args, env).await,
        AuditCommand::Repair(args) => repair::run(args, env).await,
        AuditCommand::Key(args) => log::key(args, env).await,
        AuditCommand::Anomalies(args) => anomalies::run(args, env).await,
        AuditCommand::Privacy(args) => privacy::run(args, env).await,
    }
}
