//! `membrane attack`.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use clap::Args;
use membrane_model::{PrincipalId, PrincipalKind, Purpose};
use serde_json::{Value, json};

use super::{CliError, Env, out, table};
use crate::attack::{Address, Attacker, ClientError, FAMILIES, Report, Verdict, attack};
use crate::ctx::Channel;
use crate::flow;
use crate::http::{Listening, listen};
use crate::hub::Hub;

/// Hours for which bearers of attackers live: longer than the suite runs.
const BEARER_HOURS: u32 = 4;

/// Attack a hub with everything that was thought of, and count what it held against.
///
/// Without --url the hub of this folder is served on a free port of this machine for as long as it takes. Attackers are one
/// principal of each kind, unless --as names some; their bearers are issued here, or come with --bearer from the hub's
/// operator. Each attack is a run of the hub's record; none of them changes data, and none spends a budget of a hub that
/// holds. The statements are about the datasets of this repository's catalog. docs/attacks.md says what is tried.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane attack
  membrane attack --as analyst:ana --as analyst:lee --canary 13977700123
  membrane attack --url http://127.0.0.1:7878 --bearer analyst:ana=BEARER --json

Exit code 1 when the hub did not hold against one of them.")]
pub(super) struct AttackArgs {
    /// Where the hub listens: http://HOST:PORT [default: the hub of this folder, served for the occasion].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Attack as this principal, KIND:NAME, with a bearer that is issued here; may be given several times.
    #[arg(long = "as", id = "as", value_name = "PRINCIPAL", conflicts_with = "bearer")]
    principals: Vec<PrincipalId>,
    /// Attack as this principal with this bearer, KIND:NAME=BEARER; may be given several times.
    #[arg(long, value_name = "PRINCIPAL=BEARER", requires = "url")]
    bearer: Vec<Credential>,
    /// The purpose that is stated; `membrane catalog purposes` lists them.
    #[arg(long, default_value = "marketing_analysis")]
    purpose: Purpose,
    /// A text that lies in what is hidden from the attackers and may be in no byte that comes back; several times.
    #[arg(long, value_name = "TEXT")]
    canary: Vec<String>,
    /// Also what takes a hub's memory and time until a limit ends it.
    #[arg(long)]
    heavy: bool,
    /// Report as JSON.
    #[arg(long)]
    json: bool,
}

/// A principal and its bearer.
#[derive(Debug, Clone)]
struct Credential {
    principal: PrincipalId,
    bearer: String,
}

impl FromStr for Credential {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // PRIVACY: what was typed holds a bearer, and is not repeated.
        let (principal, bearer) = text.split_once('=').ok_or("expected KIND:NAME=BEARER")?;
        let principal = principal.parse().map_err(|error: membrane_model::NameError| error.to_string())?;
        Ok(Self { principal, bearer: bearer.to_owned() })
    }
}

pub(super) async fn run(args: AttackArgs, env: Env) -> Result<(), CliError> {
    let (attackers, served) = prepare(&args, &env).await?;
    let base = match (&args.url, &served) {
        (Some(url), _) => url.clone(),
        (None, Some(served)) => format!("http://{}", served.address()),
        (None, None) => return Err(CliError::usage("say which hub with --url")),
    };
    let address = Address::parse(&base).map_err(CliError::usage)?;
    let made = Box::pin(attack(&address, &attackers, &args.canary, args.heavy)).await;
    if let Some(served) = served {
        served.stop().await;
    }
    let report = made.map_err(|error: ClientError| CliError::failed(error))?;
    if args.json {
        out::json(&body(&report))?;
    } else {
        shown(&report)?;
    }
    let broken = report.scored.len().saturating_sub(report.held());
    match (broken, report.scored.len()) {
        (_, 0) => Err(CliError::failed("nothing was tried: none of these principals can attack")),
        (0, _) => Ok(()),
        (broken, all) => {
            Err(CliError::failed(format!("the hub did not hold against {broken} of {all} attacks")))
        }
    }
}

/// Opens the hub of this folder where it is needed: for bearers, or to be attacked.
async fn prepare(args: &AttackArgs, env: &Env) -> Result<(Vec<Attacker>, Option<Listening>), CliError> {
    let attacker = |principal, bearer| Attacker { principal, bearer, purpose: args.purpose.to_string() };
    if !args.bearer.is_empty() {
        let named = args.bearer.iter().map(|known| attacker(known.principal.clone(), known.bearer.clone()));
        return Ok((named.collect(), None));
    }
    let hub = env.open().await?;
    let operator = hub
        .principal_of(PrincipalKind::Operator)
        .ok_or_else(|| CliError::failed("principals.json has no operator who could issue bearers"))?;
    let ctx = hub.ctx(operator, Channel::CliDefault);
    let mut attackers = Vec::new();
    for principal in principals(args, &hub) {
        let (_, bearer) = flow::issue_bearer(&ctx, &hub, &principal, BEARER_HOURS).await?;
        attackers.push(attacker(principal, bearer));
    }
    if args.url.is_some() {
        return Ok((attackers, None));
    }
    let mut server = env.config()?.server;
    server.address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let served = Box::pin(listen(hub, &server)).await.map_err(|error| {
        CliError::failed(format!("cannot listen on a free port of this machine: {}", error.kind()))
    })?;
    Ok((attackers, Some(served)))
}

/// Those who are named, or one of each kind.
fn principals(args: &AttackArgs, hub: &Hub) -> Vec<PrincipalId> {
    if args.principals.is_empty() {
        PrincipalKind::ALL.iter().filter_map(|kind| hub.principal_of(*kind)).collect()
    } else {
        args.principals.clone()
    }
}

fn shown(report: &Report) -> Result<(), CliError> {
    let mut rows = table::new_table(&["", "what is tried", "attacks", "held"]);
    for family in FAMILIES {
        let mine = |id: &str| id.split('.').next().is_some_and(|number| number == family.number.to_string());
        let made: Vec<_> = report.scored.iter().filter(|scored| mine(&scored.id)).collect();
        let held = made.iter().filter(|scored| scored.verdict == Verdict::Held).count();
        rows.add_row([
            family.number.to_string(),
            family.title.to_owned(),
            made.len().to_string(),
            held.to_string(),
        ]);
    }
    table::right(&mut rows, &[0, 2, 3]);
    out::line(rows.to_string())?;
    for scored in &report.scored {
        if let Verdict::Broken(instead) = &scored.verdict {
            out::line(format!("{} {} as {}: {instead}", scored.id, scored.title, scored.principal))?;
        }
    }
    if report.left_out > 0 {
        let left = table::counted(report.left_out, "attack");
        out::note(format!("{left} left out: heavy, or nothing is hidden from the attacker to reach for"));
    }
    Ok(out::line(format!("held {} of {}", report.held(), report.scored.len()))?)
}

fn body(report: &Report) -> Value {
    let attacks: Vec<Value> = report
        .scored
        .iter()
        .map(|scored| {
            let broken = match &scored.verdict {
                Verdict::Held => None,
                Verdict::Broken(instead) => Some(instead),
            };
            json!({
                "id": scored.id,
                "title": scored.title,
                "principal": scored.principal.to_string(),
                "held": broken.is_none(),
                "instead": broken,
            })
        })
        .collect();
    json!({
        "held": report.held(),
        "made": report.scored.len(),
        "left_out": report.left_out,
        "attacks": attacks,
    })
}
