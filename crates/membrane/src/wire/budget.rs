//! Privacy budgets.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::SecondsFormat;
use membrane_ledger::Window;
use membrane_model::{Delta, Price, RunId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::flow::{BudgetLine, Budgets, Forecast, Outlook, Pace, PartnerState};

/// What was spent of which budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetBody {
    /// The run in which this was looked up.
    pub run: String,
    /// The calendar month (UTC) that is charged now.
    #[schema(example = "2026-02")]
    pub month: String,
    /// The budgets: of each scope that of the month, and that of its lifetime.
    pub budgets: Vec<BudgetLineBody>,
    /// How many more questions each partner may ask, of those that were ever answered.
    pub partners: Vec<OutlookBody>,
    /// When each scope will be used up, if it is spent as it was of late.
    pub forecasts: Vec<ForecastBody>,
    /// Whether partners may spend.
    pub states: Vec<PartnerStateBody>,
}

/// One budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BudgetLineBody {
    /// `partner:NAME`, `partner:NAME/dataset:NAME` or `dataset:NAME`.
    pub scope: String,
    /// A month, as `2026-02`, or `lifetime`.
    pub window: String,
    /// When the cap is there anew; never, for a lifetime.
    pub refills: Option<String>,
    /// What may be spent in the window.
    pub cap: AmountBody,
    /// What was spent; what was reserved and then failed counts as spent.
    pub spent: AmountBody,
    /// What is left.
    pub remaining: AmountBody,
    /// What twelve such months allow, within what may ever be spent: a cap that fills up again adds up. Of months only.
    pub year_cap: Option<AmountBody>,
    /// What of `spent` was paid for answers that were never given.
    pub burned: AmountBody,
    /// How many answers those are.
    pub burned_count: u64,
}

/// How many more questions a partner may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OutlookBody {
    /// The partner.
    pub partner: String,
    /// What its last answer cost.
    pub last_price: AmountBody,
    /// About so many more like it fit into the budgets that are shown.
    pub more_like_last: u64,
}

/// When a scope will be used up, if it is spent as it was of late: at the faster of its two paces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ForecastBody {
    /// The scope.
    pub scope: String,
    /// rho for each day, as it was spent in the last 7 days.
    pub rho_a_day_7: f64,
    /// The same of the last 30 days.
    pub rho_a_day_30: f64,
    /// The day on which what is left of this month is used up; null when it lasts.
    #[schema(example = "2026-02-19")]
    pub month_ends_on: Option<String>,
    /// The day on which what is left of the lifetime is used up; null when it lasts for ten years.
    #[schema(example = "2027-05-01")]
    pub lifetime_ends_on: Option<String>,
    /// The same as a sentence.
    pub sentence: String,
}

/// Whether a partner may spend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PartnerStateBody {
    /// The partner.
    pub partner: String,
    /// `open` or `closed`.
    pub state: String,
    /// Since when; null where nobody said it, and it is the configuration's.
    pub since: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A privacy loss: zero-concentrated DP (rho) plus delta, and what rho amounts to as epsilon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AmountBody {
    /// rho of zero-concentrated DP.
    pub rho: f64,
    /// delta.
    pub delta: f64,
    /// rho as epsilon, at `epsilon_delta`; `delta` comes on top.
    pub epsilon: f64,
    /// The delta at which `epsilon` is stated.
    pub epsilon_delta: f64,
}

/// The delta at which rho is shown as epsilon.
const SHOWN_DELTA: f64 = 1e-6;

impl From<Price> for AmountBody {
    fn from(price: Price) -> Self {
        let epsilon = if price.rho_nano == 0 { 0.0 } else { epsilon_of(price.rho_nano) };
        Self { rho: price.rho(), delta: price.delta(), epsilon, epsilon_delta: SHOWN_DELTA }
    }
}

/// How many conversions are kept.
const KNOWN_MAX: usize = 4096;

/// Shows rho as epsilon. A conversion takes milliseconds, and the same few amounts are shown again and again.
fn epsilon_of(rho_nano: u64) -> f64 {
    static KNOWN: Mutex<BTreeMap<u64, f64>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(epsilon) = known().get(&rho_nano) {
        return *epsilon;
    }
    let rho = Price { rho_nano, delta_atto: 0 };
    let shown = Delta::new(SHOWN_DELTA).ok().and_then(|delta| membrane_privacy::epsilon_of(rho, delta).ok());
    let epsilon = shown.unwrap_or(f64::MAX);
    let mut known = known();
    if known.len() >= KNOWN_MAX {
        known.clear();
    }
    known.insert(rho_nano, epsilon);
    epsilon
}

impl BudgetBody {
    /// Shows the budgets as they were looked up in a run.
    #[must_use]
    pub fn new(run: RunId, budgets: &Budgets) -> Self {
        Self {
            run: run.to_string(),
            month: budgets.month.to_string(),
            budgets: budgets.lines.iter().map(BudgetLineBody::from).collect(),
            partners: budgets.outlooks.iter().map(OutlookBody::from).collect(),
            forecasts: budgets.forecasts.iter().map(ForecastBody::from).collect(),
            states: budgets.states.iter().map(PartnerStateBody::from).collect(),
        }
    }
}

impl BudgetLineBody {
    /// Tells whether this is the line of a lifetime.
    #[must_use]
    pub fn is_lifetime(&self) -> bool {
        self.window == Window::Lifetime.to_string()
    }
}

impl From<&BudgetLine> for BudgetLineBody {
    fn from(line: &BudgetLine) -> Self {
        let window = line.account.window;
        Self {
            scope: line.account.scope.to_string(),
            window: window.to_string(),
            refills: window.refills().map(|moment| moment.to_rfc3339_opts(SecondsFormat::Secs, true)),
            cap: line.cap.into(),
            spent: line.standing.spent.into(),
            remaining: line.remaining().into(),
            year_cap: line.year.map(AmountBody::from),
            burned: line.standing.burned.into(),
            burned_count: line.standing.burned_count,
        }
    }
}

impl From<&Forecast> for ForecastBody {
    fn from(forecast: &Forecast) -> Self {
        let a_day = |pace: Pace| (pace.rho_a_day() * 1e9).round() / 1e9;
        Self {
            scope: forecast.scope.to_string(),
            rho_a_day_7: a_day(forecast.week),
            rho_a_day_30: a_day(forecast.thirty_days),
            month_ends_on: forecast.month_ends_on.map(|day| day.to_string()),
            lifetime_ends_on: forecast.lifetime_ends_on.map(|day| day.to_string()),
            sentence: forecast.sentence.clone(),
        }
    }
}

impl From<&PartnerState> for PartnerStateBody {
    fn from(state: &PartnerState) -> Self {
        let said = state.said.as_ref();
        Self {
            partner: state.partner.to_string(),
            state: if state.is_open { "open" } else { "closed" }.to_owned(),
            since: said.map(|said| said.since.to_rfc3339_opts(SecondsFormat::Secs, true)),
            reason: said.map(|said| said.reason.as_str().to_owned()),
        }
    }
}

impl From<&Outlook> for OutlookBody {
    fn from(outlook: &Outlook) -> Self {
        Self {
            partner: outlook.partner.to_string(),
            last_price: outlook.last.into(),
            more_like_last: outlook.more,
        }
    }
}
