//! The stage of a demonstration: a folder with a hub of its own, served on a port.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use membrane_model::{Clock, PrincipalKind};

use super::{ShellCommand, check_all, show};
use crate::cli::{CliError, line};
use crate::config::Config;
use crate::ctx::Channel;
use crate::flow;
use crate::http::{Listening, listen};
use crate::hub::Hub;

/// Where a demonstration plays.
pub(crate) struct Stage {
    pub(crate) hub: Arc<Hub>,
    config: Config,
    folder: PathBuf,
}

impl Stage {
    /// Opens a hub in a folder of its own, unless the configuration says another place for a part of it, and leaves
    /// its configuration there for other subcommands.
    pub(crate) async fn open(config: Config, folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, CliError> {
        let folder = std::path::absolute(folder)?;
        let config = placed(config, &folder)?;
        let hub = Arc::new(Hub::open(&config, clock).await?);
        let stage = Self { hub, config, folder };
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
        line(format!("tables:  {}", self.config.data.url))?;
        // PRIVACY: a database URL may carry a password.
        let ledger =
            if self.config.ledger.url.contains('@') { "(configured)" } else { &self.config.ledger.url };
        line(format!("record:  {ledger}"))?;
        line(format!("key:     {}", self.config.keys.file))?;
        line(format!("config:  {0} (try `membrane --config {0} runs`)", self.configuration().display()))?;
        line(format!("all of it is under {}; remove that folder to start anew", self.folder.display()))?;
        Ok(())
    }
}

/// Puts every part of which nobody said where it is into the folder; no path stays relative.
fn placed(mut config: Config, folder: &Path) -> Result<Config, CliError> {
    let default = Config::default();
    let within = |name: &str| folder.join("hub").join(name).display().to_string();
    if config.data.url == default.data.url {
        config.data.url = within("data");
    }
    if config.data.scratch == default.data.scratch {
        config.data.scratch = within("scratch");
    }
    if config.ledger.url == default.ledger.url {
        config.ledger.url = within("ledger.sqlite");
    }
    if config.keys.file == default.keys.file {
        config.keys.file = within("root.key");
    }
    for path in [&mut config.catalog.dir, &mut config.policies.dir] {
        *path = std::path::absolute(&*path)?.display().to_string();
    }
    Ok(config)
}
