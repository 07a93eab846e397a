//! Proves claims about the policies: for every principal, group, column, row and time that schema and catalog allow, not only
//! for those that there are today.
//!
//! A claim is a policy set `policies/claims/NAME.cedar` that says how much may be permitted at most; its comments say it in
//! words. It holds when whatever the policies permit, the claim permits. With each claim that is written goes one that is
//! not: no policy can err, since Cedar skips a policy that errs, a `forbid` too.
//!
//! ```text
//! policies, claim, schema --symcc--> SMT formula for each (kind of principal, action, kind of resource) --cvc5--> unsat: proved
//!                                                                                              sat: a counter-example
//! ```
//!
//! The solver is asked as little as it can be: not about a kind of request of which the claim, by the scopes of its policies,
//! forbids nothing or the policies permit nothing; and about all policies of a kind at once whether one errs.
//!
//! A claim that forbids what there cannot be would hold of all policies: whether each `forbid` of it ever applies is asked first.
//!
//! What is proved is about the policies. That a column has the class that it should have is for the catalog to say.

mod claim;
mod difference;
mod possible;
mod scope;
mod sentence;
mod solver;
mod vacuous;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use cedar_policy::{Entities, EntityUid, Policy, PolicyId, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::term::Term;
use cedar_policy_symcc::{
    CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env, SymEnv, never_errors_asserts, term_factory,
};
use membrane_model::Action;

use possible::{named, possible};
use scope::{matching, permits_all, permits_none};
use sentence::Outcome;

pub use claim::Claim;
pub use difference::Difference;

use crate::Policies;

/// Why nothing could be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The solver could not be started.
    #[error(
        "the solver `cvc5` cannot be started: install it (`apt-get install cvc5`), or name it with `--solver`"
    )]
    NoSolver(#[source] std::io::Error),
    /// The prover or the solver failed. It says so about a claim, never about data: there is none.
    #[error("{what} could not be decided: {reason}")]
    Undecided {
        /// The claim or policy.
        what: String,
        /// What the prover said.
        reason: String,
    },
}

/// What was proved, and what was not.
#[derive(Debug)]
pub struct Proof {
    /// The solver, with its version.
    pub solver: String,
    /// The version of the policies.
    pub version: String,
    /// One for each claim, in the order of their files, and last the one about errors.
    pub verdicts: Vec<Verdict>,
}

/// What came of one claim.
#[derive(Debug)]
pub struct Verdict {
    /// The name of the claim.
    pub claim: String,
    /// What it says.
    pub words: String,
    /// Against it, if it does not hold.
    pub counter_example: Option<CounterExample>,
    /// What of it can never apply, as a sentence: it holds of nothing, and so proves nothing.
    pub never_applies: Option<String>,
}

impl Verdict {
    /// Tells whether it is proved of something.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.counter_example.is_none() && self.never_applies.is_none()
    }
}

/// A request that the policies answer otherwise than a claim says: made up by the solver.
#[derive(Debug)]
pub struct CounterExample {
    /// What it shows, in one sentence.
    pub sentence: String,
    /// What is asked: principal, action and resource.
    pub asked: String,
    /// The policies that permit it, or the one that errs.
    pub policies: Vec<String>,
    /// The request and all that is supposed about those who are in it.
    pub world: String,
}

impl Proof {
    /// Tells whether every claim holds, of something.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.verdicts.iter().all(Verdict::holds)
    }
}

/// The name of the claim that goes with every set of policies.
pub const NO_POLICY_ERRS: &str = "no-policy-errs";

/// A set of policies that permits something, which nobody knows without asking a solver.
const SOMETIMES: &str =
    r#"permit (principal, action, resource) when { context.time > datetime("2026-01-01") };"#;

/// That claim.
const NO_ERRORS: (&str, &str) =
    (NO_POLICY_ERRS, "No policy errs, whatever is asked: Cedar skips one that does, a forbid too.");

impl Policies {
    /// Proves every claim of the folder, or finds a counter-example. `solver` is the program `cvc5`, by name or path.
    ///
    /// # Errors
    /// [`ProveError`] when the solver is not there or cannot decide: nothing is proved then.
    pub async fn prove(&self, solver: &str) -> Result<Proof, ProveError> {
        let mut prover = Prover::start(self, solver)?;
        prover.try_solver().await?;
        let mut verdicts = Vec::with_capacity(self.claims.len() + 1);
        for claim in &self.claims {
            verdicts.push(Verdict {
                claim: claim.name().to_owned(),
                words: claim.words().to_owned(),
                never_applies: prover.never_applies(claim).await?,
                counter_example: prover.implies(claim).await?,
            });
        }
        let (claim, words) = NO_ERRORS;
        verdicts.push(Verdict {
            claim: claim.to_owned(),
            words: words.to_owned(),
            counter_example: prover.never_errs().await?,
            never_applies: None,
        });
        Ok(Proof { solver: prover.solver, version: self.version().to_owned(), verdicts })
    }
}

/// A kind of request, and the policies that might match it.
struct Kind {
    env: RequestEnv,
    policies: PolicySet,
    /// What they permit in a world that there can be, as a formula: made when the first claim needs it.
    formula: Option<CompiledPolicySet>,
}

struct Prover<'a> {
    of: &'a Policies,
    kinds: Vec<Kind>,
    /// What the claims name.
    named: BTreeSet<EntityUid>,
    solver: String,
    compiler: CedarSymCompiler<LocalSolver>,
}

impl<'a> Prover<'a> {
    fn start(of: &'a Policies, program: &str) -> Result<Self, ProveError> {
        let solver = solver::version(program).map_err(ProveError::NoSolver)?;
        let compiler = solver::start(program)?;
        let kind = |env: RequestEnv| {
            let policies = matching(of.by_action.get(AsRef::<str>::as_ref(env.action().id()))?, &env);
            // What no policy speaks of is permitted to nobody.
            (!policies.is_empty()).then_some(Kind { env, policies, formula: None })
        };
        let kinds = of.schema.request_envs().filter_map(kind).collect();
        let named = named(of.claims.iter().map(Claim::policies));
        Ok(Self { of, kinds, named, solver, compiler })
    }

    /// Asks what is known to be false: a program that would prove that, proves nothing.
    async fn try_solver(&mut self) -> Result<(), ProveError> {
        let read = |env: &RequestEnv| AsRef::<str>::as_ref(env.action().id()) == Action::Read.as_str();
        let Some(env) = self.of.schema.request_envs().find(read) else { return Ok(()) };
        let what = "whether the solver tells what is false";
        let all: PolicySet = SOMETIMES.parse().map_err(|_| ProveError::Undecided {
            what: what.to_owned(),
            reason: "its question cannot be read".to_owned(),
        })?;
        let formula = CompiledPolicySet::compile(&all, &env, &self.of.schema)
            .map_err(|error| undecided(what, &error))?;
        let denied = self.compiler.check_always_denies_opt(&formula).await;
        if denied.map_err(|error| undecided(what, &error))? {
            let reason = "it says that what permits something permits nothing: it is no solver".to_owned();
            return Err(ProveError::Undecided { what: what.to_owned(), reason });
        }
        Ok(())
    }

    /// Looks for a request that the policies permit and the claim does not.
    async fn implies(&mut self, claim: &Claim) -> Result<Option<CounterExample>, ProveError> {
        let what = format!("claim `{}`", claim.name());
        let compile = |set: &PolicySet, env: &RequestEnv| {
            CompiledPolicySet::compile(set, env, &self.of.schema).map_err(|error| undecided(&what, &error))
        };
        for kind in &mut self.kinds {
            let most = matching(claim.policies(), &kind.env);
            if permits_all(&most) || permits_none(&kind.policies) {
                continue;
            }
            let formula = match kind.formula.take() {
                Some(formula) => formula,
                None => {
                    let named = named([&kind.policies]).union(&self.named).cloned().collect();
                    let possible = possible(&kind.policies, kind.env.resource(), &named, &self.of.world);
                    compile(&possible, &kind.env)?
                }
            };
            let formula = kind.formula.insert(formula);
            let most = compile(&most, &kind.env)?;
            let found = self.compiler.check_implies_with_counterexample_opt(formula, &most).await;
            if let Some(found) = found.map_err(|error| undecided(&what, &error))? {
                return Ok(Some(CounterExample::permitted(
                    self.of,
                    &found,
                    &kind.policies,
                    claim.policies(),
                )));
            }
        }
        Ok(None)
    }

    /// Looks for a request on which a policy errs.
    async fn never_errs(&mut self) -> Result<Option<CounterExample>, ProveError> {
        for kind in &self.kinds {
            let mut compiled = Vec::new();
            // One without conditions cannot err.
            for policy in kind.policies.policies().filter(|policy| policy.has_non_scope_constraint()) {
                let formula = CompiledPolicy::compile(policy, &kind.env, &self.of.schema)
                    .map_err(|error| undecided(&errs(policy), &error))?;
                compiled.push((policy, formula));
            }
            if none_errs(&mut self.compiler, &kind.env, &self.of.schema, &compiled).await {
                continue;
            }
            for (policy, formula) in compiled {
                let found = self.compiler.check_never_errors_with_counterexample_opt(&formula).await;
                if let Some(found) = found.map_err(|error| undecided(&errs(policy), &error))? {
                    return Ok(Some(CounterExample::error(self.of, &found, policy)));
                }
            }
        }
        Ok(None)
    }
}

/// Asks about all policies of a kind at once whether one errs: whether what is asked of one of them can be. When the answer is
/// not that none does, each has to be asked about.
async fn none_errs(
    compiler: &mut CedarSymCompiler<LocalSolver>,
    env: &RequestEnv,
    schema: &Schema,
    compiled: &[(&Policy, CompiledPolicy)],
) -> bool {
    let Ok(symbols) = SymEnv::new(schema, env) else { return false };
    let errs = |formula: &CompiledPolicy| {
        let asserts = never_errors_asserts(formula);
        asserts.asserts().iter().cloned().fold(Term::from(true), term_factory::and)
    };
    let one_errs =
        compiled.iter().map(|(_, formula)| errs(formula)).fold(Term::from(false), term_factory::or);
    compiler.check_unsat_raw(Arc::new(vec![one_errs]), &symbols).await.unwrap_or(false)
}

fn errs(policy: &Policy) -> String {
    format!("whether policy `{}` errs", policy.id())
}

impl CounterExample {
    /// A request that a set of policies permits, and another one does not: it is asked by which of them.
    fn permitted(of: &Policies, found: &Env, policies: &PolicySet, other: &PolicySet) -> Self {
        let answer = of.cedar.is_authorized(&found.request, policies, &found.entities);
        let ids: Vec<&PolicyId> = answer.diagnostics().reason().collect();
        let asking = ids.iter().filter_map(|id| policies.policy(id)).chain(other.policies()).cloned();
        let mut permitting: Vec<String> = ids.iter().map(ToString::to_string).collect();
        permitting.sort();
        let sentence = sentence::write(of, found, asking, (Outcome::Permitted, &permitting));
        Self::new(found, sentence, permitting)
    }

    /// A request on which a policy errs.
    fn error(of: &Policies, found: &Env, policy: &Policy) -> Self {
        let erring = vec![policy.id().to_string()];
        let asking = std::iter::once(policy.clone());
        let sentence = sentence::write(of, found, asking, (Outcome::Errs, &erring));
        Self::new(found, sentence, erring)
    }

    fn new(found: &Env, sentence: String, policies: Vec<String>) -> Self {
        let request = &found.request;
        let shown = |uid: Option<&EntityUid>| uid.map_or("?".to_owned(), ToString::to_string);
        Self {
            sentence,
            asked: format!(
                "{} {} {}",
                shown(request.principal()),
                shown(request.action()),
                shown(request.resource())
            ),
            policies,
            world: world(found),
        }
    }
}

/// Writes what is supposed of principal and resource and of what they lie in: on nothing else hangs the answer. Context and
/// request stand before it.
fn world(found: &Env) -> String {
    let (request, entities) = (&found.request, &found.entities);
    let asked = [request.principal(), request.resource()].into_iter().flatten();
    let above = asked.clone().flat_map(|uid| entities.ancestors(uid).into_iter().flatten());
    let told: BTreeSet<&EntityUid> = asked.chain(above).collect();
    let told = told.into_iter().filter_map(|uid| entities.get(uid)).cloned();
    let told = Entities::from_entities(told, None).unwrap_or_else(|_| entities.clone());
    Env { request: request.clone(), entities: told }.to_string()
}

impl fmt::Display for CounterExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}", self.sentence, self.asked, self.world)
    }
}

fn undecided(what: &str, error: &cedar_policy_symcc::err::Error) -> ProveError {
    ProveError::Undecided { what: what.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests;
