//! Whether exact values may be looked up in the columns that were granted.

use membrane_catalog::Column;
use membrane_ledger::{ColumnDecision, Decision};
use membrane_model::{LogicalType, Protection, RevealLevel, Shown};

use super::{Judge, LOOKED_UP};
use crate::ask::{Asker, Outcome};
use crate::authorizer::Lookup;
use crate::permit::{GrantedColumn, GrantedDataset};
use crate::schema::LOOK_UP;
use crate::{Refused, RefusedReason};

impl Judge<'_> {
    /// Decides about the values that are looked up: each needs a column that is shown as its token, and a policy.
    pub(super) fn lookups(
        &self,
        asker: &Asker<'_>,
        granted: &mut [GrantedDataset],
        decisions: &mut Vec<Decision>,
    ) -> Result<(), Refused> {
        // INVARIANT: nobody looks up on behalf of another. Tokens are the same in both views: what one finds by a number and
        // the other sees beside the token, neither may know; and each colleague would bring another quota.
        if self.request.acting.is_some() && !self.request.lookups.is_empty() {
            let reason = RefusedReason::Lookup;
            decisions.push(self.decision(false, None, &reason.to_string(), Vec::new()));
            return Err(Refused::plain(reason));
        }
        let lookups = self.request.lookups.iter().map(|lookup| self.lookup(asker, granted, lookup));
        match lookups.collect::<Result<Vec<Decision>, RefusedReason>>() {
            Ok(found) => {
                decisions.extend(found);
                Ok(())
            }
            Err(reason) => {
                // PRIVACY: the names that were given may be values in the wrong place: they are not recorded.
                decisions.push(self.decision(false, None, &reason.to_string(), Vec::new()));
                Err(Refused::plain(reason))
            }
        }
    }

    fn lookup(
        &self,
        asker: &Asker<'_>,
        granted: &mut [GrantedDataset],
        lookup: &Lookup,
    ) -> Result<Decision, RefusedReason> {
        let mut found: Option<(Decision, TokenKind)> = None;
        for one in granted.iter_mut() {
            let name = one.dataset.name.clone();
            if lookup.dataset.as_ref().is_some_and(|wanted| *wanted != name) {
                continue;
            }
            let resource =
                self.policies.world.datasets.get(&name).and_then(|uids| uids.columns.get(&lookup.column));
            let column = one.columns.iter_mut().find(|column| column.column == lookup.column);
            let contract = one.dataset.column(&lookup.column);
            let (Some(resource), Some(column), Some(contract)) = (resource, column, contract) else {
                continue;
            };
            let Some(kind) = TokenKind::of(contract, column) else { continue };
            let answer = asker.ask(LOOK_UP, resource);
            match answer.outcome {
                Outcome::Permitted => {}
                Outcome::Faulty => return Err(RefusedReason::PolicyFault),
                Outcome::Forbidden | Outcome::Unmentioned => continue,
            }
            match &found {
                Some((_, before)) if *before != kind => return Err(RefusedReason::LookupAmbiguous),
                Some(_) => {}
                None => {
                    column.look_up = true;
                    let level = Some(RevealLevel::Token);
                    let recorded = ColumnDecision {
                        column: column.column.clone(),
                        level,
                        factors: answer.factors.clone(),
                    };
                    let mut decision = self.decision(true, Some(&name), LOOKED_UP, answer.factors);
                    decision.columns.push(recorded);
                    found = Some((decision, kind));
                }
            }
        }
        let (decision, kind) = found.ok_or(RefusedReason::Lookup)?;
        self.not_forbidden(asker, granted, &kind)?;
        Ok(decision)
    }

    /// Tells whether a value may be looked up in the statement at all: its token is the same in each column of the kind, so
    /// a column in which it must not be looked up must not stand beside.
    fn not_forbidden(
        &self,
        asker: &Asker<'_>,
        granted: &[GrantedDataset],
        kind: &TokenKind,
    ) -> Result<(), RefusedReason> {
        for one in granted {
            let uids = self.policies.world.datasets.get(&one.dataset.name);
            for column in &one.columns {
                let contract = one.dataset.column(&column.column);
                let resource = uids.and_then(|uids| uids.columns.get(&column.column));
                let (Some(contract), Some(resource)) = (contract, resource) else { continue };
                if TokenKind::of(contract, column).as_ref() != Some(kind) {
                    continue;
                }
                match asker.ask(LOOK_UP, resource).outcome {
                    Outcome::Permitted | Outcome::Unmentioned => {}
                    Outcome::Forbidden => return Err(RefusedReason::Lookup),
                    Outcome::Faulty => return Err(RefusedReason::PolicyFault),
                }
            }
        }
        Ok(())
    }
}

/// Tokens of one kind: equal values have the same ones.
#[derive(PartialEq)]
struct TokenKind {
    domain: String,
    shown: Shown,
    /// Whether values are brought into one form before.
    canonical: bool,
}

impl TokenKind {
    /// Returns the kind of the tokens that a column shows, if a value can be looked up among them: in every row a token, of
    /// a text or a whole number as it was delivered.
    fn of(contract: &Column, column: &GrantedColumn) -> Option<Self> {
        let exact = matches!(contract.logical_type, LogicalType::String | LogicalType::Integer)
            && !matches!(contract.protection, Protection::Generalise(_));
        let token = matches!(column.shown, Shown::Token(_)) && column.when.is_empty();
        (exact && token).then(|| Self {
            domain: contract.token_domain(),
            shown: column.shown,
            canonical: matches!(contract.protection, Protection::Token | Protection::SealedToken),
        })
    }
}
