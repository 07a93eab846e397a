//! What one version of the policies permits and another does not.
//!
//! For each kind of request it is proved that both permit the same, or there is an example: a request that one permits and the
//! other does not. It may be about a principal or a column that there is not yet.

use cedar_policy::{PolicySet, RequestEnv};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicySet};

use super::possible::{named, possible};
use super::scope::matching;
use super::{CounterExample, ProveError, solver, undecided};
use crate::Policies;

/// A kind of request that two versions answer differently.
#[derive(Debug)]
pub struct Difference {
    /// Whether the new version permits what the old one does not; otherwise the other way round.
    pub gained: bool,
    /// A request that shows it, and by which policies it is permitted.
    pub example: CounterExample,
}

impl Policies {
    /// Compares what these policies permit with what older ones do, over the whole schema. `solver` is the program `cvc5`.
    ///
    /// # Errors
    /// [`ProveError`] when the schemas of the two differ, or the solver is not there or cannot decide.
    pub async fn differences(&self, old: &Self, solver: &str) -> Result<Vec<Difference>, ProveError> {
        if self.schema_text() != old.schema_text() {
            return Err(ProveError::Undecided {
                what: "the difference".to_owned(),
                reason: "the two have different schemas, `membrane.cedarschema` or the catalog".to_owned(),
            });
        }
        let mut compiler = solver::start(solver)?;
        let mut found = Vec::new();
        for env in self.schema.request_envs() {
            let action: &str = env.action().id().as_ref();
            let (Some(new_set), Some(old_set)) = (self.by_action.get(action), old.by_action.get(action))
            else {
                continue;
            };
            let (new_set, old_set) = (&matching(new_set, &env), &matching(old_set, &env));
            if new_set == old_set {
                continue;
            }
            for (gained, more, less) in [(true, new_set, old_set), (false, old_set, new_set)] {
                let named = named([more, less]);
                let possible = possible(more, env.resource(), &named, &self.world);
                let example = only_in(self, &mut compiler, &env, (more, &possible), less).await?;
                found.extend(example.map(|example| Difference { gained, example }));
            }
        }
        Ok(found)
    }
}

/// Looks for a request that one set permits and the other does not.
async fn only_in(
    of: &Policies,
    compiler: &mut CedarSymCompiler<LocalSolver>,
    env: &RequestEnv,
    (more, possible): (&PolicySet, &PolicySet),
    less: &PolicySet,
) -> Result<Option<CounterExample>, ProveError> {
    if more.is_empty() {
        return Ok(None);
    }
    let action: &str = env.action().id().as_ref();
    let what = format!("the difference in `{action}`");
    let compile = |set: &PolicySet| {
        CompiledPolicySet::compile(set, env, &of.schema).map_err(|error| undecided(&what, &error))
    };
    let formula = compile(possible)?;
    let found = if less.is_empty() {
        compiler.check_always_denies_with_counterexample_opt(&formula).await
    } else {
        compiler.check_implies_with_counterexample_opt(&formula, &compile(less)?).await
    };
    let found = found.map_err(|error| undecided(&what, &error))?;
    Ok(found.map(|found| CounterExample::permitted(of, &found, more, less)))
}
