//! The entities that policies speak of: built once at load, from the catalog and `principals.json`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cedar_policy::{Entities, Entity, EntityUid, EvalResult, PartialEntities, Schema};
use membrane_catalog::{Catalog, Column, Dataset, Fault};
use membrane_model::{Action, ColumnName, DatasetName, PrincipalId, PrincipalKind, Protection, RevealLevel};
use serde_json::{Value, json};

use crate::folder::Source;
use crate::schema::{LOOK_UP, READ_ROW, ROW_NAMESPACE};

/// The id of the row that stands for any row of a dataset.
const ANY_ROW: &str = "any";
/// The id of the one hub.
const HUB: &str = "hub";

/// Everything that can be asked about, under its Cedar name.
#[derive(Debug)]
pub(crate) struct World {
    /// Fully known: principals, groups, hub, datasets, columns, classes, actions.
    pub(crate) entities: Entities,
    /// The same, and one row per dataset whose attributes are not known.
    pub(crate) partial: PartialEntities,
    pub(crate) principals: BTreeMap<PrincipalId, EntityUid>,
    pub(crate) datasets: HashMap<DatasetName, DatasetUids>,
    pub(crate) hub: EntityUid,
    pub(crate) actions: HashMap<&'static str, EntityUid>,
}

/// The Cedar names of one dataset, its columns and any row of it.
#[derive(Debug)]
pub(crate) struct DatasetUids {
    pub(crate) dataset: EntityUid,
    pub(crate) columns: HashMap<ColumnName, EntityUid>,
    pub(crate) row: EntityUid,
}

impl World {
    /// Returns the names of the groups.
    pub(crate) fn groups(&self) -> impl Iterator<Item = String> + '_ {
        let groups =
            self.entities.iter().map(Entity::uid).filter(|uid| uid.type_name().basename() == "Group");
        groups.map(|group| AsRef::<str>::as_ref(group.id()).to_owned())
    }

    /// Returns the sets that principals of a kind have, by name, each with one of its elements, if anybody has one; nothing
    /// when there is nobody of the kind.
    pub(crate) fn sets_of(&self, kind: PrincipalKind) -> Option<BTreeMap<String, Option<EvalResult>>> {
        let of_kind = self.principals.iter().filter(|(id, _)| id.kind() == kind);
        let mut of_kind = of_kind.filter_map(|(_, uid)| self.entities.get(uid)).peekable();
        of_kind.peek()?;
        let mut sets: BTreeMap<String, Option<EvalResult>> = BTreeMap::new();
        for (name, value) in of_kind.flat_map(Entity::attrs) {
            if let Ok(EvalResult::Set(set)) = value {
                let element = sets.entry(name.to_owned()).or_default();
                *element = element.take().or_else(|| set.iter().next().cloned());
            }
        }
        Some(sets)
    }
}

/// Builds the world. What is wrong with `principals.json` is a fault with its line; catalog entities
/// that the fixed schema does not allow are faults of the schema.
pub(crate) fn build(
    schema: &Schema,
    fixed: &Source,
    catalog: &Catalog,
    people: &Source,
    faults: &mut Vec<Fault>,
) -> Option<World> {
    let before = faults.len();
    let (mut entities, principals) = read_people(schema, people, faults);
    for value in catalog_entities(catalog) {
        match Entity::from_json_value(value, Some(schema)) {
            Ok(entity) => entities.push(entity),
            Err(error) => faults.push(fixed.fault(0, format!("for the catalog: {}", chain(&error)))),
        }
    }
    if faults.len() > before {
        return None;
    }
    let built = Entities::from_entities(entities, Some(schema)).map_err(|error| chain(&error));
    let built = built.and_then(|entities| {
        let partial = partial_entities(&entities, catalog, schema)?;
        let datasets = catalog.datasets().map(|dataset| Ok((dataset.name.clone(), dataset_uids(dataset)?)));
        let datasets = datasets.collect::<Result<_, String>>()?;
        Ok(World { entities, partial, principals, datasets, hub: uid("Hub", HUB)?, actions: action_uids()? })
    });
    built.map_err(|message| faults.push(people.fault(0, message))).ok()
}

fn uid(entity_type: &str, id: &str) -> Result<EntityUid, String> {
    let id = cedar_policy::EntityId::new(id);
    let entity_type = entity_type.parse().map_err(|_| format!("`{entity_type}` cannot be a Cedar type"))?;
    Ok(EntityUid::from_type_name_and_id(entity_type, id))
}

fn action_uids() -> Result<HashMap<&'static str, EntityUid>, String> {
    let levels = RevealLevel::HIGHEST_FIRST.into_iter().map(RevealLevel::cedar_action);
    let acts = Action::ALL.into_iter().map(Action::as_str);
    levels.chain(acts).chain([READ_ROW, LOOK_UP]).map(|action| Ok((action, uid("Action", action)?))).collect()
}

fn column_id(dataset: &Dataset, column: &Column) -> String {
    format!("{}.{}", dataset.name, column.name)
}

fn dataset_uids(dataset: &Dataset) -> Result<DatasetUids, String> {
    let columns = dataset
        .columns
        .iter()
        .map(|column| Ok((column.name.clone(), uid("Column", &column_id(dataset, column))?)))
        .collect::<Result<_, String>>()?;
    Ok(DatasetUids {
        dataset: uid("Dataset", dataset.name.as_str())?,
        columns,
        row: uid(&format!("{ROW_NAMESPACE}::{}", dataset.name), ANY_ROW)?,
    })
}

fn reference(entity_type: &str, id: &str) -> Value {
    json!({ "type": entity_type, "id": id })
}

fn catalog_entities(catalog: &Catalog) -> Vec<Value> {
    let mut found = vec![json!({ "uid": reference("Hub", HUB), "attrs": {}, "parents": [] })];
    let classes: BTreeSet<_> =
        catalog.classes().flat_map(|class| class.ancestry().collect::<Vec<_>>()).collect();
    for class in classes {
        let wider = class.ancestry().nth(1);
        let parents: Vec<Value> = wider.iter().map(|wider| reference("Class", wider.as_str())).collect();
        found.push(json!({ "uid": reference("Class", class.as_str()), "attrs": {}, "parents": parents }));
    }
    for dataset in catalog.datasets() {
        found.push(json!({
            "uid": reference("Dataset", dataset.name.as_str()),
            "attrs": { "private": dataset.is_private() },
            "parents": [reference("Hub", HUB)],
        }));
        found.extend(dataset.columns.iter().map(|column| {
            json!({
                "uid": reference("Column", &column_id(dataset, column)),
                "attrs": { "name": column.name.as_str(), "protection": protection(column.protection) },
                "parents": [
                    reference("Class", column.class.as_str()),
                    reference("Dataset", dataset.name.as_str()),
                ],
            })
        }));
    }
    found
}

// The word without its parameters, so that a policy can compare it.
const fn protection(protection: Protection) -> &'static str {
    match protection {
        Protection::Clear => "clear",
        Protection::Token => "token",
        Protection::Sealed => "sealed",
        Protection::SealedToken => "sealed+token",
        Protection::Generalise(_) => "generalise",
        Protection::Drop => "drop",
    }
}

// In Cedar's JSON for partial entities a field that is absent is a field that is not known.
fn partial_entities(
    entities: &Entities,
    catalog: &Catalog,
    schema: &Schema,
) -> Result<PartialEntities, String> {
    let mut known = Vec::new();
    for entity in entities.iter() {
        if entity.uid().type_name().basename() == "Action" {
            continue;
        }
        let mut value = entity.to_json_value().map_err(|error| chain(&error))?;
        if let Some(fields) = value.as_object_mut() {
            fields.entry("tags").or_insert_with(|| json!({}));
        }
        known.push(value);
    }
    known.extend(catalog.datasets().map(|dataset| {
        json!({
            "uid": reference(&format!("{ROW_NAMESPACE}::{}", dataset.name), ANY_ROW),
            "parents": [reference("Dataset", dataset.name.as_str())],
            "tags": {},
        })
    }));
    PartialEntities::from_json_value(Value::Array(known), schema).map_err(|error| chain(&error))
}

fn read_people(
    schema: &Schema,
    source: &Source,
    faults: &mut Vec<Fault>,
) -> (Vec<Entity>, BTreeMap<PrincipalId, EntityUid>) {
    let mut entities: Vec<(usize, Entity)> = Vec::new();
    let mut principals = BTreeMap::new();
    for (offset, value) in elements(source, faults) {
        let entity = match Entity::from_json_value(value, Some(schema)) {
            Ok(entity) => entity,
            Err(error) => {
                faults.push(source.fault(offset, chain(&error)));
                continue;
            }
        };
        if entities.iter().any(|(_, other)| other.uid() == entity.uid()) {
            faults.push(source.fault(offset, format!("`{}` is here twice", entity.uid())));
            continue;
        }
        match principal_id(&entity.uid()) {
            Ok(Some(id)) => {
                principals.insert(id, entity.uid());
            }
            Ok(None) => {}
            Err(message) => faults.push(source.fault(offset, message)),
        }
        entities.push((offset, entity));
    }
    let known: BTreeSet<EntityUid> = entities.iter().map(|(_, entity)| entity.uid()).collect();
    for (offset, entity) in &entities {
        let (uid, _, parents) = entity.clone().into_inner();
        let missing = parents.iter().filter(|parent| !known.contains(parent));
        faults
            .extend(missing.map(|parent| {
                source.fault(*offset, format!("`{uid}`: there is no `{parent}` in this file"))
            }));
    }
    (entities.into_iter().map(|(_, entity)| entity).collect(), principals)
}

fn principal_id(uid: &EntityUid) -> Result<Option<PrincipalId>, String> {
    let entity_type = uid.type_name().to_string();
    if entity_type == "Group" {
        return Ok(None);
    }
    let kind = PrincipalKind::ALL.into_iter().find(|kind| kind.cedar_type() == entity_type);
    let kind = kind.ok_or_else(|| format!("`{uid}`: only principals and groups stand in this file"))?;
    let id: &str = uid.id().as_ref();
    let id = format!("{}:{id}", kind.as_str()).parse();
    id.map(Some).map_err(|error| format!("`{uid}`: {error}"))
}

/// The elements of the JSON array, each with its byte offset.
fn elements(source: &Source, faults: &mut Vec<Fault>) -> Vec<(usize, Value)> {
    let count = match serde_json::from_str::<Vec<Value>>(&source.text) {
        Ok(values) => values.len(),
        Err(error) => {
            let message = format!("not a JSON array of Cedar entities: {error}");
            let file = source.path.clone();
            faults.push(Fault { file, line: error.line().max(1), column: error.column().max(1), message });
            return Vec::new();
        }
    };
    let mut found = Vec::with_capacity(count);
    let mut rest = source.text.trim_start().strip_prefix('[').unwrap_or_default();
    while found.len() < count {
        rest = rest.trim_start().trim_start_matches(',').trim_start();
        let offset = source.text.len() - rest.len();
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let Some(Ok(value)) = stream.next() else { break };
        rest = rest.get(stream.byte_offset()..).unwrap_or_default();
        found.push((offset, value));
    }
    found
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
