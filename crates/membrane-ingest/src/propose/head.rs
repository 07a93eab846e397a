//! What a contract says of itself, taken over from the one that there is.

use std::path::Path;

use membrane_catalog::yaml::{Document, Node, Report, Value};
use membrane_model::DatasetName;

/// What a contract says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) owner: Option<String>,
}

impl Head {
    /// Returns the head of a contract that nobody has written yet.
    pub(crate) fn new(dataset: &DatasetName) -> Self {
        Self {
            id: format!("urn:membrane:contract:{dataset}"),
            name: dataset.as_str().replace('_', " "),
            status: "draft".to_owned(),
            owner: None,
        }
    }

    /// Reads the head of a contract; what it does not say stays as proposed.
    pub(crate) fn of(dataset: &DatasetName, owner: Option<&str>, text: &str) -> Self {
        let mut head = Self { owner: owner.map(str::to_owned), ..Self::new(dataset) };
        let mut report = Report::new(Path::new("contract"));
        let Some(document) = Document::parse(text, &mut report) else { return head };
        for (key, place) in [("id", &mut head.id), ("name", &mut head.name), ("status", &mut head.status)] {
            if let Some(said) = text_of(document.root(), key) {
                *place = said;
            }
        }
        head
    }
}

fn text_of(root: Node<'_>, key: &str) -> Option<String> {
    let Value::Map(pairs) = root.value() else { return None };
    pairs.into_iter().find_map(|(name, value)| match (name.value(), value.value()) {
        (Value::Text(name), Value::Text(text)) if name == key => Some(text.to_owned()),
        _ => None,
    })
}
