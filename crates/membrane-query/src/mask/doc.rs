//! What each mask does, as data: for `membrane policy masks`, for docs/masks.md, and for the tests that check it.

use super::{age, email, ff1, fixed, generalise, geo, null, partial, shape, token};

/// What one mask does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskDoc {
    /// How a policy names it.
    pub name: &'static str,
    /// The reveal level that it is a form of.
    pub level: &'static str,
    /// The types of columns that it is for.
    pub types: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// Values and what is shown of them; nothing for NULL.
    pub examples: &'static [(&'static str, Option<&'static str>)],
}

/// Returns what each mask does, from the level that shows most to the one that shows least.
#[must_use]
pub fn mask_docs() -> Vec<MaskDoc> {
    let mut docs = vec![partial::DOC, email::DOC];
    docs.extend(shape::DOCS);
    docs.extend(generalise::DOCS);
    docs.extend([geo::DOC, age::DOC, fixed::DOC, token::DOC, ff1::DOC, null::DOC]);
    docs
}

#[cfg(test)]
mod tests;
