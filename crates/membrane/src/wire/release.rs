//! Releases: differentially private aggregates.

use std::collections::BTreeMap;

use membrane_model::{ColumnName, NameError, Purpose};
use membrane_privacy::{
    AggregateKind, LevelSummary, MechanismSummary, NoiseDrawn, NoiseKind, NoiseSummary, PrivacyUnit,
};
use membrane_query::{ForecastOf, ReleaseAnswer, ReleaseForecast};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{AmountBody, BudgetLineBody, ReceiptBody};
use crate::answer::Head;
use crate::flow::{ReleaseRequest, Released};

/// A release that a partner asks for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// One SELECT with aggregates; docs/partners.md says which.
    #[schema(
        example = "SELECT category, COUNT(*) AS lines, SUM(amount) AS sales FROM pos_order_lines GROUP BY category"
    )]
    pub sql: String,
    /// Why: one of the catalog's purposes; the hub's default when not stated.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "partner_reporting")]
    pub purpose: Option<Purpose>,
    /// The privacy loss that the answer may cost, 20 at most: more is dearer and more exact.
    #[serde(default)]
    #[schema(example = 1.0)]
    pub epsilon: Option<f64>,
    /// What the answer may cost as rho of zero-concentrated DP, in place of epsilon.
    #[serde(default)]
    pub rho: Option<f64>,
    /// The failure probability at which epsilon is stated. 0 asks for pure differential privacy, of groups that are known;
    /// without an epsilon it costs about as much as one release may.
    #[serde(default)]
    #[schema(example = 1e-7)]
    pub delta: Option<f64>,
    /// Which noise is drawn: `auto`, whichever is smaller at the same price in rho, `gaussian`, `laplace`, or `least_error`,
    /// whichever is smaller at the same epsilon, even where that takes many times the rho.
    #[serde(default, deserialize_with = "read_noise")]
    #[schema(value_type = Option<String>, example = "auto")]
    pub noise: Option<NoiseKind>,
    /// Groups in which one member may count; the contract's when not stated.
    #[serde(default)]
    pub groups_max: Option<u32>,
    /// Rows of one member that may count in one group; the contract's when not stated.
    #[serde(default)]
    pub rows_max: Option<u32>,
    /// Least and greatest value that one row adds to a sum, by column; the contract's when not stated.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, Vec<f64>>>)]
    pub bounds: Option<BTreeMap<ColumnName, (f64, f64)>>,
    /// Half of the width that the 95 % interval of a column of the answer may have, for counts and sums. Where all have one,
    /// the price is as low as that allows, and epsilon is the most that it may be.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub targets: Option<BTreeMap<ColumnName, f64>>,
    /// The same as a share of what a typical group comes to: 0.02 for 2 %. A small private pilot finds out what that is.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub within: Option<BTreeMap<ColumnName, f64>>,
    /// Have a small private pilot choose the bounds that are not stated here, also those that the contract states. It costs a
    /// tenth of the price, once for all questions of this form. Bounds that nobody states are chosen so anyway.
    #[serde(default)]
    pub choose_bounds: bool,
    /// Whether an answer may be made of stored ones of yours, for nothing: `true` also where its error bars are wider than what is
    /// asked for, `false` never. When not stated, it is true where no price and no width are.
    #[serde(default)]
    pub reuse: Option<bool>,
    /// Try the statement on synthetic rows, which `POST /v1/sandbox` makes. Costs nothing, and says nothing about anybody.
    #[serde(default)]
    pub sandbox: bool,
    /// Only tell the price and the error bars. Costs nothing and touches no data.
    #[serde(default)]
    pub dry_run: bool,
}

/// Reads a kind of noise. The library would not say which there are where something else than a text was sent.
fn read_noise<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NoiseKind>, D::Error> {
    let fault = |_| NameError::new("kind of noise", "`auto`, `gaussian`, `laplace` or `least_error`");
    let sent = Option::<Value>::deserialize(deserializer)?;
    sent.map(|sent| NoiseKind::deserialize(sent).map_err(fault)).transpose().map_err(de::Error::custom)
}

impl From<ReleaseBody> for ReleaseRequest {
    fn from(body: ReleaseBody) -> Self {
        Self {
            sql: body.sql,
            purpose: body.purpose,
            epsilon: body.epsilon,
            delta: body.delta,
            groups_max: body.groups_max,
            rows_max: body.rows_max,
            rho: body.rho,
            noise: body.noise.unwrap_or_default(),
            bounds: body.bounds.unwrap_or_default(),
            targets: body.targets.unwrap_or_default(),
            shares: body.within.unwrap_or_default(),
            choose_bounds: body.choose_bounds,
            reuse: body.reuse,
            edition: None,
            counter: None,
            counts_until: None,
            sandbox: body.sandbox,
            dry_run: body.dry_run,
        }
    }
}

/// The answer to a release, as JSON; a dry run has neither `columns` nor `rows`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReleaseAnswerBody {
    /// The run.
    pub run: String,
    /// The run in which the answer was drawn, when that was an earlier one: the same question of the same data.
    pub replay_of: Option<String>,
    /// The edition of a standing release that it is.
    pub edition: Option<String>,
    /// Whether it is of synthetic rows.
    #[serde(default)]
    pub sandbox: bool,
    /// What the answer costs.
    pub price: PriceBody,
    /// What this request was charged.
    pub charged: AmountBody,
    /// The partner's own budgets, after this.
    pub budgets: Vec<BudgetLineBody>,
    /// About so many more at this price fit into those budgets; none when they could not be read.
    pub more_like_this: Option<u64>,
    /// Contribution bounds, noise and error bars; none for a dry run of what needs a pilot first.
    pub mechanism: Option<MechanismBody>,
    /// The pilot that chose bounds, if there was one.
    pub pilot: Option<PilotBody>,
    /// Whom the price protects: a person with two such identities is protected at twice the epsilon.
    pub unit: UnitBody,
    /// How groups of 100, 1,000 and 10,000 members will look; of a dry run only.
    pub forecast: Option<Vec<ForecastBody>>,
    /// What a reader of the numbers should know: what the bounds leave out, first of all.
    pub notes: Vec<String>,
    /// Of which share of members the bounds left something out; none for a dry run, and in answers that were drawn before
    /// it was told.
    pub clipped: Option<ClippedBody>,
    /// The versions of the tables that were read.
    pub datasets: Option<Vec<DatasetVersionBody>>,
    /// What was asked, answered and paid, signed; of answers only.
    pub receipt: Option<ReceiptBody>,
    /// The columns: keys, and for each value `x` also `x_lo95`, `x_hi95` (its 95 % interval) and `x_sd`.
    pub columns: Option<Vec<ReleaseColumnBody>>,
    /// The rows.
    #[schema(value_type = Option<Vec<Object>>)]
    pub rows: Option<Vec<serde_json::Map<String, Value>>>,
    /// How many rows there are.
    pub row_count: Option<u64>,
}

/// A price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PriceBody {
    /// As epsilon, at `delta`.
    pub epsilon: f64,
    /// The failure probability at which epsilon is stated.
    pub delta: f64,
    /// rho of zero-concentrated DP: what is charged.
    pub rho: f64,
    /// The delta that is charged.
    pub charged_delta: f64,
}

/// A pilot that chose bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PilotBody {
    /// rho of zero-concentrated DP that it cost.
    pub rho: f64,
    /// Whether that is a part of the price; otherwise an earlier question of this form paid for it.
    pub in_price: bool,
}

/// How a group of some size will look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ForecastBody {
    /// Its members.
    pub members: u64,
    /// The chance that it is shown.
    pub shown: f64,
    /// Half of the width of the 95 % interval of each column, as a share of what `shares_of` says; none where it hangs on
    /// the values.
    pub shares95: BTreeMap<String, Option<f64>>,
    /// What each share is of. `total`: what such a group comes to where each member has one row of half the larger bound.
    /// `members`: it is a rank. `range`: the range between the bounds, at most. `greatest`: the greatest variance or deviation
    /// that the bounds allow, at most. `computed`: what is computed of supposed totals, averages being in the middle
    /// of their bounds.
    pub shares_of: BTreeMap<String, String>,
    /// Half of that width in the units of the column, where it does not hang on the values.
    pub half_widths95: BTreeMap<String, f64>,
}

impl From<&ReleaseForecast> for ForecastBody {
    fn from(forecast: &ReleaseForecast) -> Self {
        let columns = || forecast.columns.iter();
        Self {
            members: forecast.members,
            shown: forecast.shown,
            shares95: columns().map(|one| (one.name.clone(), one.share95)).collect(),
            shares_of: columns().map(|one| (one.name.clone(), share_of(one.of).to_owned())).collect(),
            half_widths95: columns().filter_map(|one| Some((one.name.clone(), one.half_width95?))).collect(),
        }
    }
}

const fn share_of(of: ForecastOf) -> &'static str {
    match of {
        ForecastOf::Total => "total",
        ForecastOf::Members => "members",
        ForecastOf::Range => "range",
        ForecastOf::Greatest => "greatest",
        ForecastOf::Computed => "computed",
    }
}

/// The privacy unit: the subject of one dataset, as its channel knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnitBody {
    /// The dataset whose rows are about the unit.
    pub dataset: String,
    /// The kind of identity that tells one unit from another.
    pub identity: String,
}

/// A share of members, released with noise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClippedBody {
    /// The share, within 0 and 1.
    pub share: f64,
    /// The lower end of its 95 % interval.
    pub share_lo95: f64,
    /// The upper end of its 95 % interval.
    pub share_hi95: f64,
}

/// What a release did to protect members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MechanismBody {
    /// Groups in which one member counts at most.
    pub groups_max: u32,
    /// Rows of one member that count at most in one group.
    pub rows_max: u32,
    /// What the noisy count of members of a group must exceed to be shown; none when keys are public.
    pub threshold: Option<i64>,
    /// The fewest members of a group that is shown; none when keys are public.
    pub cohort_min: Option<u32>,
    /// Half of the width of the 95 % interval of the two numbers of members behind `clipped`: of all members, and of those
    /// of whom something was left out.
    pub clipped_half_width95: Option<i64>,
    /// The noise of those two numbers.
    pub clipped_noise: Option<NoiseBody>,
    /// The noise of the members that choose which groups are shown; none when keys are public.
    pub threshold_noise: Option<NoiseBody>,
    /// The aggregates.
    pub aggregates: Vec<AggregateBody>,
}

/// Noise that is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NoiseBody {
    /// `gaussian` or `laplace`: discrete, from OpenDP.
    pub noise: String,
    /// The most that one member contributes in all: in L2 for Gaussian noise, in L1 for Laplace.
    pub sensitivity: f64,
    /// Its standard deviation; the scale of Laplace noise is that divided by the root of 2.
    pub sigma: f64,
}

impl From<&NoiseSummary> for NoiseBody {
    fn from(summary: &NoiseSummary) -> Self {
        let NoiseSummary { sensitivity, sigma, noise, .. } = *summary;
        Self { noise: noise_name(noise).to_owned(), sensitivity, sigma }
    }
}

const fn noise_name(noise: NoiseDrawn) -> &'static str {
    match noise {
        NoiseDrawn::Gaussian => "gaussian",
        NoiseDrawn::Laplace => "laplace",
    }
}

/// An aggregate, in the units of its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AggregateBody {
    /// Its name.
    pub name: String,
    /// `gaussian` or `laplace`: the noise that is drawn, discrete, from OpenDP.
    pub noise: String,
    /// The most that one member contributes in all: in L2 for Gaussian noise, in L1 for Laplace.
    pub sensitivity: f64,
    /// The standard deviation of its noise.
    pub sigma: f64,
    /// Half of the width of its 95 % interval.
    pub half_width95: f64,
    /// The most that one member contributes to one group.
    pub contribution_max: f64,
    /// Rows of one member that count at most in one group, for SUM what so many rows can add; none where a member counts
    /// once.
    pub rows_max: Option<u32>,
    /// The least that one row adds to a sum: smaller values count as this.
    pub lower: Option<f64>,
    /// The most that one row adds to a sum: larger values count as this.
    pub upper: Option<f64>,
    /// Where totals of several levels add up: each level, the finest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelBody>,
}

/// One level of totals that add up, in the units of their values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LevelBody {
    /// How many keys its groups have.
    pub keys: u32,
    /// How many groups it has.
    pub groups: u64,
    /// The noise that is drawn for it.
    pub noise: NoiseBody,
    /// Half of the width of the widest 95 % interval among its groups, once all levels add up.
    pub half_width95: f64,
}

/// A table that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DatasetVersionBody {
    /// The dataset.
    pub dataset: String,
    /// The version; none when nothing was ever stored.
    pub version: Option<u64>,
}

/// A column of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseColumnBody {
    /// Its name.
    pub name: String,
    /// `key`, `value`, `low95`, `high95` or `sd`.
    pub role: String,
}

impl From<&MechanismSummary> for MechanismBody {
    fn from(summary: &MechanismSummary) -> Self {
        let aggregates = summary.aggregates.iter().map(|aggregate| {
            let bounds = aggregate.kind.row_bounds();
            // Of quantiles it is told how exactly rows are counted, not values.
            let counts = matches!(aggregate.kind, AggregateKind::Quantile { .. });
            let unit = match bounds {
                Some(bounds) if !counts => 10_f64.powi(-i32::from(bounds.scale)),
                _ => 1.0,
            };
            let of_value = bounds.map_or(1.0, |bounds| 10_f64.powi(-i32::from(bounds.scale)));
            AggregateBody {
                name: aggregate.name.clone(),
                noise: noise_name(aggregate.noise).to_owned(),
                sensitivity: aggregate.sensitivity * unit,
                sigma: aggregate.sigma * unit,
                half_width95: number(aggregate.half_width95) * unit,
                contribution_max: number(aggregate.contribution_max) * unit,
                rows_max: is_by_rows(aggregate.kind).then_some(summary.rows_max),
                lower: bounds.map(|bounds| number(bounds.lower) * of_value),
                upper: bounds.map(|bounds| number(bounds.upper) * of_value),
                levels: aggregate.levels.iter().map(|level| level_body(level, unit)).collect(),
            }
        });
        Self {
            groups_max: summary.groups_max,
            rows_max: summary.rows_max,
            threshold: summary.threshold,
            cohort_min: summary.cohort_min,
            clipped_half_width95: summary.clipping.as_ref().map(|clipping| clipping.half_width95),
            clipped_noise: summary.clipping.as_ref().map(NoiseBody::from),
            threshold_noise: summary.selection.as_ref().map(NoiseBody::from),
            aggregates: aggregates.collect(),
        }
    }
}

fn level_body(level: &LevelSummary, unit: f64) -> LevelBody {
    let (sensitivity, sigma) = (level.sensitivity * unit, level.sigma * unit);
    LevelBody {
        keys: level.keys,
        groups: level.groups,
        noise: NoiseBody { noise: noise_name(level.noise).to_owned(), sensitivity, sigma },
        half_width95: number(level.half_width95) * unit,
    }
}

/// Tells whether the bound on rows changes what is counted or summed.
const fn is_by_rows(kind: AggregateKind) -> bool {
    !matches!(kind, AggregateKind::Members | AggregateKind::SumWithin { .. })
}

#[expect(clippy::cast_precision_loss, reason = "for show")]
const fn number(units: i64) -> f64 {
    units as f64
}

/// Shows what stands before the rows of a release: all of [`ReleaseAnswerBody`] but the rows.
#[must_use]
pub fn release_head(released: &Released) -> Head {
    let price = PriceBody {
        epsilon: released.epsilon,
        delta: released.delta,
        rho: released.price.rho(),
        charged_delta: released.price.delta(),
    };
    let budgets: Vec<BudgetLineBody> = released.budgets.iter().map(BudgetLineBody::from).collect();
    let mut head = vec![
        ("run", json!(released.run.to_string())),
        ("replay_of", json!(released.replay_of.map(|run| run.to_string()))),
        ("price", json!(price)),
        ("charged", json!(AmountBody::from(released.charged))),
        ("budgets", json!(budgets)),
        ("more_like_this", json!(released.more)),
        ("mechanism", json!(released.mechanism.as_ref().map(MechanismBody::from))),
        ("unit", json!(unit(&released.unit))),
        ("notes", json!(released.notes)),
    ];
    if let Some(edition) = &released.edition {
        head.push(("edition", json!(edition)));
    }
    if released.sandbox {
        head.push(("sandbox", json!(true)));
    }
    if let Some(pilot) = &released.pilot {
        head.push(("pilot", json!(PilotBody { rho: pilot.price.rho(), in_price: pilot.is_own })));
    }
    if !released.forecasts.is_empty() {
        let forecasts: Vec<ForecastBody> = released.forecasts.iter().map(ForecastBody::from).collect();
        head.push(("forecast", json!(forecasts)));
    }
    if let Some(answer) = &released.answer {
        head.push(("clipped", json!(clipped(answer))));
        head.push(("datasets", json!(datasets(answer))));
        head.push(("columns", json!(columns(answer))));
    }
    if let Some(receipt) = &released.receipt {
        head.push(("receipt", json!(ReceiptBody::from(receipt))));
    }
    head
}

fn unit(unit: &PrivacyUnit) -> UnitBody {
    UnitBody { dataset: unit.dataset.to_string(), identity: unit.identity.to_string() }
}

fn clipped(answer: &ReleaseAnswer) -> Option<ClippedBody> {
    let shown = answer.clipped.as_ref()?;
    Some(ClippedBody { share: shown.share, share_lo95: shown.low95, share_hi95: shown.high95 })
}

fn datasets(answer: &ReleaseAnswer) -> Vec<DatasetVersionBody> {
    let shown = |read: &membrane_query::ReleasedDataset| DatasetVersionBody {
        dataset: read.dataset.to_string(),
        version: read.version.map(|version| version.0),
    };
    answer.datasets.iter().map(shown).collect()
}

fn columns(answer: &ReleaseAnswer) -> Vec<ReleaseColumnBody> {
    let role = |role| serde_json::to_value(role).ok().and_then(|value| value.as_str().map(str::to_owned));
    let shown = |column: &membrane_query::ReleaseColumn| ReleaseColumnBody {
        name: column.name.clone(),
        role: role(column.role).unwrap_or_default(),
    };
    answer.columns.iter().map(shown).collect()
}
