//! `membrane keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use membrane_vault::FileKey;

use super::{CliError, Env, out};
use crate::open::OpenError;
use crate::wire::ReceiptKeyBody;

/// Make the root key, or show the public key of receipts.
///
/// A hub with a ledger in a file makes its own at first use; a hub with a ledger on PostgreSQL never does, so that no
/// second machine starts with a key of its own. Every key follows from this one: back it up apart from the data.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  membrane keys init\n  membrane keys show")]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make the root key in the file of [keys] file (mode 0600). Never overwrites one.
    #[command(after_help = "Example:\n  membrane keys init")]
    Init,
    /// Show the public key that receipts of releases are signed with. It is no secret: partners check their receipts with it.
    #[command(after_help = "Examples:\n  membrane keys show\n  membrane keys show --json > receipt-key.json")]
    Show {
        /// As JSON, as GET /receipt-key has it.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: KeysArgs, env: Env) -> Result<(), CliError> {
    match args.command {
        KeysCommand::Init => init(&env),
        KeysCommand::Show { json } => show(&env, json).await,
    }
}

async fn show(env: &Env, json: bool) -> Result<(), CliError> {
    let key = env.open().await?.receipt_key();
    if json {
        return out::json(&ReceiptKeyBody::new(key));
    }
    out::line(format!("receipts of releases are signed with the key of this public one:\n{key}"))?;
    Ok(())
}

fn init(env: &Env) -> Result<(), CliError> {
    let config = env.config()?;
    if config.keys.root.is_some() {
        return Err(CliError::usage("[keys] root is set: the hub takes its key from there"));
    }
    let path: PathBuf = crate::hub::absolute(&config.keys.file)?;
    if path.exists() {
        return Err(CliError::failed(format!("`{}` is there already and stays as it is", path.display())));
    }
    FileKey::create(&path).map_err(OpenError::from)?;
    out::line(format!("made the root key {}; back it up apart from the data", path.display()))?;
    Ok(())
}
