//! A world with one column of each kind and an analyst for each mask.

use std::fs;
use std::path::Path;

use crate::world::{World, repository};

const GALLERY: &str = "\
seq,member_no,phone,card,email,name,born,joined,seen,points,amount,vip,area
1,M001,13800138001,4111-1111-1111-4444,prashant010696@gmail.com,欧阳修文,1990-05-17,2024-07-15,2024-07-15T13:45:30Z,37,12.34,true,wtw3sjq6
2,M002,12345,1234,ab@example.com,张伟,1930-01-01,2023-12-31,2023-12-31T23:59:59Z,-3,-0.01,false,wt
3,M003,,,,,,,,,,,
4,M001,13800138001,(555) 123-4567,josé@example.com,e\u{301}tienne 👨\u{200D}👩\u{200D}👧,1990-05-17,2024-07-15,2024-07-15T13:45:30Z,37,12.34,true,310104
";

/// Opens a hub with the gallery.
pub(crate) async fn world() -> World {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("masks");
    let policies = tempfile::tempdir().unwrap();
    for from in [
        here.join("policies/masks.cedar"),
        here.join("policies/principals.json"),
        here.join("policies/waivers.yaml"),
        repository().join("policies/membrane.cedarschema"),
    ] {
        fs::copy(&from, policies.path().join(from.file_name().unwrap())).unwrap();
    }
    let world = World::with(|config| {
        config.catalog.dir = here.join("catalog").display().to_string();
        config.policies.dir = policies.path().display().to_string();
    });
    let world = world.await;
    let path = world.write("gallery.csv", GALLERY);
    let done = world.ingest("gallery", &path).await.unwrap();
    assert_eq!(done.report.rows_quarantined, 0, "{:?}", done.report.reasons);
    world
}
