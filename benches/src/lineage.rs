//! Lineage: how long a question of the graph takes, over 10,000 columns and 100,000 edges, and what lineage adds to the questions of TPC-H.

mod tpch;

use std::time::Instant;

use anyhow::{Context, Result};
use membrane::lineage::{Direction, Evidence, Graph, Limits, Node, Reach, Way};
use membrane_model::Transformation;
use tokio::runtime::Runtime;

use crate::table::{middle, print};

/// Columns and edges, when nobody says how many.
const COLUMNS: usize = 10_000;
const EDGES: usize = 100_000;
/// Columns of a dataset, and layers of datasets: edges lead from one layer to the next.
const WIDTH: usize = 20;
const LAYERS: usize = 10;
/// Questions of each kind.
const QUESTIONS: usize = 400;

/// Runs the bench and prints its table: of TPC-H when it is named, else of the graph.
pub(crate) fn bench(runtime: &Runtime, arguments: &[&str]) -> Result<()> {
    if let ["tpch", rest @ ..] = arguments {
        return tpch::bench(runtime, rest);
    }
    let number =
        |place: usize, default| arguments.get(place).map_or(Ok(default), |text| text.parse::<usize>());
    let (columns, edges) = (number(0, COLUMNS)?, number(1, EDGES)?);
    let since = Instant::now();
    let graph = graph(columns, edges)?;
    let built = since.elapsed().as_secs_f64() * 1e3;
    let (nodes, steps) = graph.size();
    print("");
    print(&format!("A graph of {nodes} columns and {steps} edges, built in {built:.0} ms."));
    print("");
    print("| question | depth | reached, median | ms, median | ms, longest |");
    print("| --- | ---: | ---: | ---: | ---: |");
    for (name, direction) in [("up", Direction::Up), ("down", Direction::Down)] {
        for depth_max in [1, 3, 5, 32] {
            let (mut reached, mut took) = (Vec::new(), Vec::new());
            for question in 0..QUESTIONS {
                let start = graph.place_of(&column(question * 7_919 % columns)?).context("a column")?;
                let since = Instant::now();
                let found = graph.walk(&[start], direction, Limits { depth_max, nodes_max: 10_000 });
                took.push(since.elapsed().as_secs_f64() * 1e3);
                reached.push(f64::from(u32::try_from(found.reached.len())?));
            }
            let longest = took.iter().copied().fold(0.0, f64::max);
            let (reached, took) = (middle(reached)?, middle(took)?);
            print(&format!("| {name} | {depth_max} | {reached:.0} | {took:.3} | {longest:.2} |"));
        }
    }
    Ok(())
}

fn column(place: usize) -> Result<Node> {
    let (dataset, column) = (format!("dataset_{}", place / WIDTH), format!("column_{}", place % WIDTH));
    Ok(Node::Column { dataset: dataset.parse()?, column: column.parse()? })
}

fn graph(columns: usize, edges: usize) -> Result<Graph> {
    let mut graph = Graph::default();
    let nodes: Vec<Node> = (0..columns).map(column).collect::<Result<_>>()?;
    let layer = (columns / LAYERS).max(1);
    let ways = [
        (Transformation::Identity, Reach::Clear),
        (Transformation::Transformation, Reach::Partial),
        (Transformation::Aggregation, Reach::Noise),
        (Transformation::Filter, Reach::Clear),
    ];
    // A generator that gives the same graph again: every question is one of the same graph in every run.
    let mut state = 1_u64;
    let mut next = |end: usize| -> Result<usize> {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(usize::try_from(state >> 33)? % end)
    };
    while graph.size().1 < edges {
        let from = next(columns - layer)?;
        let to = (from / layer + 1) * layer + next(layer)?;
        let (how, reach) = *ways.get(next(ways.len())?).context("a way")?;
        let (Some(from), Some(to)) = (nodes.get(from), nodes.get(to)) else { continue };
        graph.link(from.clone(), to.clone(), Way { how, reach }, Evidence { runs: 1, newest: None });
    }
    Ok(graph)
}
