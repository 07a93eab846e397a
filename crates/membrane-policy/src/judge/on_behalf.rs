//! What is decided for somebody who acts for another: by what the other may read, and within what policies forbid to either.

use std::collections::BTreeMap;

use cedar_policy::EntityUid;
use membrane_ledger::Decision;
use membrane_model::{Action, DatasetName, PrincipalId};

use super::{Judge, Judgement};
use crate::ask::{Answer, Asker, Outcome};
use crate::delegation::{Acting, DelegationRequest, Handed, may_act_for};
use crate::permit::GrantedDataset;
use crate::{Refused, RefusedReason};

/// By which delegation a dataset may be used, and by which policies; or why it may not, and by which.
type HandedOnBy<'a> = Result<(u64, &'a [String]), (&'static str, &'a [String])>;

/// The datasets that were handed on for a request.
pub(super) struct HandedOn {
    delegator: PrincipalId,
    /// By which delegation, and whether the delegator may still hand it on.
    datasets: BTreeMap<DatasetName, (u64, Answer)>,
}

impl HandedOn {
    /// Returns on whose behalf.
    pub(super) const fn delegator(&self) -> &PrincipalId {
        &self.delegator
    }

    /// Returns by which delegation a dataset may be used, and by which policies it was handed on; or why it may not.
    pub(super) fn of(&self, name: &DatasetName) -> HandedOnBy<'_> {
        match self.datasets.get(name) {
            None => Err(("it was not handed on", &[])),
            Some((number, answer)) if answer.outcome == Outcome::Permitted => {
                Ok((*number, answer.factors.as_slice()))
            }
            Some((_, answer)) => Err(("it is not to be handed on", answer.factors.as_slice())),
        }
    }
}

impl Judge<'_> {
    /// Decides for the request's principal, who acts for another.
    pub(super) fn on_behalf(&self, acting: &Acting, delegate: &EntityUid) -> Judgement {
        let (policies, request) = (self.policies, self.request);
        // PRIVACY: whoever holds no delegation is not told whether there is somebody of that name.
        let not_delegated = || {
            let words = RefusedReason::NotDelegated.to_string();
            let decision = self.decision(false, None, &words, Vec::new());
            let verdict = Err(Refused::plain(RefusedReason::NotDelegated));
            Judgement::of(vec![decision], verdict)
        };
        let possible = request.action == Action::Read
            && !acting.handed.is_empty()
            && may_act_for(&request.principal, &acting.delegator);
        let (Some(delegator), Some(purpose), true) =
            (policies.world.principals.get(&acting.delegator), &request.purpose, possible)
        else {
            return not_delegated();
        };
        let mut asked = DelegationRequest {
            delegator: acting.delegator.clone(),
            delegate: request.principal.clone(),
            purposes: vec![purpose.clone()],
            datasets: Vec::new(),
        };
        let mut datasets = BTreeMap::new();
        for handed in &acting.handed {
            asked.datasets.clone_from(&handed.datasets);
            for name in handed.datasets.iter().filter(|name| self.catalog.dataset(name).is_some()) {
                datasets.entry(name.clone()).or_insert_with(|| {
                    (handed.delegation, policies.may_hand_on(&asked, purpose, name, request.now))
                });
            }
        }
        // Neither the delegator's broken glass nor the delegate's: it is for one person.
        let ask = |who| Asker::new(policies, who, Some(purpose), request.now);
        let (Some(asker), Some(floor)) = (ask(delegator), ask(delegate)) else {
            return self.refuse(
                RefusedReason::PolicyFault,
                "the question to Cedar cannot be built",
                Vec::new(),
            );
        };
        let handed = HandedOn { delegator: acting.delegator.clone(), datasets };
        let judge = Judge { handed: Some(handed), ..*self };
        judge.datasets(&asker.above(floor))
    }

    /// Says for the record by which delegation each dataset is shown.
    pub(super) fn uses_of_delegations(&self, granted: &[GrantedDataset]) -> Vec<Decision> {
        let Some(handed) = &self.handed else { return Vec::new() };
        let used = granted.iter().filter_map(|one| {
            let name = &one.dataset.name;
            let (number, factors) = handed.of(name).ok()?;
            let reason = Handed::reason(number, &handed.delegator);
            Some(self.decision(true, Some(name), &reason, factors.to_vec()))
        });
        used.collect()
    }
}
