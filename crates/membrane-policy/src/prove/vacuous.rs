//! Claims that can never apply: a `forbid` of what there cannot be, `tier == "a" && tier == "b"`, forbids nothing, and whatever
//! policies there are, it holds.
//!
//! ```text
//! a forbid applies  <=>  for some kind of request, in a world that there can be,
//!                        `permit (principal, action, resource)` permits what that with the forbid does not
//! ```

use cedar_policy::{Effect, Policy, PolicyId, PolicySet};
use cedar_policy_symcc::CompiledPolicySet;

use super::possible::{named, possible};
use super::scope::may_match;
use super::{Claim, ProveError, Prover, undecided};

/// What forbids nothing.
const ALL: &str = "permit (principal, action, resource);";

impl Prover<'_> {
    /// Tells what of a claim can never apply, if anything.
    pub(super) async fn never_applies(&mut self, claim: &Claim) -> Result<Option<String>, ProveError> {
        let forbids: Vec<&Policy> =
            claim.policies().policies().filter(|policy| policy.effect() == Effect::Forbid).collect();
        let mut lines = Vec::new();
        for forbid in &forbids {
            if !self.applies(claim, forbid).await? {
                lines.push(claim.line_of(forbid));
            }
        }
        lines.sort_unstable();
        if lines.is_empty() {
            return Ok(None);
        }
        if lines.len() == forbids.len() {
            return Ok(Some("it can never apply: it holds of nothing".to_owned()));
        }
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let word = if lines.len() == 1 { "line" } else { "lines" };
        Ok(Some(format!("its `forbid` of {word} {} can never apply: it holds of nothing", lines.join(", "))))
    }

    async fn applies(&mut self, claim: &Claim, forbid: &Policy) -> Result<bool, ProveError> {
        let what = format!("whether claim `{}` ever applies", claim.name());
        let unread = |_| ProveError::Undecided {
            what: what.clone(),
            reason: "its question cannot be asked".to_owned(),
        };
        let all = Policy::parse(Some(PolicyId::new("all")), ALL).map_err(|_| unread(()))?;
        let but = PolicySet::from_policies([all.clone(), forbid.new_id(PolicyId::new("forbid"))])
            .map_err(|_| unread(()))?;
        let all = PolicySet::from_policies([all]).map_err(|_| unread(()))?;
        let named = named([&but]);
        let schema = &self.of.schema;
        for env in schema.request_envs().filter(|env| may_match(forbid, env)) {
            let there_can_be = possible(&all, env.resource(), &named, &self.of.world);
            let compile = |set: &PolicySet| {
                CompiledPolicySet::compile(set, &env, schema).map_err(|error| undecided(&what, &error))
            };
            let (most, but) = (compile(&there_can_be)?, compile(&but)?);
            let implied = self.compiler.check_implies_opt(&most, &but).await;
            if !implied.map_err(|error| undecided(&what, &error))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
