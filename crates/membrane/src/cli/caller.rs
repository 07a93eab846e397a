//! For whom a subcommand acts.

use clap::Args;
use membrane_model::{AddressClass, PrincipalId, PrincipalKind};

use super::CliError;
use crate::bearer::{BearerError, SignedIn};
use crate::ctx::{Channel, RequestCtx};
use crate::error::{Error, Failure};
use crate::hub::Hub;

/// For whom a subcommand acts. Whoever runs it on the hub's machine holds the root key, and so could sign for anyone:
/// `--as` is taken at its word. Policy decides what the principal may do, all the same.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Who asks")]
pub(crate) struct CallerArgs {
    /// Act for this principal, KIND:NAME, like `analyst:ana`; `membrane policy principals` lists them.
    // An id of its own: subcommands have a `--principal` too.
    #[arg(long = "as", id = "as", value_name = "PRINCIPAL", conflicts_with = "bearer")]
    principal: Option<PrincipalId>,
    /// Act for the principal of this bearer.
    #[arg(long, value_name = "BEARER")]
    bearer: Option<String>,
}

impl CallerArgs {
    /// Tells whether nobody is named.
    pub(crate) const fn is_nobody(&self) -> bool {
        self.principal.is_none() && self.bearer.is_none()
    }

    /// Makes the context; without `--as` and `--bearer` it is the first principal of the kind in principals.json.
    pub(crate) fn ctx(&self, hub: &Hub, default: PrincipalKind) -> Result<RequestCtx, CliError> {
        match self.named(hub)? {
            Some(ctx) => Ok(ctx),
            None => {
                let principal = hub.principal_of(default).ok_or_else(|| {
                    CliError::usage(format!(
                        "principals.json has no {} principal: say who asks with `--as PRINCIPAL`",
                        default.as_str()
                    ))
                })?;
                Ok(hub.ctx(principal, Channel::CliDefault))
            }
        }
    }

    /// Makes the context; without `--as` and `--bearer` it is a wrong usage.
    pub(crate) fn ctx_required(&self, hub: &Hub, kind: PrincipalKind) -> Result<RequestCtx, CliError> {
        self.named(hub)?.ok_or_else(|| {
            let known = hub
                .principal_of(kind)
                .map_or_else(String::new, |principal| format!(", for example `--as {principal}`"));
            CliError::usage(format!(
                "say who asks{known}, or `--bearer BEARER`; `membrane policy principals` lists who there is"
            ))
        })
    }

    /// Returns who is named, and how: taken at its word, or by a bearer that was verified.
    fn named(&self, hub: &Hub) -> Result<Option<RequestCtx>, CliError> {
        match (&self.principal, &self.bearer) {
            (Some(principal), _) => Ok(Some(hub.ctx(principal.clone(), Channel::Cli))),
            (None, Some(text)) => {
                let refuse =
                    |error: BearerError| CliError::from(Failure::without_run(Error::Unauthenticated(error)));
                let SignedIn { principal, session } =
                    hub.bearers().verify(text, hub.clock().now()).map_err(refuse)?;
                let ctx = hub.ctx(principal, Channel::CliBearer);
                Ok(Some(ctx.in_session(Some(session), AddressClass::Local)))
            }
            (None, None) => Ok(None),
        }
    }
}
