//! Which columns a report on access is about.

use std::collections::BTreeSet;

use membrane_model::ColumnName;

use super::{Asked, ReportFilter};
use crate::hub::Hub;

/// Which columns are meant.
pub(super) struct Meant<'a> {
    pub(super) filter: &'a ReportFilter,
    /// The columns of the class, with their datasets; none where no class is stated.
    pub(super) of_class: Option<BTreeSet<(String, String)>>,
}

impl<'a> Meant<'a> {
    pub(super) fn of(asked: &Asked<'a>) -> Self {
        let of_class = asked.filter.class.as_ref().map(|class| {
            let mut found = BTreeSet::new();
            for dataset in asked.hub.catalog().datasets() {
                let within = dataset.columns.iter().filter(|column| column.class.is_within(class));
                found.extend(within.map(|column| (dataset.name.to_string(), column.name.to_string())));
            }
            found
        });
        Self { filter: asked.filter, of_class }
    }

    /// Tells whether a column is meant, at the level at which it is shown.
    pub(super) fn has(&self, dataset: &str, column: &str, level: Option<&str>) -> bool {
        let filter = self.filter;
        filter.dataset.as_ref().is_none_or(|wanted| wanted.as_str() == dataset)
            && filter.column.as_ref().is_none_or(|wanted| wanted.as_str() == column)
            && filter.level.is_none_or(|wanted| Some(wanted.as_str()) == level)
            && self.is_of_class(dataset, column)
    }

    fn is_of_class(&self, dataset: &str, column: &str) -> bool {
        let Some(of_class) = &self.of_class else { return true };
        of_class.iter().any(|(of, name)| of == dataset && name == column)
    }

    /// Returns the names of columns by which the record is searched, one after the other: an index finds runs by one name. None: all runs are looked
    /// through once.
    pub(super) fn passes(&self) -> Vec<Option<ColumnName>> {
        let Some(of_class) = &self.of_class else { return vec![self.filter.column.clone()] };
        let in_dataset = |of: &str| self.filter.dataset.as_ref().is_none_or(|wanted| wanted.as_str() == of);
        let wanted = |name: &str| self.filter.column.as_ref().is_none_or(|wanted| wanted.as_str() == name);
        let names = of_class.iter().filter(|(of, name)| in_dataset(of) && wanted(name));
        let names: BTreeSet<&str> = names.map(|(_, name)| name.as_str()).collect();
        names.into_iter().filter_map(|name| name.parse().ok().map(Some)).collect()
    }
}

/// Returns the class of a column, by the catalog that is served.
pub(super) fn class_of(hub: &Hub, dataset: &str, column: &str) -> Option<String> {
    let dataset = hub.catalog().dataset(&dataset.parse().ok()?)?;
    Some(dataset.column(&column.parse().ok()?)?.class.to_string())
}
