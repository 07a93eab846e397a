//! `geo(n)`: the first `n` characters of a geographic code.
//!
//! For codes in which each further character names a smaller area inside the one before: geohashes, postcodes, division
//! codes (GB/T 2260). A code of up to `n` characters names a large area already and shows as it is, unlike under
//! `prefix(n)`, which is for texts that name somebody.

use crate::mask::doc::MaskDoc;

pub(crate) const DOC: MaskDoc = MaskDoc {
    name: "geo(4)",
    level: "generalised",
    types: "text",
    shows: "the first characters of a geographic code: a larger area",
    examples: &[("wtw3sjq6", Some("wtw3")), ("310104", Some("3101")), ("wt", Some("wt"))],
};

/// Returns the larger area.
pub(super) fn area(code: &str, length: u8) -> Option<&str> {
    let end = code.char_indices().nth(usize::from(length)).map_or(code.len(), |(offset, _)| offset);
    code.get(..end)
}
