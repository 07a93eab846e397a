//! Walks over small graphs that can be looked at.

use membrane_model::{RunId, Transformation};

use super::*;

fn column(name: &str) -> Node {
    let (dataset, column) = name.split_once('.').expect("a dot");
    Node::Column { dataset: dataset.parse().expect("dataset"), column: column.parse().expect("column") }
}

fn graph(steps: &[(&str, &str, Transformation, Reach)]) -> Graph {
    let mut graph = Graph::default();
    for (from, to, how, reach) in steps {
        let evidence = Evidence { runs: 1, newest: Some(RunId::new(chrono::DateTime::UNIX_EPOCH)) };
        graph.link(column(from), column(to), Way { how: *how, reach: *reach }, evidence);
    }
    graph
}

fn check(graph: &Graph, of: &str, direction: Direction, depth_max: u32, expected: &[&str]) {
    let start = graph.place_of(&column(of)).expect("start");
    let found = graph.walk(&[start], direction, Limits { depth_max, nodes_max: 100 });
    let told: Vec<String> = found
        .reached
        .iter()
        .map(|one| {
            let Node::Column { dataset, column } = &one.node else { panic!("a column") };
            let reach = |reach: Option<Reach>| reach.map_or("-", Reach::as_str);
            format!(
                "{} {dataset}.{column} {} {}/{}",
                one.distance,
                one.how.as_str(),
                reach(one.value),
                reach(one.influence)
            )
        })
        .collect();
    assert_eq!(told, expected);
}

use Transformation::{Aggregation, Filter, Identity, Transformation as Made};

#[test]
fn what_comes_through_is_what_the_strongest_step_of_the_weakest_way_lets_through() {
    let graph = graph(&[
        ("csv.phone", "crm.phone", Made, Reach::Sealed),
        ("crm.phone", "a.phone", Identity, Reach::Partial),
        ("crm.phone", "b.n", Aggregation, Reach::Noise),
        ("a.phone", "c.phone", Identity, Reach::Clear),
        ("crm.phone", "c.phone", Identity, Reach::Token),
        ("crm.phone", "d.n", Filter, Reach::Clear),
    ]);
    let expected = [
        "1 crm.phone TRANSFORMATION sealed/-",
        "2 a.phone TRANSFORMATION partial/-",
        "2 b.n AGGREGATION noise/-",
        "2 c.phone TRANSFORMATION partial/-",
        "2 d.n FILTER -/clear",
    ];
    check(&graph, "csv.phone", Direction::Down, 9, &expected);
    check(&graph, "csv.phone", Direction::Down, 1, &expected[..1]);
    let expected = [
        "1 a.phone IDENTITY clear/-",
        "1 crm.phone IDENTITY partial/-",
        "2 csv.phone TRANSFORMATION partial/-",
    ];
    check(&graph, "c.phone", Direction::Up, 9, &expected);
}

#[test]
fn circles_end_and_a_start_is_not_reached() {
    let graph = graph(&[
        ("a.x", "b.x", Identity, Reach::Clear),
        ("b.x", "a.x", Identity, Reach::Clear),
        ("b.x", "c.x", Filter, Reach::Clear),
        ("c.x", "b.x", Identity, Reach::Clear),
    ]);
    let expected = ["1 b.x IDENTITY clear/clear", "2 c.x FILTER -/clear"];
    check(&graph, "a.x", Direction::Down, 32, &expected);
}

#[test]
fn no_more_nodes_are_reached_than_were_asked_for() {
    let steps: Vec<(String, String)> =
        (0..50).map(|index| ("a.x".to_owned(), format!("b.x{index}"))).collect();
    let steps: Vec<_> =
        steps.iter().map(|(from, to)| (from.as_str(), to.as_str(), Identity, Reach::Clear)).collect();
    let graph = graph(&steps);
    let start = graph.place_of(&column("a.x")).expect("start");
    let walk = |nodes_max| graph.walk(&[start], Direction::Down, Limits { depth_max: 2, nodes_max });
    assert_eq!((walk(10).reached.len(), walk(10).is_cut), (10, true));
    assert_eq!((walk(50).reached.len(), walk(50).is_cut), (50, false));
}

#[test]
fn evidence_of_a_step_adds_up() {
    let steps = [("a.x", "b.x", Identity, Reach::Clear)];
    let mut graph = graph(&[steps[0], steps[0]]);
    let newest = RunId::new(chrono::DateTime::from_timestamp(9, 0).expect("moment"));
    let evidence = Evidence { runs: 5, newest: Some(newest) };
    graph.link(column("a.x"), column("b.x"), Way { how: Identity, reach: Reach::Clear }, evidence);
    assert_eq!(graph.size(), (2, 1));
    let found = graph.walk(&[0], Direction::Down, Limits { depth_max: 1, nodes_max: 9 });
    assert_eq!(found.reached[0].evidence, Evidence { runs: 7, newest: Some(newest) });
}
