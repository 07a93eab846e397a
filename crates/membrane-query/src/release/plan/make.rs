//! Plans a release, or the pilot that it needs first.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use membrane_model::{Action, DatasetName, PrincipalId, TableVersion};
use membrane_policy::Permit;
use membrane_privacy::{KeyDomain, Mechanism, ReleaseSpec};
use membrane_vault::QueryKeyHasher;

use super::{PilotPlan, Planned, ReleasePlan, Source, question, unit};
use crate::QueryError;
use crate::engine::{Engine, Opened, Reader};
use crate::gate::Statement;
use crate::release::answer::ReleasedDataset;
use crate::release::bounds::{Calibrated, EditionKey, PilotOf, ReleaseOptions, calibrate};
use crate::release::canonical::{
    Asker, Data, EditionPart, basis_key, edition_key, part_key, query_key, rules_key, shape_key,
};
use crate::release::counter::{CounterOptions, Counting, Event, keep};
use crate::release::domain::key_domain;
use crate::release::edges::edges;
use crate::release::exact::check_keys;
use crate::release::listed::listed;
use crate::release::notes::{notes, of_survival};
use crate::release::question::{Question, Table};
use crate::release::reuse::{Names, Naming};
use crate::release::scope::{Scope, ScopeTable};

/// What a statement was read as, and where its rows come from.
struct Ground {
    opened: Opened,
    scope: Scope,
    question: Question,
    keys: KeyDomain,
    source: Source,
    /// When rows were, where they are counted on.
    event: Option<Event>,
}

/// What names of questions are made of.
struct NamedBy<'a> {
    hasher: QueryKeyHasher,
    asker: Asker<'a>,
    data: Vec<Data<'a>>,
    edition: Option<&'a EditionKey>,
}

impl Engine {
    /// Plans and prices a release. Reads contracts, policy, the versions of tables, and public keys that a dataset without
    /// subject lists; but no row about a member.
    ///
    /// # Errors
    /// [`QueryError`]: what the gate and the planner refuse, [`QueryError::NotBounded`] for what cannot be
    /// bounded, [`QueryError::Privacy`] for numbers that make no sense.
    pub async fn plan_release(
        &self,
        permit: &Permit,
        statement: &Statement,
        options: ReleaseOptions,
    ) -> Result<Planned, QueryError> {
        if permit.action() != Action::Release {
            return Err(QueryError::NotPermitted);
        }
        if statement.explains() {
            return Err(QueryError::NotAllowed {
                reason: "EXPLAIN of a release was found; ask for a dry run",
            });
        }
        let ground = self.ground(permit, statement, options.counter.as_ref()).await?;
        let Ground { opened, scope, question, keys, source, event } = ground;
        let calibrated = calibrate(&question, &scope, keys, &options, &source.limits)?;
        let named = NamedBy {
            hasher: self.parts.vault.query_key_hasher(),
            asker: Asker { principal: permit.principal(), purpose: permit.purpose() },
            data: data_of(&opened, permit)?,
            edition: options.edition.as_ref(),
        };
        let mechanism = match calibrated {
            Calibrated::Release(mechanism) => mechanism,
            Calibrated::Pilot(PilotOf { question, pilot, whole }) => {
                return Ok(Planned::Pilot(Box::new(PilotPlan {
                    query_key: named.question(&question, pilot.spec(), EditionPart::Pilot)?,
                    shape: shape_key(&named.hasher, &named.asker, &question, &named.data)?,
                    unit: unit(&question, &scope)?,
                    datasets: datasets(&opened),
                    inputs: opened.inputs.clone(),
                    question,
                    pilot,
                    whole,
                    source,
                })));
            }
        };
        let counting = match (event, &options.edition, &options.counter) {
            (Some(event), Some(edition), Some(counter)) => Some(named.counting(event, edition, counter)),
            (None, _, None) => None,
            _ => return Err(QueryError::Failed),
        };
        release(permit, &options, (mechanism, question, counting), &scope, (&opened, source), &named)
    }

    /// Reads a statement, and finds where its rows come from.
    async fn ground(
        &self,
        permit: &Permit,
        statement: &Statement,
        counter: Option<&CounterOptions>,
    ) -> Result<Ground, QueryError> {
        let limits = self.parts.limits;
        let opened = self.open(permit, statement.tables(), Reader::Release).await?;
        let tables = opened.tables.iter().map(|(name, table)| {
            let dataset = permit.dataset(name).ok_or(QueryError::Failed)?;
            let shown = |column: &membrane_model::ColumnName| table.column(column.as_str()).is_some();
            Ok(ScopeTable::new(dataset.dataset(), dataset.row_rule(), shown))
        });
        let scope = Scope::new(tables.collect::<Result<_, QueryError>>()?);
        let mut question = question(statement, &scope, &limits).await?;
        let event = counter.map(|counter| keep(&mut question, &scope, counter)).transpose()?;
        let provider = |name: &DatasetName| {
            let table = opened.tables.iter().find(|(known, _)| known == name);
            table.map(|(_, table)| Arc::clone(table) as Arc<dyn TableProvider>).ok_or(QueryError::Failed)
        };
        let providers = question.tables.iter().map(|table| match table {
            Table::Dataset { name, .. } => provider(name).map(Some),
            Table::Kept(_) | Table::PerMember(_) | Table::Union(_) => Ok(None),
        });
        let providers = providers.collect::<Result<Vec<_>, QueryError>>()?;
        let is_written = |name: &DatasetName| written(&opened, name).is_some();
        let listed = listed(&question, &scope, &providers, &is_written, &limits).await?;
        let keys = key_domain(&question, &scope, &listed)?;
        check_keys(&question, &keys)?;
        let source = Source { providers, sampling: self.parts.vault.sampler(), limits };
        Ok(Ground { opened, scope, question, keys, source, event })
    }

    /// Returns the name under which the answer of an edition is stored.
    #[must_use]
    pub fn edition_name(&self, partner: &PrincipalId, key: &EditionKey) -> String {
        edition_key(&self.parts.vault.query_key_hasher(), partner, key, EditionPart::Release)
    }
}

/// Plans a release whose bounds are known.
fn release(
    permit: &Permit,
    options: &ReleaseOptions,
    (mechanism, question, counting): (Mechanism, Question, Option<Counting>),
    scope: &Scope,
    (opened, source): (&Opened, Source),
    named: &NamedBy<'_>,
) -> Result<Planned, QueryError> {
    let found = options.pilot.as_ref().map(|pilot| &pilot.report);
    let survival = match found.filter(|_| mechanism.spec().keys == KeyDomain::Unknown) {
        Some(report) => Some(report.survival(&mechanism)?),
        None => None,
    };
    let mut notes = notes(&question, &mechanism, found.is_some());
    notes.extend(survival.map(of_survival));
    Ok(Planned::Release(Box::new(ReleasePlan {
        survival,
        names: named.names(&question)?,
        counting,
        edges: edges(&question, permit.run_id()),
        unit: unit(&question, scope)?,
        notes,
        datasets: datasets(opened),
        inputs: opened.inputs.clone(),
        query_key: named.question(&question, mechanism.spec(), EditionPart::Release)?,
        summary: mechanism.describe()?,
        question,
        mechanism,
        source,
    })))
}

impl NamedBy<'_> {
    /// Names a question, or the edition that it is.
    fn question(
        &self,
        question: &Question,
        spec: &ReleaseSpec,
        part: EditionPart,
    ) -> Result<String, QueryError> {
        match self.edition {
            Some(edition) => Ok(edition_key(&self.hasher, self.asker.principal, edition, part)),
            None => query_key(&self.hasher, &self.asker, question, spec, &self.data),
        }
    }

    /// Names what an edition that counts on goes by.
    fn counting(&self, event: Event, edition: &EditionKey, counter: &CounterOptions) -> Counting {
        let principal = self.asker.principal;
        let key = |edition: &EditionKey, part| edition_key(&self.hasher, principal, edition, part);
        let whole = EditionKey { edition: String::new(), ..edition.clone() };
        let before =
            counter.before.as_ref().map(|before| EditionKey { edition: before.clone(), ..edition.clone() });
        let before = before.map(|before| key(&before, EditionPart::Release));
        let rules = rules_key(&self.hasher, &self.data, &event.fixed);
        event.counting(key(&whole, EditionPart::Counter), (before, counter.refresh), rules)
    }

    /// Names what later questions can use.
    fn names(&self, question: &Question) -> Result<Names, QueryError> {
        let basis = |question: &Question| basis_key(&self.hasher, &self.asker, question, &self.data);
        Naming { basis: &basis, part: &|written| part_key(&self.hasher, written) }.names(question)
    }
}

/// Returns the id of a table that was ever written, and the version whose rows are read.
fn written<'a>(opened: &'a Opened, name: &DatasetName) -> Option<&'a (String, TableVersion)> {
    opened.table_ids.iter().find(|(known, _)| known == name).map(|(_, written)| written)
}

fn datasets(opened: &Opened) -> Vec<ReleasedDataset> {
    let of = |(name, _): &(DatasetName, _)| ReleasedDataset {
        dataset: name.clone(),
        version: written(opened, name).map(|(_, version)| *version),
    };
    opened.tables.iter().map(of).collect()
}

/// Returns which rows of which tables are asked about, as far as it changes the answer.
fn data_of<'a>(opened: &'a Opened, permit: &'a Permit) -> Result<Vec<Data<'a>>, QueryError> {
    let of = |(dataset, _): &'a (DatasetName, _)| {
        let version = written(opened, dataset).map(|(id, version)| (*version, id.as_str()));
        let permitted = permit.dataset(dataset).ok_or(QueryError::Failed)?;
        let contract = permitted.dataset().release_hash();
        Ok(Data { dataset, contract, version, row_rule: permitted.row_rule() })
    };
    opened.tables.iter().map(of).collect()
}
