//! The stage of a demonstration: a folder with a hub of its own, served on a port.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use membrane_model::{Clock, PrincipalKind};
use membrane_policy::ProveError;
use membrane_policy::publication::Meant;
use membrane_vault::FileKey;

use super::{ShellCommand, check_all, show};
use crate::cli::{CliError, line};
use crate::config::{Config, DataSection, KeysSection, Serve};
use crate::ctx::Channel;
use crate::error::{Error, Failure};
use crate::flow::{self, PublishRequest};
use crate::http::{Listening, listen};
use crate::hub::Hub;
use crate::open::{OpenError, ledger_url};

/// What the command line itself puts outside of a demonstration's folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// The tables: `--data` was given.
    pub(crate) data: bool,
    /// The record: `--ledger` was given.
    pub(crate) ledger: bool,
}

/// Where a demonstration plays.
pub(crate) struct Stage {
    pub(crate) hub: Arc<Hub>,
    config: Config,
    folder: PathBuf,
    elsewhere: Elsewhere,
    /// The configuration names a hub, which is not this one.
    leaves_alone: bool,
}

impl Stage {
    /// Opens a hub in a folder of its own, whatever hub the configuration names, and leaves its configuration there for
    /// other subcommands.
    pub(crate) async fn open(
        config: Config,
        folder: &Path,
        elsewhere: Elsewhere,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CliError> {
        let folder = std::path::absolute(folder)?;
        let leaves_alone = names_a_hub(&config, elsewhere);
        let config = placed(config, &folder, elsewhere)?;
        make_key(&config)?;
        let config = publish(config, &clock).await?;
        let hub = Arc::new(Hub::open(&config, clock).await?);
        let stage = Self { hub, config, folder, elsewhere, leaves_alone };
        std::fs::write(stage.configuration(), stage.config.render())?;
        Ok(stage)
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("membrane.toml")
    }

    /// Starts the server on a port of the loopback address.
    pub(crate) async fn listen(&self, port: u16) -> Result<Listening, CliError> {
        let mut server = self.config.server.clone();
        server.address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Box::pin(listen(self.hub.clone(), &server)).await.map_err(|error| {
            CliError::failed(format!(
                "cannot listen on port {port}: {}; name another with --port, or 0 for a free one",
                error.kind()
            ))
        })
    }

    /// Issues bearers, as the first operator: variable and bearer.
    pub(crate) async fn bearers(&self, wanted: &[(&str, &str)]) -> Result<Vec<(String, String)>, CliError> {
        let operator = self
            .hub
            .principal_of(PrincipalKind::Operator)
            .ok_or_else(|| CliError::failed("principals.json has no operator who could issue bearers"))?;
        let ctx = self.hub.ctx(operator, Channel::Cli);
        let mut issued = Vec::new();
        for (variable, principal) in wanted {
            let principal = principal.parse().map_err(CliError::failed)?;
            let hours = self.config.server.bearer_hours;
            let (_, bearer) = flow::issue_bearer(&ctx, &self.hub, &principal, hours).await?;
            issued.push(((*variable).to_owned(), bearer));
        }
        Ok(issued)
    }

    /// Shows the commands, or runs and checks them.
    pub(crate) async fn perform(
        &self,
        bearers: &[(&str, &str)],
        commands: &[ShellCommand],
        check: bool,
    ) -> Result<(), CliError> {
        let exports = self.bearers(bearers).await?;
        if check { check_all(&exports, commands).await } else { show(&exports, commands) }
    }

    /// Tells where things are, and how to ask this hub from the command line.
    pub(crate) fn where_it_is(&self) -> Result<(), CliError> {
        let (data, ledger) = (self.config.data.shown_url(), self.config.ledger.shown_url());
        line(format!("tables:  {}", data.unwrap_or("(where --data says)")))?;
        line(format!("record:  {}", ledger.unwrap_or("(where --ledger says)")))?;
        line(format!("key:     {}", self.config.keys.file))?;
        let configuration = self.configuration().display().to_string();
        // What is not shown does not stand in that file either.
        let again = [(data, " --data URL"), (ledger, " --ledger URL")];
        let again: String = again.iter().filter(|(url, _)| url.is_none()).map(|(_, flag)| *flag).collect();
        line(format!("config:  {configuration} (try `membrane --config {configuration}{again} runs`)"))?;
        if self.leaves_alone {
            line(
                "the hub that is configured was left alone; MEMBRANE__ variables that name it also win over this config",
            )?;
        }
        let what = if self.elsewhere == Elsewhere::default() { "all of it" } else { "the rest" };
        line(format!("{what} is under {}; remove that folder to start anew", self.folder.display()))?;
        Ok(())
    }
}

/// The prover's solver.
const SOLVER: &str = "cvc5";

/// Publishes the policies of the folder, as the first operator, as long as there is a solver to prove them with. Without one,
/// what the folder holds is served.
async fn publish(mut config: Config, clock: &Arc<dyn Clock>) -> Result<Config, CliError> {
    let hub = Hub::open_to_publish(&config, Arc::clone(clock)).await?;
    let operator = hub
        .principal_of(PrincipalKind::Operator)
        .ok_or_else(|| CliError::failed("principals.json has no operator who could publish policies"))?;
    let request = PublishRequest {
        catalog: PathBuf::from(&config.catalog.dir),
        policies: PathBuf::from(&config.policies.dir),
        solver: SOLVER.to_owned(),
        meant: Meant::default(),
    };
    match flow::publish(&hub.ctx(operator, Channel::Cli), &hub, &request).await {
        Ok(done) => {
            let (number, claims) = (done.record.number, done.record.claims.len());
            line(format!(
                "policies: publication {number}, {claims} claims proved by {}",
                done.record.solver
            ))?;
            Ok(config)
        }
        Err(Failure { error: Error::Prove(ProveError::NoSolver(_)), .. }) => {
            line(format!("policies: those of the folder, unproved: `{SOLVER}` is not installed"))?;
            config.policies.serve = Serve::Folder;
            Ok(config)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Tells whether a configuration names a hub that the demonstration does not use.
fn names_a_hub(config: &Config, elsewhere: Elsewhere) -> bool {
    let default = Config::default();
    let data = !elsewhere.data && config.data != default.data;
    let ledger = !elsewhere.ledger && config.ledger != default.ledger;
    data || ledger || config.keys != default.keys
}

/// Puts tables, scratch space, record and key into the folder, unless the command line itself puts tables or record
/// elsewhere. No path stays relative.
///
/// INVARIANT: invented members never get into a hub because a file or a variable names it.
fn placed(mut config: Config, folder: &Path, elsewhere: Elsewhere) -> Result<Config, CliError> {
    let within = |name: &str| folder.join("hub").join(name).display().to_string();
    let scratch = within("scratch");
    config.streams.folder = within("streams");
    config.data = if elsewhere.data {
        let url = if config.data.url.contains("://") { config.data.url } else { absolute(&config.data.url)? };
        DataSection { url, scratch, ..config.data }
    } else {
        DataSection { url: within("data"), scratch, storage: BTreeMap::new(), ..config.data }
    };
    config.ledger.url =
        if elsewhere.ledger { ledger_url(&config.ledger)?.0 } else { within("ledger.sqlite") };
    config.keys = KeysSection { file: within("root.key"), root: None };
    config.catalog.dir = absolute(&config.catalog.dir)?;
    config.policies.dir = absolute(&config.policies.dir)?;
    Ok(config)
}

fn absolute(path: &str) -> Result<String, CliError> {
    Ok(std::path::absolute(path)?.display().to_string())
}

/// Makes the key of a demonstration whose ledger is on a server, where a hub never makes one by itself.
fn make_key(config: &Config) -> Result<(), CliError> {
    if ledger_url(&config.ledger)?.1.is_none() {
        FileKey::create(&config.keys.file).map_err(OpenError::from)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
