//! Keeps the graph of a process up to date: with the leaves of the log that were added since it was asked last.

use std::future::Future;

use membrane_catalog::{Catalog, Column, Dataset};
use membrane_ledger::{Ledger, LedgerError};
use membrane_model::{LineageEdge, PrincipalId, ReleaseName, Transformation};
use tokio::sync::Mutex;

use super::graph::{Evidence, Graph, Node, Way};
use super::reach::Reach;

/// Leaves whose edges are read at once.
const LEAVES: u64 = 20_000;

/// A standing release, and what its statement will read.
#[derive(Debug, Clone)]
pub(crate) struct StandingKnown {
    pub(crate) name: ReleaseName,
    pub(crate) partner: PrincipalId,
    /// Its statement as the record has it; none when it cannot be read.
    pub(crate) statement: Option<String>,
    /// Where the columns of its answer will come from.
    pub(crate) edges: Vec<LineageEdge>,
}

/// The graph of a process.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Option<State>>);

#[derive(Debug)]
struct State {
    /// The catalog by which it was made.
    catalog: String,
    /// The first leaf that is not in it.
    leaf: u64,
    graph: Graph,
    standing: Vec<StandingKnown>,
}

impl Known {
    /// Asks the graph, with all that the ledger has by now.
    pub(crate) async fn ask<T, F>(
        &self,
        ledger: &Ledger,
        catalog: &Catalog,
        standing: F,
        ask: impl FnOnce(&Graph, &[StandingKnown]) -> T,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Vec<StandingKnown>>,
    {
        let mut kept = self.0.lock().await;
        let mut state = match kept.take() {
            Some(state) if state.catalog == catalog.content_hash() => state,
            // What is protected how, and what will be read, is another thing by another catalog.
            _ => State::new(catalog, standing.await),
        };
        // What is left out by a failure is read again by the next.
        let result = state.read_on(ledger, catalog).await;
        let state = kept.insert(state);
        result.map(|()| ask(&state.graph, &state.standing))
    }
}

impl State {
    fn new(catalog: &Catalog, standing: Vec<StandingKnown>) -> Self {
        let mut graph = Graph::default();
        for dataset in catalog.datasets() {
            dataset.columns.iter().for_each(|column| add_contract(&mut graph, dataset, column));
        }
        for release in &standing {
            add_standing(&mut graph, release);
        }
        Self { catalog: catalog.content_hash().to_owned(), leaf: 0, graph, standing }
    }

    async fn read_on(&mut self, ledger: &Ledger, catalog: &Catalog) -> Result<(), LedgerError> {
        let size = ledger.log_head().await?.size;
        while self.leaf < size {
            let before = self.leaf.saturating_add(LEAVES).min(size);
            for found in ledger.grouped_edges(self.leaf, before).await? {
                self.graph.add(&found, catalog);
            }
            self.leaf = before;
        }
        Ok(())
    }
}

/// Adds what a contract says of columns that hang together.
fn add_contract(graph: &mut Graph, dataset: &Dataset, column: &Column) {
    let to = Node::Column { dataset: dataset.name.clone(), column: column.name.clone() };
    let made_of = column.from.as_ref().and_then(|from| dataset.column(&from.column));
    if let Some(made_of) = made_of {
        let from = Node::Column { dataset: dataset.name.clone(), column: made_of.name.clone() };
        let way = Way { how: Transformation::Transformation, reach: Reach::of_protection(column.protection) };
        graph.link(from, to.clone(), way, Evidence::default());
    }
    if let Some(reference) = &column.rules.reference {
        // Whose value is not there is set aside, or counted: the other decides which rows there are.
        let from = Node::Column { dataset: reference.dataset.clone(), column: reference.column.clone() };
        graph.link(from, to, Way { how: Transformation::Filter, reach: Reach::Clear }, Evidence::default());
    }
}

fn add_standing(graph: &mut Graph, release: &StandingKnown) {
    for edge in &release.edges {
        let (Ok(dataset), Ok(column)) = (edge.from.name.parse(), edge.from.field.parse()) else { continue };
        let to = Node::Standing {
            name: release.name.clone(),
            partner: release.partner.clone(),
            field: edge.to.field.clone(),
        };
        let reach = if edge.masking { Reach::Noise } else { Reach::Clear };
        let way = Way { how: edge.transformation, reach };
        graph.link(Node::Column { dataset, column }, to, way, Evidence::default());
    }
}
