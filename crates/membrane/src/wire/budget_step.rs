//! Steps in the life of partners' budgets.

use chrono::SecondsFormat;
use membrane_model::{DatasetName, PrincipalId, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AmountBody;
use crate::budgets::{Bounded, BudgetReason, BudgetStep, StepKind, What};
use crate::error::Error;
use crate::flow::{BudgetHistory, NewAmount, NewBudgetStep, NewStep, SettledStep};
use crate::ticket::Ticket;

/// What somebody decides about the budget of a partner.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBudgetStepBody {
    /// Whose budget.
    #[schema(value_type = String, example = "partner:acme")]
    pub partner: PrincipalId,
    /// What becomes of it.
    pub step: StepKind,
    /// What `cap` and `refill` are of: `month`, `lifetime`, or, for `cap`, `release`.
    pub of: Option<Bounded>,
    /// Of which dataset alone, for `cap` and `refill`; without it of all together.
    #[schema(value_type = Option<String>, example = "pos_orders")]
    pub dataset: Option<DatasetName>,
    /// rho of zero-concentrated DP: what may be spent in all (`cap`), or so much more (`refill`).
    #[schema(example = 0.1)]
    pub rho: Option<f64>,
    /// The delta that goes with it.
    pub delta: Option<f64>,
    /// Why.
    pub reason: BudgetReason,
    /// For which case, as another system knows it: letters, `-`, digits. A step that is asked for once more for the same ticket is
    /// not taken twice.
    #[schema(value_type = String, example = "OPS-12")]
    pub ticket: Ticket,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetStepAnswerBody {
    /// The run in which it was taken, or was found to be.
    pub run: String,
    /// Whether it was taken before, for the same ticket: nothing was done now.
    pub already: bool,
    /// Whether the partner may spend now: `open` or `closed`.
    pub state: String,
    /// The step.
    pub step: BudgetStepBody,
}

/// What was decided about budgets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetHistoryBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The steps, in the order in which they were taken.
    pub steps: Vec<BudgetStepBody>,
}

/// A step in the life of a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetStepBody {
    /// Whose budget.
    pub partner: String,
    /// Its place among the steps of that budget, from 1.
    pub place: u64,
    /// What became of the budget: `open`, `cap`, `refill`, `close` or `reopen`.
    pub step: String,
    /// When.
    pub at: String,
    /// Why.
    pub reason: String,
    /// What it is of: `month`, `lifetime` or `release`.
    pub of: Option<String>,
    /// Of which dataset alone.
    pub dataset: Option<String>,
    /// The month that was refilled.
    pub month: Option<String>,
    /// What was added.
    pub added: Option<AmountBody>,
    /// What was allowed before, in all.
    pub before: Option<AmountBody>,
    /// What is allowed after, in all; spending counts against it as before.
    pub after: Option<AmountBody>,
    /// Who took it; not told to partners.
    pub by: Option<String>,
    /// For which case; not told to partners.
    pub ticket: Option<String>,
    /// The number of its document in the record; not told to partners.
    pub number: Option<u64>,
}

impl TryFrom<NewBudgetStepBody> for NewBudgetStep {
    type Error = Error;

    fn try_from(body: NewBudgetStepBody) -> Result<Self, Error> {
        let NewBudgetStepBody { partner, step, of, dataset, rho, delta, reason, ticket } = body;
        let wrong = |told: &str| Err(Error::BadRequest(told.to_owned()));
        let says_amount = of.is_some() || dataset.is_some() || rho.is_some() || delta.is_some();
        let amount = of.map(|of| NewAmount { of, dataset, rho, delta });
        let step = match (step, amount) {
            (StepKind::Cap, Some(amount)) => NewStep::Cap(amount),
            (StepKind::Refill, Some(amount)) => NewStep::Refill(amount),
            (StepKind::Cap | StepKind::Refill, None) => {
                return wrong("state `of`: `month`, `lifetime` or, for `cap`, `release`");
            }
            _ if says_amount => {
                return wrong("`of`, `dataset`, `rho` and `delta` are for `cap` and `refill`");
            }
            (StepKind::Open, _) => NewStep::Open,
            (StepKind::Close, _) => NewStep::Close,
            (StepKind::Reopen, _) => NewStep::Reopen,
        };
        Ok(Self { partner, step, reason, ticket })
    }
}

impl BudgetStepBody {
    /// Tells of a step. PRIVACY: to its partner not who took it, nor what counts the steps of others as well.
    #[must_use]
    pub fn of(partner: &PrincipalId, step: &BudgetStep, is_own: bool) -> Self {
        let slot = match &step.what {
            What::Cap { of, dataset, .. } | What::Refill { of, dataset, .. } => Some((of, dataset)),
            What::Open | What::Close | What::Reopen => None,
        };
        let change = match &step.what {
            What::Cap { before, after, .. } | What::Refill { before, after, .. } => Some((*before, *after)),
            What::Open | What::Close | What::Reopen => None,
        };
        let (added, month) = match &step.what {
            What::Refill { add, month, .. } => (Some(AmountBody::from(*add)), month.clone()),
            _ => (None, None),
        };
        Self {
            partner: partner.to_string(),
            place: step.place,
            step: step.what.kind().as_str().to_owned(),
            at: step.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            reason: step.reason.as_str().to_owned(),
            of: slot.map(|(of, _)| of.as_str().to_owned()),
            dataset: slot.and_then(|(_, dataset)| dataset.as_ref()).map(ToString::to_string),
            month,
            added,
            before: change.map(|(before, _)| before.into()),
            after: change.map(|(_, after)| after.into()),
            by: (!is_own).then(|| step.principal.to_string()),
            ticket: (!is_own).then(|| step.ticket.to_string()),
            number: (!is_own).then_some(step.number),
        }
    }
}

impl BudgetStepAnswerBody {
    /// Tells of a step that was taken in a run.
    #[must_use]
    pub fn of(run: RunId, settled: &SettledStep) -> Self {
        Self {
            run: run.to_string(),
            already: settled.already,
            state: if settled.is_open { "open" } else { "closed" }.to_owned(),
            step: BudgetStepBody::of(&settled.partner, &settled.step, false),
        }
    }
}

impl BudgetHistoryBody {
    /// Tells what was found in a run.
    #[must_use]
    pub fn of(run: RunId, history: &BudgetHistory) -> Self {
        let steps = history.steps.iter();
        let steps = steps.map(|(partner, step)| BudgetStepBody::of(partner, step, history.is_own)).collect();
        Self { run: run.to_string(), steps }
    }
}
