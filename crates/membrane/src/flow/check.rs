//! What is wrong with the statements that stand in a catalog.

use std::path::Path;

use membrane_catalog::{Catalog, Fault};
use membrane_model::Limits;

use super::standing::check_releases;
use super::tag::check_tags;
use crate::config::PrivacySection;

/// Lists what is wrong with standing releases and tags, as far as contracts tell. `dir` is the folder of the catalog.
pub(crate) async fn check_statements(
    catalog: &Catalog,
    dir: &Path,
    privacy: &PrivacySection,
    limits: &Limits,
) -> Vec<Fault> {
    let mut faults = check_releases(catalog, dir, privacy, limits).await;
    faults.extend(check_tags(catalog, dir, limits, &[]).await);
    faults
}
