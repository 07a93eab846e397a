//! `membrane config`.

use clap::Args;

use super::{CliError, Env, out};
use crate::config::Config;

/// Show the configuration that is in force: every key, its sentence and its value.
///
/// Secrets are left out: the key itself, the values of storage options, and a URL that may hold a password.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane config
  membrane config --defaults > membrane.toml
  MEMBRANE__LIMITS__ROWS_MAX=1000 membrane config")]
pub(super) struct ConfigArgs {
    /// Show the defaults instead: the reference file.
    #[arg(long)]
    defaults: bool,
}

pub(super) fn run(args: &ConfigArgs, env: &Env) -> Result<(), CliError> {
    let config = if args.defaults { Config::default() } else { env.config()? };
    Ok(out::bytes(config.render().as_bytes())?)
}
