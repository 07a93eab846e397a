//! Whether a delegation that is open can be used: what it says may have been true when it was made, and be so no longer.

use chrono::{DateTime, Utc};
use membrane_catalog::Catalog;
use membrane_model::{Action, DatasetName, Purpose};

use super::{Acting, DelegationRequest, Handed};
use crate::ask::Outcome;
use crate::judge::judge;
use crate::{Policies, Request};

impl Policies {
    /// Returns why nothing can be seen by a delegation now; nothing when something can. It is for those who look at the record: it
    /// says of somebody what only they may know.
    #[must_use]
    pub fn why_unusable(
        &self,
        catalog: &Catalog,
        asked: &DelegationRequest,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let gone = [&asked.delegator, &asked.delegate].into_iter().find(|who| !self.knows(who));
        if let Some(who) = gone {
            return Some(format!("{who} is not in principals.json"));
        }
        let each = || {
            asked.purposes.iter().flat_map(|purpose| asked.datasets.iter().map(move |name| (purpose, name)))
        };
        let shows = |(purpose, dataset): (&Purpose, &DatasetName)| {
            let handed = Handed { delegation: 0, datasets: vec![dataset.clone()] };
            let request = Request {
                acting: Some(Acting { delegator: asked.delegator.clone(), handed: vec![handed] }),
                ..Request::of(
                    (asked.delegate.clone(), Action::Read),
                    Some(purpose.clone()),
                    vec![dataset.clone()],
                    now,
                )
            };
            judge(self, catalog, &request).verdict.is_ok()
        };
        if each().any(shows) {
            return None;
        }
        let is_handed_on =
            |(purpose, dataset)| self.may_hand_on(asked, purpose, dataset, now).outcome == Outcome::Permitted;
        Some(if each().any(is_handed_on) {
            format!("policy shows {} nothing of it on behalf of {}", asked.delegate, asked.delegator)
        } else {
            format!("policy does not let {} hand it on to {}", asked.delegator, asked.delegate)
        })
    }
}
