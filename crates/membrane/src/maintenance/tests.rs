//! In whose name the files of a dataset are kept in order.

use std::path::Path;

use super::*;
use crate::testing::world;

#[tokio::test]
async fn whoever_brings_rows_in_keeps_their_files_in_order() {
    let world = world(|config| {
        let catalog = tempfile::tempdir().expect("folder").keep();
        copy(Path::new(&config.catalog.dir), &catalog);
        std::fs::create_dir_all(catalog.join("sources")).expect("folder");
        let source =
            "description: d\ndataset: dim_stores\nprincipal: service:tills\nkind: files\nfolder: inbox\n";
        std::fs::write(catalog.join("sources/tills.yaml"), source).expect("source");
        config.catalog.dir = catalog.display().to_string();
    })
    .await;
    let keeper =
        |name: &str| keeper_of(&world.hub, &name.parse().expect("name")).map(|keeper| keeper.to_string());
    assert_eq!(keeper("dim_stores").as_deref(), Some("service:tills"));
    assert_eq!(keeper("dim_products").as_deref(), Some("service:ingestor"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("file");
        }
    }
}
