//! Tests: known roots, and the tree computed the slow way.

use crate::testing::{entries, naive_root};
use crate::{EMPTY_ROOT, Edge, Hash};

/// The roots that the tests of Google's Certificate Transparency have for these entries.
#[test]
fn known_roots() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut edge = Edge::default();
    assert_eq!(edge.root(), EMPTY_ROOT);
    for (leaf, root) in leaves.iter().zip(roots) {
        edge.append(Hash::of_entry(leaf));
        let hex: String = edge.root().0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, root);
    }
}

#[test]
fn root_is_that_of_the_rfc() {
    let all = entries(0..70);
    let mut edge = Edge::default();
    for (size, entry) in (1..).zip(&all) {
        edge.append(Hash::of_entry(entry));
        assert_eq!(edge.root(), naive_root(&all[..size]));
        let same = Edge::from_roots(edge.size(), edge.roots().to_vec());
        assert_eq!(same, Some(edge.clone()));
    }
}

#[test]
fn roots_have_to_fit_the_size() {
    assert_eq!(Edge::from_roots(3, vec![EMPTY_ROOT]), None);
    assert_eq!(Edge::from_roots(4, vec![EMPTY_ROOT; 2]), None);
    assert_eq!(Edge::from_roots(0, Vec::new()), Some(Edge::default()));
}
