//! Tests: which objects a tree takes.

use super::*;
use crate::testing::entries;

fn paths(old: usize, new: usize) -> Vec<String> {
    let (edge, _) = RightEdge::default().grow(&entries(0..old)).unwrap();
    let (grown, objects) = edge.grow(&entries(old..new)).unwrap();
    let (whole, _) = RightEdge::default().grow(&entries(0..new)).unwrap();
    assert_eq!(grown.edge(), whole.edge());
    objects.iter().map(|object| object.tile.path()).collect()
}

#[test]
fn bundles_first_then_tiles_upwards() {
    assert_eq!(paths(0, 1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
    assert_eq!(paths(250, 256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(paths(256, 257), ["tile/entries/001.p/1", "tile/0/001.p/1"]);
    assert_eq!(
        paths(255, 515),
        [
            "tile/entries/000",
            "tile/entries/001",
            "tile/entries/002.p/3",
            "tile/0/000",
            "tile/0/001",
            "tile/0/002.p/3",
            "tile/1/000.p/2",
        ]
    );
    assert_eq!(paths(65_535, 65_536), ["tile/entries/255", "tile/0/255", "tile/1/000", "tile/2/000.p/1"]);
}

#[test]
fn nothing_for_nothing() {
    assert_eq!(paths(300, 300), Vec::<String>::new());
}
