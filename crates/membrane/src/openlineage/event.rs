//! Makes the events of a run from its record.
//!
//! PRIVACY: an event has what the record has and no more: names of datasets, columns, jobs and purposes, a statement without its
//! literals, codes and counts. Of who asked it has the kind alone: events go to systems that others look into.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use membrane_catalog::Catalog;
use membrane_ledger::{DatasetVersion, RunRecord, RunState, RunStatus};
use membrane_model::{Action, DatasetName, FieldRef, LineageEdge, RevealLevel};
use serde_json::{Map, Value, json};

use super::columns::Columns;
use super::facet::{self, EVENT_SCHEMA, PRODUCER};
use super::strength::{Strength, paid, told};

/// What things are called in events.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// The namespace of this hub's jobs and datasets.
    pub(crate) namespace: String,
    /// Where the tables are, if that may be shown.
    pub(crate) storage: Option<String>,
}

impl Names {
    /// Returns the namespace of what the record knows in one of its own: datasets, sources, answers.
    pub(super) fn namespace_of(&self, own: &str) -> String {
        if own == FieldRef::DATASETS { self.namespace.clone() } else { format!("{}/{own}", self.namespace) }
    }
}

/// Makes events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Maker<'a> {
    pub(crate) names: &'a Names,
    pub(crate) catalog: &'a Catalog,
}

/// A dataset, a source or an answer: the namespace of the record, and the name.
type Thing = (String, String);

impl Maker<'_> {
    /// Makes all events of a run that there are so far: one when it is open, two when it is closed.
    pub(crate) fn all(&self, record: &RunRecord) -> Vec<Value> {
        std::iter::once(self.start(record)).chain(self.end(record)).collect()
    }

    /// Makes the event of a run that was opened.
    pub(crate) fn start(&self, record: &RunRecord) -> Value {
        event(
            "START",
            record.started,
            self.run(record, None),
            job(self.names, record),
            (Vec::new(), Vec::new()),
        )
    }

    /// Makes the event of a run that was closed; none while it is open.
    pub(crate) fn end(&self, record: &RunRecord) -> Option<Value> {
        let kind = match record.status {
            RunStatus::Open => return None,
            RunStatus::Closed(RunState::Complete) => "COMPLETE",
            RunStatus::Closed(RunState::Fail | RunState::Refused) => "FAIL",
            RunStatus::Abandoned => "ABORT",
        };
        let at = record.finished.unwrap_or(record.started);
        let code = record.error_code.as_deref();
        let run = self.run(record, (kind != "COMPLETE").then(|| code.unwrap_or("unknown")));
        Some(event(kind, at, run, job(self.names, record), (self.inputs(record), self.outputs(record))))
    }

    fn run(&self, record: &RunRecord, code: Option<&str>) -> Value {
        let mut facets = Map::new();
        facet::PROCESSING_ENGINE
            .put(&mut facets, json!({ "name": "membrane", "version": env!("CARGO_PKG_VERSION") }));
        if let Some(code) = code {
            // PRIVACY: the code and nothing else: a message is for who asked.
            facet::ERROR_MESSAGE.put(&mut facets, json!({ "message": code, "programmingLanguage": "RUST" }));
        }
        facet::RUN.put(
            &mut facets,
            json!({
                "action": record.action.as_str(),
                "purpose": record.purpose.as_ref().map(ToString::to_string),
                "principalKind": record.principal.kind().as_str(),
                "onBehalfOfKind": record.on_behalf_of.as_ref().map(|one| one.kind().as_str()),
                "door": record.channel.map(|channel| channel.as_str()),
            }),
        );
        json!({ "runId": record.run.to_string(), "facets": facets })
    }

    fn inputs(&self, record: &RunRecord) -> Vec<Value> {
        let mut things: BTreeSet<Thing> = record.edges.iter().map(|edge| thing(&edge.from)).collect();
        things.extend(record.inputs.iter().map(dataset));
        let is_one = things.len() == 1;
        let input = |thing: &Thing| {
            let mut facets = self.facets_of(thing, &record.inputs);
            let mut statistics = Map::new();
            if let (true, Some(rows)) = (is_one, record.rows_in) {
                facet::INPUT_STATISTICS.put(&mut statistics, json!({ "rowCount": rows }));
            }
            if thing.0 != FieldRef::DATASETS {
                let fields = record.edges.iter().filter(|edge| self::thing(&edge.from) == *thing);
                let fields: BTreeSet<&str> = fields.map(|edge| edge.from.field.as_str()).collect();
                put_names(&mut facets, &fields);
            }
            self.written(thing, facets, ("inputFacets", statistics))
        };
        things.iter().map(input).collect()
    }

    fn outputs(&self, record: &RunRecord) -> Vec<Value> {
        let mut edges: BTreeMap<Thing, Vec<&LineageEdge>> = BTreeMap::new();
        for edge in &record.edges {
            edges.entry(thing(&edge.to)).or_default().push(edge);
        }
        for written in &record.outputs {
            edges.entry(dataset(written)).or_default();
        }
        let output = |(thing, edges): (&Thing, &Vec<&LineageEdge>)| {
            let mut facets = self.facets_of(thing, &record.outputs);
            if !edges.is_empty() {
                let columns = Columns::of(edges);
                facet::COLUMN_LINEAGE.put(&mut facets, columns.facet(self.names));
                facet::LINEAGE.put(&mut facets, columns.new_facet(self.names));
                facet::STRENGTH.put(&mut facets, self.strength(record, edges));
            }
            let mut statistics = Map::new();
            if let Some(rows) = record.rows_out {
                let body = json!({ "rowCount": rows, "size": record.bytes_out });
                facet::OUTPUT_STATISTICS.put(&mut statistics, body);
            }
            if thing.0 == FieldRef::DATASETS {
                return self.written(thing, facets, ("outputFacets", statistics));
            }
            let fields: BTreeSet<&str> = edges.iter().map(|edge| edge.to.field.as_str()).collect();
            put_names(&mut facets, &fields);
            let answer = (thing.0.clone(), answer_name(record));
            facet::VERSION.put(&mut facets, json!({ "datasetVersion": thing.1 }));
            self.written(&answer, facets, ("outputFacets", statistics))
        };
        edges.iter().map(output).collect()
    }

    /// Writes how strongly each column of an output is protected against each that it came from.
    fn strength(&self, record: &RunRecord, edges: &[&LineageEdge]) -> Value {
        let mut fields: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut has_noise = false;
        for edge in edges {
            let strength = Strength::of_edge(edge, record.action, level_of(record, &edge.from), self.catalog);
            has_noise |= strength.by == "noise";
            if !seen.insert((&edge.to.field, &edge.from)) {
                continue;
            }
            let mut input = told(&strength);
            if let Some(input) = input.as_object_mut() {
                input.insert("namespace".to_owned(), self.names.namespace_of(&edge.from.namespace).into());
                input.insert("name".to_owned(), edge.from.name.clone().into());
                input.insert("field".to_owned(), edge.from.field.clone().into());
            }
            fields.entry(&edge.to.field).or_default().push(input);
        }
        json!({ "fields": fields, "noise": if has_noise { paid(record) } else { None } })
    }

    /// Makes the facets of a dataset that the catalog and the record know.
    fn facets_of(&self, (namespace, name): &Thing, versions: &[DatasetVersion]) -> Map<String, Value> {
        let mut facets = Map::new();
        if namespace != FieldRef::DATASETS {
            return facets;
        }
        let known = name.parse::<DatasetName>().ok().and_then(|name| self.catalog.dataset(&name).cloned());
        if let Some(known) = known {
            let fields: Vec<Value> = known
                .columns
                .iter()
                .map(
                    |column| json!({ "name": column.name.as_str(), "type": column.logical_type.to_string() }),
                )
                .collect();
            facet::SCHEMA.put(&mut facets, json!({ "fields": fields }));
        }
        if let Some(found) = versions.iter().find(|one| one.dataset.as_str() == name) {
            facet::VERSION.put(&mut facets, json!({ "datasetVersion": found.version.to_string() }));
        }
        facet::DATA_SOURCE
            .put(&mut facets, json!({ "name": self.names.namespace, "uri": self.names.storage }));
        facets
    }

    fn written(
        &self,
        (namespace, name): &Thing,
        facets: Map<String, Value>,
        (own, statistics): (&str, Map<String, Value>),
    ) -> Value {
        json!({
            "namespace": self.names.namespace_of(namespace),
            "name": name,
            "facets": facets,
            own: statistics,
        })
    }
}

fn event(
    kind: &str,
    at: DateTime<Utc>,
    run: Value,
    job: Value,
    (inputs, outputs): (Vec<Value>, Vec<Value>),
) -> Value {
    json!({
        "eventType": kind,
        "eventTime": at.to_rfc3339_opts(SecondsFormat::Micros, true),
        "producer": PRODUCER,
        "schemaURL": EVENT_SCHEMA,
        "run": run,
        "job": job,
        "inputs": inputs,
        "outputs": outputs,
    })
}

fn job(names: &Names, record: &RunRecord) -> Value {
    let mut facets = Map::new();
    let kind = if record.statement.is_some() { "QUERY" } else { "JOB" };
    facet::JOB_TYPE
        .put(&mut facets, json!({ "processingType": "BATCH", "integration": "MEMBRANE", "jobType": kind }));
    if let Some(statement) = &record.statement {
        // PRIVACY: the record has no literal, no comment and no odd alias of it.
        facet::SQL.put(&mut facets, json!({ "query": statement, "dialect": "datafusion" }));
    }
    json!({ "namespace": names.namespace, "name": record.job_name(), "facets": facets })
}

/// Names the answers of a job for a kind of principal: they are one dataset to others, its version is the run.
fn answer_name(record: &RunRecord) -> String {
    format!("{} for {}", record.job_name(), record.principal.kind().as_str())
}

fn thing(field: &FieldRef) -> Thing {
    (field.namespace.clone(), field.name.clone())
}

fn dataset(version: &DatasetVersion) -> Thing {
    (FieldRef::DATASETS.to_owned(), version.dataset.to_string())
}

/// Puts the names of fields whose types are not on record.
fn put_names(facets: &mut Map<String, Value>, fields: &BTreeSet<&str>) {
    let fields: Vec<Value> = fields.iter().map(|field| json!({ "name": field })).collect();
    facet::SCHEMA.put(facets, json!({ "fields": fields }));
}

/// Returns the level at which policy showed a column in a run: the highest, where it decided more than once.
fn level_of(record: &RunRecord, field: &FieldRef) -> Option<RevealLevel> {
    if field.namespace != FieldRef::DATASETS || record.action == Action::Ingest {
        return None;
    }
    let decided = record.decisions.iter().filter(|decision| {
        decision.allowed && decision.dataset.as_ref().is_some_and(|dataset| dataset.as_str() == field.name)
    });
    let columns = decided.flat_map(|decision| &decision.columns);
    columns.filter(|column| column.column.as_str() == field.field).filter_map(|column| column.level).max()
}
