//! Tests: the paths and the example of c2sp.org/tlog-tiles.

use super::*;
use crate::hash::hashes_to_bytes;
use crate::memory::Memory;
use crate::testing::run;

fn check(kind: Kind, index: u64, width: u16, path: &str) {
    let tile = Tile { kind, index, width };
    assert_eq!(tile.path(), path);
    assert_eq!(Tile::parse(path), Some(tile));
}

#[test]
fn paths() {
    check(Kind::Hashes(0), 0, 256, "tile/0/000");
    check(Kind::Hashes(3), 1_234_067, 256, "tile/3/x001/x234/067");
    check(Kind::Hashes(0), 1067, 5, "tile/0/x001/067.p/5");
    check(Kind::Entries, 999, 255, "tile/entries/999.p/255");
    check(Kind::Entries, 1000, 256, "tile/entries/x001/000");
}

#[test]
fn no_paths() {
    for path in [
        "checkpoint",
        "tile/0",
        "tile/0/0",
        "tile/0/1067",
        "tile/0/x000/067",
        "tile/00/067",
        "tile/0/067.p/256",
        "tile/0/067.p/05",
        "tile/0/067.p/",
        "tile/8/0/067",
        "tile/data/067",
        "tile/0/../../pending",
        "pending",
        "tile/0/001/067",
        "tile/0/x18446744073709551615/000",
    ] {
        assert_eq!(Tile::parse(path), None, "{path}");
        assert_eq!(is_published(path), path == "checkpoint", "{path}");
    }
}

/// "A tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of width
/// 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width 1."
#[test]
fn example_of_the_specification() {
    let shape = |size: u64| -> Vec<(u64, u16)> {
        levels_of(size)
            .map(Kind::Hashes)
            .map(|kind| (kind.full_tiles(size), kind.partial_width(size)))
            .collect()
    };
    assert_eq!(shape(70_000), [(273, 112), (1, 17), (0, 1)]);
    assert_eq!(shape(256), [(1, 0), (0, 1)]);
    assert_eq!(shape(0), []);
    assert_eq!(Tile::in_tree(Kind::Hashes(0), 1, 256), None);
}

#[test]
fn pruned_partial_tile_is_read_from_the_full_one() {
    run(async {
        let hashes: Vec<Hash> = (0..=255).map(|i| Hash([i; 32])).collect();
        let objects = Memory::default();
        let full = Tile::full(Kind::Hashes(0), 7);
        objects.put(&full.path(), hashes_to_bytes(&hashes)).await.unwrap();
        let read = read_tile(&objects, Tile { width: 9, ..full }).await.unwrap();
        assert_eq!(read, hashes[..9]);
        let missing = read_tile(&objects, Tile { index: 8, ..full }).await;
        assert!(matches!(missing, Err(LogError::Missing { path }) if path == "tile/0/008"));
    });
}
