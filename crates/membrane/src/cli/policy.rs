//! `membrane policy`.

mod cards;
mod diff;
mod explain;
mod history;
mod lint;
mod masks;
mod matrix;
mod prove;
mod publish;
mod review;
mod test;

pub(super) use explain::column;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use membrane_catalog::Catalog;
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, Purpose};
use membrane_policy::publication::Meant;
use membrane_policy::{Policies, PolicyError, Question};
use serde_json::{Value, json};

use super::caller::CallerArgs;
use super::catalog::{faults, load, unreadable};
use super::version::Version;
use super::{CliError, Env, out, table};
use crate::config::Config;
use crate::open::OpenError;

/// Check, test, prove and explain the policies: who may do what.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  membrane policy check --policies my-policies --catalog my-catalog
  membrane policy prove
  membrane policy publish
  membrane policy lint
  membrane policy explain analyst:ana crm_members.phone --purpose marketing_analysis
  membrane policy cards
  membrane policy principals
  membrane policy masks")]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Check every policy against the schema and the catalog; list all faults with file and line.
    #[command(
        after_help = "Examples:\n  membrane policy check\n  membrane policy check --policies my-policies --json"
    )]
    Check {
        /// Report as JSON, the faults too.
        #[arg(long)]
        json: bool,
    },
    /// Show the rule cards in words, each beside the Cedar policy that it becomes; or one of them.
    #[command(after_help = "Examples:\n  membrane policy cards\n  membrane policy cards marketing.phone")]
    Cards {
        /// Its id; left out: all.
        id: Option<String>,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Ask every case of `cases/*.yaml` and compare the answers with what is expected.
    #[command(after_help = "Example:\n  membrane policy test")]
    Test {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print who sees what: principals by purpose and class of column.
    #[command(after_help = "Examples:
  membrane policy matrix
  membrane policy matrix --check
  membrane policy matrix --write")]
    Matrix {
        /// Compare it with `matrix.txt` in the folder of policies, which was reviewed.
        #[arg(long, conflicts_with = "write")]
        check: bool,
        /// Write it to `matrix.txt`, to be reviewed.
        #[arg(long)]
        write: bool,
    },
    /// Prove every claim of `claims/*.cedar` for whatever may be asked, or print a counter-example.
    #[command(after_help = "Example:\n  membrane policy prove")]
    Prove {
        /// The solver: cvc5, by name or path.
        #[arg(long, default_value = "cvc5", value_name = "PROGRAM")]
        solver: String,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the tokens that can be undone, because their columns have few values.
    #[command(after_help = "Examples:\n  membrane policy lint\n  membrane policy lint --json")]
    Lint {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compare with other policies: who gains and who loses what, with an example of each kind of request.
    ///
    /// What lies in the folder with what is published, unless others are named: by a folder, or by the number that `membrane
    /// policy history` lists. What was asked in the last 30 days is asked again of both.
    #[command(
        after_help = "Examples:\n  membrane policy diff\n  membrane policy diff 3\n  membrane policy diff 3 4\n  git worktree add ../before main && membrane policy diff ../before/policies"
    )]
    Diff {
        /// The policies that there were: a folder, or the number of a publication [default: what is published].
        old: Option<Version>,
        /// The policies that are compared with them: a folder, or the number of a publication [default: the folder of --policies].
        new: Option<Version>,
        /// Ask again what was asked of this hub, also where another version is named.
        #[arg(long)]
        replay: bool,
        #[command(flatten)]
        caller: CallerArgs,
        /// The solver: cvc5, by name or path.
        #[arg(long, default_value = "cvc5", value_name = "PROGRAM")]
        solver: String,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Review who has what: grants that nobody used, principals with more than those beside them, break-glass and
    /// delegations.
    #[command(after_help = "Examples:\n  membrane policy review\n  membrane policy review --days 30 --json")]
    Review {
        /// How far to look back.
        #[arg(long, default_value_t = 90, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3660))]
        days: u32,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Publish the policies with their catalog, if every case is as expected, who sees what is as reviewed, and every claim is
    /// proved: they are signed, and served within a second.
    #[command(
        after_help = "Examples:\n  membrane policy publish\n  membrane policy publish --as operator:omar"
    )]
    Publish {
        /// The solver: cvc5, by name or path.
        #[arg(long, default_value = "cvc5", value_name = "PROGRAM")]
        solver: String,
        /// A claim that was made before and is not made any more, on purpose; once for each.
        #[arg(long, value_name = "CLAIM")]
        without_claim: Vec<String>,
        /// A claim that has another text than before, on purpose; once for each.
        #[arg(long, value_name = "CLAIM")]
        changed_claim: Vec<String>,
        /// There are fewer cases than before, on purpose.
        #[arg(long)]
        fewer_cases: bool,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List what was published: when, by whom, and what was proved. Every signature is checked.
    #[command(after_help = "Examples:
  membrane policy history
  membrane policy history 3 --files before && membrane policy diff before/policies")]
    History {
        /// Show the record of this one.
        number: Option<u64>,
        /// Write the files of that one below a folder.
        #[arg(long, requires = "number", value_name = "DIR")]
        files: Option<PathBuf>,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Explain how somebody sees a column: by which policies, and what would have to change for more.
    ///
    /// By the policies that this hub serves, or those of the folder that --policies names. Where break-glass matters, open grants
    /// of the principal are looked up in the record, and with --for open delegations.
    #[command(after_help = "Examples:
  membrane policy explain analyst:ana crm_members.phone --purpose marketing_analysis
  membrane policy explain analyst:ana crm_members.phone --purpose marketing_analysis --at 2027-01-01T00:00:00Z
  membrane policy explain analyst:chen crm_members.phone --purpose marketing_analysis --for analyst:ana
  membrane policy explain partner:acme pos_orders.amount --purpose partner_reporting --action release")]
    Explain {
        /// Who sees it.
        principal: PrincipalId,
        /// What: DATASET.COLUMN.
        #[arg(value_parser = explain::column)]
        column: (DatasetName, ColumnName),
        /// What for.
        #[arg(long)]
        purpose: Purpose,
        /// On whose behalf they ask, as by a delegation.
        #[arg(long = "for", value_name = "PRINCIPAL")]
        on_behalf_of: Option<PrincipalId>,
        /// In which sense: read or release.
        #[arg(long, default_value = "read", value_parser = explain::action)]
        action: Action,
        /// At which moment, such as 2026-12-31T12:00:00Z; left out: now.
        #[arg(long, value_name = "TIME", value_parser = explain::moment)]
        at: Option<DateTime<Utc>>,
        #[command(flatten)]
        caller: CallerArgs,
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the masks that policies can name, with what each shows.
    #[command(after_help = "Example:\n  membrane policy masks")]
    Masks {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the principals: whom --as may name, of which kind and in which groups.
    #[command(after_help = "Example:\n  membrane policy principals")]
    Principals {
        /// Report as JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(args: &PolicyArgs, env: &Env) -> Result<(), CliError> {
    match &args.command {
        PolicyCommand::Check { json } => check(&env.config()?, env.clock.now(), *json),
        PolicyCommand::Test { json } => {
            let now = env.clock.now();
            let (catalog, policies) = reviewed(&env.config()?, now, *json)?;
            test::run(&policies, &catalog, now, *json)
        }
        PolicyCommand::Matrix { check, write } => {
            let config = env.config()?;
            let (catalog, policies) = both(&config, false)?;
            let what = match (check, write) {
                (true, _) => matrix::Use::Check,
                (_, true) => matrix::Use::Write,
                _ => matrix::Use::Print,
            };
            matrix::run(&policies, &catalog, (Path::new(&config.policies.dir), what), env.clock.now())
        }
        PolicyCommand::Prove { solver, json } => {
            prove::run(&reviewed(&env.config()?, env.clock.now(), *json)?.1, solver, *json).await
        }
        PolicyCommand::Lint { json } => {
            let config = env.config()?;
            let (catalog, policies) = reviewed(&config, env.clock.now(), *json)?;
            lint::run(&policies, &catalog, env.clock.now(), config.limits.lookups_per_hour, *json)
        }
        PolicyCommand::Diff { old, new, replay, caller, solver, json } => {
            let (old, new) = (old.as_ref(), new.as_ref());
            let asked = diff::Asked { old, new, replay: *replay, caller, solver, json: *json };
            diff::run(env, &asked).await
        }
        PolicyCommand::Review { days, caller, json } => review::run(env, caller, *days, *json).await,
        PolicyCommand::Publish { solver, without_claim, changed_claim, fewer_cases, caller, json } => {
            let meant = Meant {
                without_claims: without_claim.clone(),
                changed_claims: changed_claim.clone(),
                fewer_cases: *fewer_cases,
            };
            let asked = publish::Asked { solver, meant: &meant, json: *json };
            publish::run(env, caller, &asked).await
        }
        PolicyCommand::History { number, files, caller, json } => {
            let wanted = history::Wanted { number: *number, files: files.as_deref(), json: *json };
            history::run(env, caller, wanted).await
        }
        PolicyCommand::Explain {
            principal,
            column: (dataset, column),
            purpose,
            on_behalf_of,
            action,
            at,
            caller,
            json,
        } => {
            let (action, now) = (*action, at.unwrap_or_else(|| env.clock.now()));
            let on_behalf_of = on_behalf_of.as_ref();
            let question =
                Question { principal, on_behalf_of, action, purpose, dataset, column, now, broken: &[] };
            explain::run(env, caller, (&question, at.is_none()), *json).await
        }
        PolicyCommand::Cards { id: None, json } => cards::list(&read(&env.config()?, false)?, *json),
        PolicyCommand::Cards { id: Some(id), json } => cards::show(&read(&env.config()?, false)?, id, *json),
        PolicyCommand::Masks { json } => masks::list(*json),
        PolicyCommand::Principals { json } => principals(&read(&env.config()?, false)?, *json),
    }
}

/// Reads the policies; their faults go to standard output as well when a script asked for them.
fn read(config: &Config, faults_as_json: bool) -> Result<Policies, CliError> {
    both(config, faults_as_json).map(|(_, policies)| policies)
}

fn both(config: &Config, faults_as_json: bool) -> Result<(Catalog, Policies), CliError> {
    let catalog = load(config, faults_as_json)?;
    let policies = Policies::load(Path::new(&config.policies.dir), &catalog).or_else(
        |error| -> Result<Policies, CliError> {
            if faults_as_json {
                out::json(&match &error {
                    PolicyError::Faults(found) => faults(found),
                    PolicyError::Read { path, .. } => unreadable(path),
                })?;
            }
            Err(OpenError::from(error).into())
        },
    )?;
    Ok((catalog, policies))
}

/// Reads the policies with the cases, claims and waivers that review them: of those too nothing may be wrong, and no card may be
/// without effect.
fn reviewed(
    config: &Config,
    now: DateTime<Utc>,
    faults_as_json: bool,
) -> Result<(Catalog, Policies), CliError> {
    let (catalog, policies) = both(config, faults_as_json)?;
    let mut found = policies.review_faults().to_vec();
    found.extend(policies.idle_cards(&catalog, now));
    found.sort();
    if found.is_empty() {
        return Ok((catalog, policies));
    }
    if faults_as_json {
        out::json(&faults(&found))?;
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    Err(CliError::usage(format!(
        "what is to be mended in cards, cases, claims and waivers:\n{}",
        lines.join("\n")
    )))
}

fn check(config: &Config, now: DateTime<Utc>, json: bool) -> Result<(), CliError> {
    let (_, policies) = reviewed(config, now, json)?;
    let principals = policies.principals().len();
    if json {
        return out::json(&json!({
            "faults": [],
            "policies": policies.count(),
            "principals": principals,
            "version": policies.version(),
        }));
    }
    out::line(format!(
        "{}: {} policies, {principals} principals, version {}: no fault",
        config.policies.dir,
        policies.count(),
        policies.version().get(..12).unwrap_or_default()
    ))?;
    Ok(())
}

fn principals(policies: &Policies, json: bool) -> Result<(), CliError> {
    if json {
        return out::json(&principals_json(policies));
    }
    let mut shown = table::new_table(&["principal", "kind", "groups"]);
    for principal in policies.principals() {
        shown.add_row([
            principal.to_string(),
            principal.kind().as_str().to_owned(),
            policies.groups_of(&principal).join(", "),
        ]);
    }
    out::line(shown.to_string())?;
    Ok(())
}

fn principals_json(policies: &Policies) -> Value {
    let shaped = policies.principals().into_iter().map(|principal| {
        json!({
            "id": principal.to_string(),
            "kind": principal.kind().as_str(),
            "groups": policies.groups_of(&principal),
        })
    });
    json!(shaped.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
