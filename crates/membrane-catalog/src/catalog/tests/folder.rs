//! Files: absent, unreadable, of the wrong name, too large; and the version of the catalog.

use super::*;

#[test]
fn a_valid_catalog_answers() {
    let catalog = load(ORDERS);
    let name = "orders".parse().unwrap();
    assert_eq!(catalog.dataset(&name).unwrap().name, name);
    assert!(catalog.dataset(&"order".parse().unwrap()).is_none());
    assert_eq!(catalog.datasets().count(), 1);
    assert!(catalog.has_purpose(&"customer_service".parse().unwrap()));
    assert!(!catalog.has_purpose(&"resale".parse().unwrap()));
    let purposes: Vec<_> = catalog.purposes().map(|entry| entry.name.to_string()).collect();
    assert_eq!(purposes, ["customer_service", "marketing_analysis"]);
    let classes: Vec<_> = catalog.classes().map(ToString::to_string).collect();
    assert_eq!(classes, ["business", "pii", "pii.identifier", "pii.phone"]);
}

#[test]
fn datasets_are_sorted() {
    let second = ORDERS.replace("name: orders", "name: app_events").replace("0e6f1f5c", "1");
    let dir = write_contracts(&[("orders.yaml", ORDERS), ("app_events.yaml", &second)]);
    let catalog = Catalog::load(dir.path()).unwrap();
    let names: Vec<_> = catalog.datasets().map(|dataset| dataset.name.to_string()).collect();
    assert_eq!(names, ["app_events", "orders"]);
}

#[test]
fn no_folder_is_an_error_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let error = Catalog::load(&dir.path().join("none")).unwrap_err();
    assert!(matches!(error, CatalogError::Read { .. }));
    assert!(error.to_string().contains("--catalog DIR"), "{error}");
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(Catalog::load(&file).unwrap_err(), CatalogError::Read { .. }));
}

#[test]
fn each_missing_part_is_named() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        faults(dir.path()),
        [
            "classes.yaml:1:1: cannot be read: entity not found",
            "contracts:1:1: the folder of contracts, `DATASET.yaml`, cannot be read: entity not found",
            "purposes.yaml:1:1: cannot be read: entity not found",
        ]
    );
    let dir = write_contracts(&[]);
    assert_eq!(
        faults(dir.path()),
        ["contracts:1:1: no contract here: write one `DATASET.yaml` for each dataset"]
    );
}

#[test]
fn what_would_be_passed_over_in_silence_is_a_fault() {
    let dir = write_contracts(&[
        ("orders.yaml", ORDERS),
        ("more.yml", ORDERS),
        ("more.YAML", ORDERS),
        ("README.md", "# text"),
        (".orders.yaml.swp", "x"),
    ]);
    std::fs::create_dir(dir.path().join("contracts/deeper")).unwrap();
    std::fs::create_dir(dir.path().join("contracts/.git")).unwrap();
    assert_eq!(
        faults(dir.path()),
        [
            "contracts/deeper:1:1: a folder is not read here: files lie side by side",
            "contracts/more.YAML:1:1: not read under this name: files end in `.yaml`",
            "contracts/more.yml:1:1: not read under this name: files end in `.yaml`",
        ]
    );
}

#[test]
fn files_that_are_no_text_are_refused() {
    let dir = write_contracts(&[("orders.yaml", ORDERS), ("huge.yaml", &"#".repeat((1 << 20) + 1))]);
    std::fs::write(dir.path().join("contracts/latin.yaml"), b"# ok\nname: caf\xe9\n").unwrap();
    assert_eq!(
        faults(dir.path()),
        ["contracts/huge.yaml:1:1: larger than 1 MiB", "contracts/latin.yaml:2:10: not UTF-8"]
    );
}

#[test]
fn a_file_of_the_greatest_size_is_read() {
    let filled = format!("{ORDERS}#{}\n", "x".repeat((1 << 20) - ORDERS.len() - 2));
    assert_eq!(filled.len(), 1 << 20);
    load(&filled);
}

#[test]
fn a_broken_list_does_not_blame_the_contracts() {
    let dir = write(&[
        ("classes.yaml", "classes: ["),
        ("purposes.yaml", PURPOSES),
        ("contracts/orders.yaml", ORDERS),
    ]);
    let faults = faults(dir.path());
    assert!(faults.len() == 1 && faults[0].starts_with("classes.yaml:"), "{faults:?}");
}

#[test]
fn empty_lists_are_refused() {
    let dir = write(&[
        ("classes.yaml", "classes: []"),
        ("purposes.yaml", "purposes: none"),
        ("contracts/orders.yaml", "apiVersion: v3.0.2"),
    ]);
    let faults = faults(dir.path());
    assert_eq!(faults[0], "classes.yaml:1:10: `classes` lists no class");
    assert_eq!(faults.last().unwrap(), "purposes.yaml:1:11: `purposes` must be a list, here is text");
}

#[test]
fn a_class_is_as_sensitive_as_is_said_of_it_or_of_one_above() {
    let rated = CLASSES
        .replace("{name: pii, ", "{name: pii, sensitivity: personal, ")
        .replace("{name: pii.phone, ", "{name: pii.phone, sensitivity: sensitive, ")
        .replace("{name: business, ", "{name: business, sensitivity: internal, ");
    let files = |classes: &str| {
        write(&[("classes.yaml", classes), ("purposes.yaml", PURPOSES), ("contracts/orders.yaml", ORDERS)])
    };
    let of = |classes: &str, class: &str| {
        Catalog::load(files(classes).path()).unwrap().sensitivity(&class.parse().unwrap())
    };
    assert_eq!(of(&rated, "pii.phone"), Sensitivity::Sensitive);
    assert_eq!(of(&rated, "pii.identifier"), Sensitivity::Personal, "as `pii`");
    assert_eq!(of(&rated, "business"), Sensitivity::Internal);
    assert_eq!(of(CLASSES, "business"), Sensitivity::Personal, "nobody rated it");
    let found = faults(files(&rated.replace("sensitivity: sensitive", "sensitivity: public")).path());
    let expected = "class `pii.phone` lies below `pii`, which is `personal`: it is no less";
    assert!(
        found.len() == 1 && found[0].ends_with(expected) && found[0].starts_with("classes.yaml:3:"),
        "{found:?}"
    );
    let found = faults(files(&rated.replace("internal", "intern")).path());
    assert!(found[0].contains("`sensitivity` is one of public, internal, personal, sensitive"), "{found:?}");
}

#[test]
fn the_version_depends_on_the_content_and_not_on_the_place() {
    let hash = |contract: &str| load(contract).content_hash().to_owned();
    let first = hash(ORDERS);
    assert_eq!(first.len(), 64);
    assert_eq!(first, hash(ORDERS), "two folders");
    assert_ne!(first, hash(&format!("{ORDERS}# a comment\n")));
    let renamed = ORDERS.replace("name: orders", "name: sales");
    let dir = write_contracts(&[("sales.yaml", &renamed)]);
    assert_ne!(first, Catalog::load(dir.path()).unwrap().content_hash());
}

/// The ledger stores this hash: it must not change with the code.
#[test]
fn the_version_is_stable() {
    let dir = write(&[
        ("classes.yaml", CLASSES),
        ("purposes.yaml", PURPOSES),
        (
            "contracts/things.yaml",
            "apiVersion: v3.0.2\nkind: DataContract\nid: t\nversion: 1.0.0\nstatus: active\nschema:\n- name: things\n  properties:\n  - {name: id, logicalType: string, classification: business, customProperties: [{property: membrane.protection, value: clear}]}\n",
        ),
    ]);
    assert_eq!(
        Catalog::load(dir.path()).unwrap().content_hash(),
        "3fa202ee222e21e85e08122398f902c1564d1137abecc7f3180a342795503d93"
    );
}

#[test]
fn only_regular_files_are_read() {
    for name in ["classes.yaml", "purposes.yaml", "contracts/orders.yaml"] {
        let dir = write_contracts(&[("orders.yaml", ORDERS)]);
        let path = dir.path().join(name);
        std::fs::remove_file(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let faults = faults(dir.path());
        assert!(faults.contains(&format!("{name}:1:1: not a regular file")), "{faults:?}");
    }
}

#[test]
fn a_folder_has_a_number_of_contracts() {
    let dir = write_contracts(&[("orders.yaml", ORDERS)]);
    for number in 0..2_000 {
        std::fs::write(dir.path().join(format!("contracts/more_{number}.yaml")), "").unwrap();
    }
    assert_eq!(faults(dir.path()), ["contracts:1:1: more than 2000 files in one folder"]);
}

/// A hub that serves goes on without a standing release in which something is wrong; whoever checks is told.
#[test]
fn a_standing_release_that_is_wrong_is_left_out_where_the_rest_is_served() {
    let good = "description: x\npartner: partner:acme\nsql: SELECT COUNT(*) AS n FROM orders\n";
    let dir = write(&[
        ("classes.yaml", CLASSES),
        ("purposes.yaml", PURPOSES),
        ("contracts/orders.yaml", ORDERS),
        ("releases/good.yaml", good),
        ("releases/later.yaml", &format!("{good}more: 1\n")),
        ("releases/why.yaml", &format!("{good}purpose: nothing\n")),
    ]);
    std::fs::write(dir.path().join("releases/bytes.yaml"), [0xff]).unwrap();
    let files = ["bytes", "later", "why"].map(|name| format!("releases/{name}.yaml:"));
    let told = faults(dir.path());
    assert!(
        told.len() == 3 && told.iter().zip(&files).all(|(fault, file)| fault.starts_with(file)),
        "{told:?}"
    );
    let served = Catalog::load_to_serve(dir.path()).unwrap();
    assert_eq!(served.releases().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["good"]);
    assert_eq!(served.release_faults().len(), 3);
    // Anything else stops it, and all faults are told at once.
    std::fs::write(dir.path().join("contracts/orders.yaml"), "kind: none\n").unwrap();
    let error = Catalog::load_to_serve(dir.path()).unwrap_err();
    let of_releases =
        error.faults().iter().filter(|fault| fault.file.parent().unwrap().ends_with("releases"));
    assert_eq!(of_releases.count(), 3);
}
