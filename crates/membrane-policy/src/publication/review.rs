//! Everything that has to hold before policies are published.

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;

use crate::prove::{Proof, ProveError};
use crate::{CaseOutcome, Policies, Weakness};

/// What a review of policies found.
#[derive(Debug)]
pub struct Review {
    /// What came of the cases.
    pub cases: Vec<CaseOutcome>,
    /// Where tokens say more than they should, with what it costs to find values out.
    pub weaknesses: Vec<Weakness>,
    /// What was proved.
    pub proof: Proof,
    /// What speaks against publishing, a sentence each; nothing: they can be published.
    pub objections: Vec<String>,
}

impl Policies {
    /// Reviews the policies: nothing wrong with cases and claims, every case as expected, who sees what as it was reviewed,
    /// no token of a column with few values that nobody stands for, every claim proved and that no policy errs. `solver` is the
    /// program `cvc5`.
    ///
    /// # Errors
    /// [`ProveError`] when the solver is not there or cannot decide.
    pub async fn review(
        &self,
        catalog: &Catalog,
        now: DateTime<Utc>,
        lookups_per_hour: u32,
        solver: &str,
    ) -> Result<Review, ProveError> {
        let mut objections: Vec<String> = self.review_faults().iter().map(ToString::to_string).collect();
        objections.extend(self.idle_cards(catalog, now).iter().map(ToString::to_string));
        let cases = self.test(catalog, now);
        for case in &cases {
            let told = |difference: &String| format!("{}: case `{}`: {difference}", case.place, case.name);
            objections.extend(case.differences.iter().map(told));
        }
        objections.extend(self.matrix_objections(catalog, now));
        let weaknesses = self.lint(catalog, now, lookups_per_hour);
        objections.extend(weaknesses.iter().filter(|found| found.is_refused()).map(ToString::to_string));
        objections.extend(self.idle_waivers(&weaknesses).iter().map(ToString::to_string));
        let proof = self.prove(solver).await?;
        for verdict in &proof.verdicts {
            let idle = verdict.never_applies.iter();
            objections.extend(idle.map(|told| format!("claim `{}`: {told}", verdict.claim)));
            if let Some(against) = &verdict.counter_example {
                objections.push(format!(
                    "claim `{}` does not hold: {} is permitted by {}; `membrane policy prove` shows more",
                    verdict.claim,
                    against.asked,
                    against.policies.join(", ")
                ));
            }
        }
        Ok(Review { cases, weaknesses, proof, objections })
    }

    /// Tells what in who sees what was not reviewed.
    fn matrix_objections(&self, catalog: &Catalog, now: DateTime<Utc>) -> Vec<String> {
        let Some(changed) = self.unreviewed(catalog, now) else {
            return vec![
                "there is no `matrix.txt`: read who sees what, `membrane policy matrix`, and keep it with --write"
                    .to_owned(),
            ];
        };
        changed.into_iter().map(|line| format!("who sees what is not as `matrix.txt` says: {line}")).collect()
    }
}
