//! Finds words in the catalog: each must stand in the dataset or in one of its columns, as far as the one who asks knows them.

use membrane_catalog::{Column, Dataset};
use membrane_model::ColumnName;

use super::{CatalogEntry, Contracted};
use crate::hub::Hub;

/// Where a word was found, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HitPlace {
    /// It is the name of the dataset.
    ExactName,
    /// It is in the name of the dataset.
    Name,
    /// It is in the name or the class of a column.
    Column,
    /// It is in a description, or in what else is said: owner, domain, purpose, tags.
    Description,
}

impl HitPlace {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ExactName => "exact_name",
            Self::Name => "name",
            Self::Column => "column",
            Self::Description => "description",
        }
    }
}

/// A place in which a word was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Where.
    pub place: HitPlace,
    /// The column, when it is one.
    pub column: Option<ColumnName>,
}

/// Returns the datasets in which every word was found, those first in which it stands in the best place.
pub(super) fn found(hub: &Hub, entries: Vec<CatalogEntry>, words: &[String]) -> Vec<CatalogEntry> {
    let mut found: Vec<((Vec<HitPlace>, usize), CatalogEntry)> = Vec::new();
    for mut entry in entries {
        let texts = Texts::of(hub, &entry);
        let hits: Option<Vec<Vec<Hit>>> = words.iter().map(|word| texts.find(word)).collect();
        let Some(hits) = hits else { continue };
        // The best place of each word, the worst of them first: a dataset is as good as its weakest word.
        let mut best: Vec<HitPlace> =
            hits.iter().filter_map(|hits| hits.iter().map(|hit| hit.place).min()).collect();
        best.sort_unstable_by(|one, other| other.cmp(one));
        let mut all: Vec<Hit> = hits.into_iter().flatten().collect();
        all.sort();
        all.dedup();
        let columns = all.iter().filter(|hit| hit.column.is_some()).count();
        entry.hits = all;
        found.push(((best, usize::MAX - columns), entry));
    }
    found.sort_by(|(one, a), (other, b)| (one, &a.name).cmp(&(other, &b.name)));
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// The texts of a dataset, in small letters.
struct Texts {
    name: String,
    said: Vec<String>,
    columns: Vec<ColumnTexts>,
}

struct ColumnTexts {
    name: Option<ColumnName>,
    names: Vec<String>,
    said: String,
}

impl Texts {
    fn of(hub: &Hub, entry: &CatalogEntry) -> Self {
        let mut texts =
            Self { name: entry.name.as_str().to_lowercase(), said: Vec::new(), columns: Vec::new() };
        match &entry.contract {
            Contracted::Served(dataset) => texts.add(hub, dataset, entry),
            Contracted::Gone(revision) => {
                if let Some(revision) = revision {
                    texts.said.push(revision.description().to_lowercase());
                    texts.said.extend(revision.owner().map(str::to_lowercase));
                    texts.columns.extend(revision.columns().map(|[name, _, class, _, said]| ColumnTexts {
                        name: name.parse().ok(),
                        names: vec![name.to_lowercase(), class.to_lowercase()],
                        said: said.to_lowercase(),
                    }));
                }
            }
        }
        texts
    }

    fn add(&mut self, hub: &Hub, dataset: &Dataset, entry: &CatalogEntry) {
        let said = &dataset.stewardship;
        let of_dataset = [Some(&dataset.description), dataset.owner.as_ref(), said.domain.as_ref()];
        let more = [&said.purpose, &said.usage, &said.limitations, &said.legal_basis, &said.retention];
        let stated = of_dataset.into_iter().flatten().chain(more.into_iter().flatten()).chain(&said.tags);
        self.said.extend(stated.map(|text| text.to_lowercase()));
        // Tags of members whose values lie in it: whoever sees the table knows of them.
        let tags = hub.catalog().tags().filter(|tag| tag.table == dataset.name);
        self.said.extend(tags.flat_map(|tag| {
            [tag.id.as_str().to_lowercase(), tag.name_en.to_lowercase(), tag.name_zh.to_lowercase()]
        }));
        // PRIVACY: a column that is not there for the one who asks is not found, whatever its contract says.
        let seen = entry.columns.iter().filter_map(|(name, _)| dataset.column(name));
        self.columns.extend(seen.map(|column: &Column| ColumnTexts {
            name: Some(column.name.clone()),
            names: vec![column.name.as_str().to_lowercase(), column.class.as_str().to_lowercase()],
            said: column.description.to_lowercase(),
        }));
    }

    /// Returns where a word stands; none when it does nowhere.
    fn find(&self, word: &str) -> Option<Vec<Hit>> {
        let mut hits = Vec::new();
        let mut add = |place, column: Option<&ColumnName>| hits.push(Hit { place, column: column.cloned() });
        if self.name == word {
            add(HitPlace::ExactName, None);
        } else if self.name.contains(word) {
            add(HitPlace::Name, None);
        }
        if self.said.iter().any(|text| text.contains(word)) {
            add(HitPlace::Description, None);
        }
        for column in &self.columns {
            if column.names.iter().any(|name| name.contains(word)) {
                add(HitPlace::Column, column.name.as_ref());
            } else if column.said.contains(word) {
                add(HitPlace::Description, column.name.as_ref());
            }
        }
        (!hits.is_empty()).then_some(hits)
    }
}
