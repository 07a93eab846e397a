//! Reads names, and keeps where each stands: whether it names something is known later.

use std::str::FromStr;

use membrane_catalog::yaml::{At, Fields, Value, parse, text};
use membrane_model::{ColumnName, DatasetName, NameError};

use super::super::places::Named;
use super::Reader;

/// `DATASET.COLUMN`.
pub(super) struct QualifiedColumn(pub(super) DatasetName, pub(super) ColumnName);

impl FromStr for QualifiedColumn {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (dataset, column) =
            text.split_once('.').ok_or_else(|| NameError::new("column", "`DATASET.COLUMN`"))?;
        Ok(Self(dataset.parse()?, column.parse()?))
    }
}

impl Reader<'_, '_> {
    /// Reads a list of names, or one name; nothing when the card does not have the key.
    pub(super) fn names<T: FromStr<Err = NameError>>(&mut self, key: &'static str) -> Option<Vec<T>> {
        let fields = self.fields;
        self.names_in(fields, key)
    }

    pub(super) fn names_in<T: FromStr<Err = NameError>>(
        &mut self,
        fields: &Fields<'_>,
        key: &'static str,
    ) -> Option<Vec<T>> {
        let texts = self.texts_in(fields, key)?;
        let parsed: Vec<Option<T>> = texts
            .into_iter()
            .map(|text| Some(parse(text, &format!("`{key}`"), self.report)?.value))
            .collect();
        parsed.into_iter().collect()
    }

    /// Groups are named as `principals.json` names them: any text.
    pub(super) fn groups(&mut self, fields: &Fields<'_>) -> Option<Vec<String>> {
        Some(self.texts_in(fields, "groups")?.into_iter().map(|text| text.value.to_owned()).collect())
    }

    fn texts_in<'n>(&mut self, fields: &Fields<'n>, key: &'static str) -> Option<Vec<At<&'n str>>> {
        let Some(node) = fields.get(key) else { return Some(Vec::new()) };
        let what = format!("`{key}`");
        let items = match node.value() {
            Value::List(items) if items.is_empty() => {
                let message = format!("{what} lists nothing: leave it out, or name something");
                self.report.fault(node.mark(), message);
                return None;
            }
            Value::List(items) => items,
            _ => vec![node],
        };
        let read: Vec<Option<At<&str>>> =
            items.into_iter().map(|item| text(item, &what, self.report)).collect();
        let texts: Vec<At<&str>> = read.into_iter().collect::<Option<_>>()?;
        let names = texts.iter().map(|text| Named { key, text: text.value.to_owned(), mark: text.mark });
        self.places.names.extend(names);
        Some(texts)
    }
}
