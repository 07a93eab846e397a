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
    let refuted = proof.verdicts.iter().filter(|verdict| verdict.counter_example.is_some()).count();
    if refuted > 0 {
        return Err(CliError::failed(format!("{} of {} claims do not hold", refuted, proof.verdicts.len())));
    }
    Ok(())
}

fn told(verdict: &Verdict) -> String {
    match &verdict.counter_example {
        None => format!("proved   {}: {}", verdict.claim, verdict.words),
        Some(against) => {
            let world: String = against.world.lines().map(|line| format!("\n    {line}")).collect();
            format!(
                "REFUTED  {}: {}\n  For example, {}\n  {} in this world:{world}",
                verdict.claim, verdict.words, against.sentence, against.asked
            )
        }
    }
}

fn shaped(proof: &Proof) -> Value {
    let verdicts = proof.verdicts.iter().map(|verdict| {
        json!({
            "claim": verdict.claim,
            "words": verdict.words,
            "holds": verdict.counter_example.is_none(),
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
