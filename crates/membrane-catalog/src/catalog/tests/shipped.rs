//! The catalogs of this repository.

use membrane_model::Protection;

use super::*;
use crate::StoredKind;

/// Loads a catalog of the repository; its faults are the message of the failure.
fn check(dir: &str, datasets: &[&str]) -> Catalog {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(dir);
    let catalog = Catalog::load(&dir).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<_> = catalog.datasets().map(|dataset| dataset.name.to_string()).collect();
    assert_eq!(names, datasets);
    catalog
}

/// PRIVACY: no direct identifier is a stored value, and none has statistics.
fn check_protection(catalog: &Catalog) {
    for dataset in catalog.datasets() {
        for stored in dataset.stored_columns() {
            let Some(column) = stored.of.as_ref().and_then(|of| dataset.column(of)) else {
                assert_eq!((stored.kind, stored.statistics), (StoredKind::Subject, false));
                continue;
            };
            let named = format!("{}.{}", dataset.name, stored.name);
            assert!(!column.is_identifying() || column.protection != Protection::Clear, "{named}");
            let is_value = matches!(stored.kind, StoredKind::Value(_));
            assert!(is_value || !stored.statistics, "{named}");
            assert!(!column.is_identifying() || !stored.statistics, "{named}");
            assert!(column.identity.is_none() || !is_value, "{named}");
        }
        assert_eq!(dataset.is_private(), dataset.privacy.is_some(), "{} without bounds", dataset.name);
    }
}

#[test]
fn the_sample_catalog_is_valid() {
    let catalog = check(
        "catalog",
        &[
            "app_events",
            "crm_members",
            "dim_products",
            "dim_stores",
            "member_tags",
            "mini_program_events",
            "pos_order_lines",
            "pos_orders",
            "social_follows",
            "web_events",
        ],
    );
    check_protection(&catalog);
}

#[test]
fn the_catalog_of_the_complete_journey_is_valid() {
    let catalog = check(
        "examples/completejourney/catalog",
        &[
            "campaign_descriptions",
            "campaigns",
            "coupon_redemptions",
            "coupons",
            "households",
            "products",
            "transactions",
        ],
    );
    check_protection(&catalog);
}
