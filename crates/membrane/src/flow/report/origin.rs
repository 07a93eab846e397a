//! Where data came from: sources of the catalog, deliveries on record, and what the lineage of all runs says.

use std::collections::BTreeSet;

use membrane_model::{DatasetName, RunId};
use membrane_report::{ColumnKind, Section};

use super::Asked;
use super::parts::{
    CODE, MOMENT, NUMBER, Rows, TEXT, ask, count_or, listed, maybe, moment_or, section, text,
};
use super::processing::meant;
use crate::error::Error;
use crate::flow::standing::standing_lineage;
use crate::lineage::{Direction, Limits, Node};

/// Steps and nodes of one walk to where a dataset came from.
const WALK: Limits = Limits { depth_max: 32, nodes_max: 10_000 };

/// The columns of the table of where data came from.
const SOURCES: [(&str, &str, ColumnKind); 8] = [
    ("dataset", "Dataset", CODE),
    ("sources", "Sources of the catalog", TEXT),
    ("deliveries", "Deliveries on record", TEXT),
    ("from", "Made of, or checked against", CODE),
    ("first", "First delivery", MOMENT),
    ("last", "Last delivery", MOMENT),
    ("run", "Newest run that shows it", CODE),
    ("leaf", "Leaf", NUMBER),
];

/// Where a dataset came from, by the lineage on record.
#[derive(Default)]
struct Came {
    deliveries: BTreeSet<String>,
    datasets: BTreeSet<DatasetName>,
    tags: BTreeSet<String>,
    newest: Option<RunId>,
}

/// Says of each dataset that is meant what it was made of, as the graph of all runs has it.
pub(super) async fn sources(asked: &Asked<'_>) -> Result<Section, Error> {
    let (hub, mut section) = (asked.hub, section("sources", "Where the data came from")?);
    let names: Vec<DatasetName> = meant(asked).map(|dataset| dataset.name.clone()).collect();
    let came = hub
        .lineage()
        .ask(hub.ledger(), hub.catalog(), standing_lineage(hub), |graph, _| {
            let of = |name: &DatasetName| {
                let is_own = |node: &Node| matches!(node, Node::Column { dataset, .. } if dataset == name);
                let starts: Vec<usize> = graph.places_where(is_own).collect();
                let mut came = Came::default();
                for reached in graph.walk(&starts, Direction::Up, WALK).reached {
                    came.newest = came.newest.max(reached.evidence.newest);
                    match reached.node {
                        Node::Delivered { name, .. } => {
                            came.deliveries.insert(name);
                        }
                        Node::Column { dataset, .. } => {
                            came.datasets.insert(dataset);
                        }
                        Node::Tag { name } => {
                            came.tags.insert(name);
                        }
                        Node::Answer { .. } | Node::Standing { .. } => {}
                    }
                }
                came
            };
            names.iter().map(of).collect::<Vec<Came>>()
        })
        .await
        .map_err(Error::Ledger)?;
    let delivered = hub.ledger().delivered().await.map_err(Error::Ledger)?;
    let mut rows = Rows::new("sources_all", &SOURCES)?;
    for (name, came) in names.iter().zip(came) {
        let of_catalog = hub.catalog().sources().filter(|source| source.dataset == *name);
        let of_catalog = of_catalog.map(|source| format!("{} ({})", source.name, source.reads.kind()));
        let leaf = match &came.newest {
            Some(run) => hub.ledger().leaf_of(run).await.map_err(Error::Ledger)?,
            None => None,
        };
        let made_of = came.datasets.iter().map(ToString::to_string);
        rows.push(vec![
            text(name),
            text(listed(of_catalog)),
            text(listed(&came.deliveries)),
            text(listed(made_of.chain(came.tags.iter().map(|tag| format!("tag {tag}"))))),
            moment_or(delivered.get(name).map(|known| known.first)),
            moment_or(delivered.get(name).map(|known| known.last)),
            maybe(came.newest),
            count_or(leaf),
        ])?;
    }
    rows.put(&mut section, "`membrane lineage up DATASET.COLUMN` shows each step");
    ask(
        &mut section,
        &[(
            "sources_outside",
            "Where the data came from before it was delivered: collected from whom, how, with which notice",
            3,
        )],
    )?;
    Ok(section)
}
