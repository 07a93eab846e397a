//! What all facets have in common.

use serde_json::{Map, Value};

/// Who makes the events: this program, in its version.
pub(super) const PRODUCER: &str = concat!("urn:membrane:hub:", env!("CARGO_PKG_VERSION"));

/// The schema of the events.
pub(super) const EVENT_SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

/// A kind of facet: the name under which it stands, and the schema that it keeps to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facet {
    pub(super) name: &'static str,
    pub(super) schema: &'static str,
}

macro_rules! standard {
    ($name:literal, $version:literal, $schema:literal) => {
        standard!($name, $version, $schema, $schema)
    };
    ($name:literal, $version:literal, $file:literal, $schema:literal) => {
        Facet {
            name: $name,
            schema: concat!(
                "https://openlineage.io/spec/facets/",
                $version,
                "/",
                $file,
                ".json#/$defs/",
                $schema
            ),
        }
    };
}

pub(super) const PROCESSING_ENGINE: Facet =
    standard!("processing_engine", "1-1-1", "ProcessingEngineRunFacet");
pub(super) const ERROR_MESSAGE: Facet = standard!("errorMessage", "1-0-1", "ErrorMessageRunFacet");
pub(super) const JOB_TYPE: Facet = standard!("jobType", "2-0-4", "JobTypeJobFacet");
pub(super) const SQL: Facet = standard!("sql", "1-1-0", "SQLJobFacet");
pub(super) const SCHEMA: Facet = standard!("schema", "1-2-0", "SchemaDatasetFacet");
pub(super) const VERSION: Facet = standard!("version", "1-0-1", "DatasetVersionDatasetFacet");
pub(super) const DATA_SOURCE: Facet = standard!("dataSource", "1-0-1", "DatasourceDatasetFacet");
pub(super) const INPUT_STATISTICS: Facet =
    standard!("inputStatistics", "1-0-0", "InputStatisticsInputDatasetFacet");
pub(super) const OUTPUT_STATISTICS: Facet =
    standard!("outputStatistics", "1-0-2", "OutputStatisticsOutputDatasetFacet");
pub(super) const COLUMN_LINEAGE: Facet = standard!("columnLineage", "1-2-0", "ColumnLineageDatasetFacet");
/// Experimental: it is to take the place of `columnLineage`, which stands beside it.
pub(super) const LINEAGE: Facet = standard!("lineage", "1-0-0", "LineageFacet", "LineageDatasetFacet");
/// Our own: docs/openlineage/MembraneRunFacet.json.
pub(super) const RUN: Facet =
    Facet { name: "membrane_run", schema: "urn:membrane:openlineage:MembraneRunFacet:1-0-0" };
/// Our own: docs/openlineage/MembraneStrengthDatasetFacet.json.
pub(super) const STRENGTH: Facet = Facet {
    name: "membrane_strength",
    schema: "urn:membrane:openlineage:MembraneStrengthDatasetFacet:1-0-0",
};

impl Facet {
    /// Puts a facet among others. What is null in it is left out.
    pub(super) fn put(self, facets: &mut Map<String, Value>, body: Value) {
        let mut facet = match body {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        facet.retain(|_, value| !value.is_null());
        facet.insert("_producer".to_owned(), PRODUCER.into());
        facet.insert("_schemaURL".to_owned(), self.schema.into());
        facets.insert(self.name.to_owned(), Value::Object(facet));
    }
}
