//! Whether what is permitted now is permitted later as well, as far as the policies of now tell.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use membrane_model::DatasetName;

use super::{Authorizer, Request};
use crate::Permit;
use crate::judge::judge;

impl Authorizer {
    /// Returns the first moment at which a permit would be for other rows, or for none: of some later ones, and of those before the
    /// last of them at which a policy says that something changes. None: the same rows may be seen at all of them. Nothing is
    /// recorded, as no permit comes of it.
    #[must_use]
    pub fn rows_change(&self, permit: &Permit, moments: &[DateTime<Utc>]) -> Option<DateTime<Utc>> {
        let now = permit.decided_at();
        let last = moments.iter().max().copied()?;
        // Each constant is a stretch of time of its own, and another one begins right after it.
        let constants = self.policies.moments.after(now);
        let stretches =
            constants.into_iter().flat_map(|moment| [moment, moment + TimeDelta::milliseconds(1)]);
        let looked_at: BTreeSet<DateTime<Utc>> = stretches.chain(moments.iter().copied()).collect();
        let mut later = looked_at.into_iter().filter(|moment| (now..=last).contains(moment));
        later.find(|moment| !self.has_same_rows(permit, *moment))
    }

    fn has_same_rows(&self, permit: &Permit, moment: DateTime<Utc>) -> bool {
        let names: Vec<DatasetName> = permit.datasets().map(|own| own.dataset().name.clone()).collect();
        let who = (permit.principal().clone(), permit.action());
        let request = Request::of(who, permit.purpose().cloned(), names, moment);
        // Any failure while deciding is a deny.
        let Ok(granted) = judge(&self.policies, &self.catalog, &request).verdict else { return false };
        permit.datasets().all(|own| {
            let then = granted.iter().find(|then| then.dataset.name == own.dataset().name);
            then.is_some_and(|then| then.row_rule == *own.row_rule())
        })
    }
}
