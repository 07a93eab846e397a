//! What a release may cost: what was asked, what one may cost, and what is told where that is not enough.

use membrane_model::{Delta, Epsilon, Price};
use membrane_policy::Permit;
use membrane_privacy::{PriceAsked, PrivacyError, Shortfall};
use membrane_query::{QueryError, ReleaseOptions, ReleasePlan, Statement};

use super::ReleaseRequest;
use crate::ctx::RequestCtx;
use crate::error::Error;
use crate::flow::budget::own_lines;
use crate::flow::caps::{caps, release_max};
use crate::hub::Hub;

/// Returns what the answer may cost.
pub(super) fn asked(
    request: &ReleaseRequest,
    delta: Delta,
    epsilon: f64,
    most: Price,
) -> Result<PriceAsked, Error> {
    match (request.epsilon, request.rho) {
        (Some(_), Some(_)) => Err(Error::Query(QueryError::Privacy(PrivacyError::OutOfRange {
            what: "the price",
            expected: "stated as epsilon or as rho, not both",
        }))),
        (None, Some(rho)) if rho <= 0.0 || rho.is_nan() => {
            let (what, expected) = ("rho", "a number above 0");
            Err(Error::Query(QueryError::Privacy(PrivacyError::OutOfRange { what, expected })))
        }
        (None, Some(rho)) => {
            let price = Price::from_parts(rho, Delta::new(0.0)?)?;
            Ok(PriceAsked::Rho { rho_nano: price.rho_nano })
        }
        (Some(epsilon), None) => Ok(PriceAsked::Epsilon(Epsilon::new(epsilon)?)),
        (None, None) => {
            let epsilon = Epsilon::new(epsilon)?;
            // A pure epsilon is far dearer in rho than one with a delta.
            let fits = pure_epsilon(most).filter(|pure| is_pure(delta) && *pure < epsilon);
            Ok(PriceAsked::Epsilon(fits.unwrap_or(epsilon)))
        }
    }
}

/// Refuses what is dearer than one release may be. An answer that was paid for before is given whatever it cost then.
pub(super) fn check(ctx: &RequestCtx, hub: &Hub, plan: &ReleasePlan, stored: bool) -> Result<(), Error> {
    let most = release_max(hub.privacy(), &ctx.principal)?;
    if stored || plan.price().rho_nano <= most.rho_nano {
        return Ok(());
    }
    Err(Error::OverPrice {
        price: plan.price(),
        most,
        epsilon_milli: plan.epsilon_milli_within(most.rho_nano),
    })
}

/// A release that was asked for with targets.
pub(super) struct Asked<'a> {
    pub(super) permit: &'a Permit,
    pub(super) statement: &'a Statement,
    pub(super) options: ReleaseOptions,
}

impl Asked<'_> {
    /// Says what targets need that were missed, what may be paid, and which could be had for that.
    pub(super) async fn missed(
        self,
        ctx: &RequestCtx,
        hub: &Hub,
        short: Box<Shortfall>,
    ) -> Result<Error, Error> {
        let most = release_max(hub.privacy(), &ctx.principal)?;
        let datasets = self.permit.datasets().map(|visible| visible.dataset());
        let private = datasets.filter(|dataset| dataset.is_private()).map(|dataset| &dataset.name);
        let scopes = caps(hub.privacy(), &ctx.principal, private)?;
        let (_, budgets) = own_lines(ctx, hub, scopes).await?;
        let remaining = budgets.iter().map(|line| line.remaining().rho_nano).min().unwrap_or(0);
        let remaining = Price { rho_nano: remaining, delta_atto: 0 };
        let payable = if most.rho_nano < remaining.rho_nano { most } else { remaining };
        let short = match short.allowed.rho_nano > payable.rho_nano {
            true => self.short_of(hub, short, payable).await,
            false => short,
        };
        Ok(Error::Missed { short, most, remaining })
    }

    /// Says the same for less than was asked to be paid.
    async fn short_of(mut self, hub: &Hub, mut short: Box<Shortfall>, payable: Price) -> Box<Shortfall> {
        let price = match is_pure(self.options.delta) {
            true => pure_epsilon(payable).map(PriceAsked::Epsilon),
            false => Some(PriceAsked::Rho { rho_nano: payable.rho_nano }),
        };
        if let Some(price) = price {
            self.options.price = price;
            let planned = hub.engine().plan_release(self.permit, self.statement, self.options).await;
            if let Err(QueryError::Privacy(PrivacyError::Targets(short))) = planned {
                return short;
            }
        }
        short.targets.iter_mut().for_each(|target| target.nearest95 = None);
        short
    }
}

fn is_pure(delta: Delta) -> bool {
    delta.get() <= 0.0
}

/// Returns a pure epsilon, in whole thousandths, that costs a price at most: its square is twice the rho (Bun and Steinke
/// 2016, proposition 1.4).
fn pure_epsilon(most: Price) -> Option<Epsilon> {
    Epsilon::new(((2.0 * most.rho()).sqrt() * 1000.0).floor() / 1000.0).ok()
}
