//! `membrane policy prove`.

use membrane_policy::{Policies, Proof, Verdict};
use serde_json::{Value, json};

use crate::cli::{CliError, out};

/// Proves every claim, and prints a counter-example of each that does not hold.
pub(super) async fn run(policies: &Policies, solver: &str, json: bool) -> Result<(), CliError> {
    let proof = policies.prove(solver).await.map_err(CliError::failed)?;
    if json {
        out::json(&shaped(&proof))?;
    } else {
        for verdict in &proof.verdicts {
            out::line(told(verdict))?;
        }
        out::line(format!("policies {}, by {}", proof.version.get(..12).unwrap_or_default(), proof.solver))?;
    }
    let count = |told: fn(&Verdict) -> bool| proof.verdicts.iter().filter(|verdict| told(verdict)).count();
    let refuted = count(|verdict| verdict.counter_example.is_some());
    let idle = count(|verdict| verdict.never_applies.is_some());
    let all = proof.verdicts.len();
    match (refuted, idle) {
        (0, 0) => Ok(()),
        (0, idle) => Err(CliError::failed(format!("{idle} of {all} claims can never apply"))),
        (refuted, 0) => Err(CliError::failed(format!("{refuted} of {all} claims do not hold"))),
        (refuted, idle) => Err(CliError::failed(format!(
            "{refuted} of {all} claims do not hold, and {idle} can never apply"
        ))),
    }
}

fn told(verdict: &Verdict) -> String {
    let (claim, words) = (&verdict.claim, &verdict.words);
    let idle = verdict.never_applies.as_ref().map_or_else(String::new, |idle| format!("\n  {idle}"));
    match &verdict.counter_example {
        None if idle.is_empty() => format!("proved   {claim}: {words}"),
        None => format!("EMPTY    {claim}: {words}{idle}"),
        Some(against) => {
            let world: String = against.world.lines().map(|line| format!("\n    {line}")).collect();
            format!(
                "REFUTED  {claim}: {words}{idle}\n  For example, {}\n  {} in this world:{world}",
                against.sentence, against.asked
            )
        }
    }
}

fn shaped(proof: &Proof) -> Value {
    let verdicts = proof.verdicts.iter().map(|verdict| {
        json!({
            "claim": verdict.claim,
            "words": verdict.words,
            "holds": verdict.holds(),
            "never_applies": verdict.never_applies,
            "counter_example": verdict.counter_example.as_ref().map(|against| json!({
                "sentence": against.sentence,
                "asked": against.asked,
                "policies": against.policies,
                "world": against.world,
            })),
        })
    });
    json!({ "solver": proof.solver, "version": proof.version, "claims": verdicts.collect::<Vec<_>>() })
}
