//! `membrane config`.

use clap::Args;

use super::{CliError, Env, out};
use crate::config::Config;

/// Show the configuration that is in force: every key, its sentence and its value. Secrets are left out.
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// Show the defaults instead: the reference file.
    #[arg(long)]
    defaults: bool,
}

pub(super) fn run(args: &ConfigArgs, env: &Env) -> Result<(), CliError> {
    let config = if args.defaults { Config::default() } else { env.config()? };
    Ok(out::bytes(config.render().as_bytes())?)
}
