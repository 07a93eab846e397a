//! What tells one definition of a tag from another.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Tag;

impl Tag {
    /// Returns what tells one definition from another: SHA-256, in hex, over all that changes what is computed. Names, owners,
    /// limits and times of day may change without another version; this may not.
    ///
    /// The bytes are a list of `NAME LENGTH:VALUE` lines, so that the hash of a tag stays the same when this code changes its types.
    #[must_use]
    pub fn definition(&self) -> String {
        let Self { as_of, value, .. } = self;
        let flag = |flag: bool| if flag { "true" } else { "false" };
        let offset = as_of.utc_offset_minutes.to_string();
        let mut parts = vec![
            ("sql", self.sql.as_str()),
            ("column", self.column.as_str()),
            ("value", value.kind.as_str()),
            ("nullable", flag(value.nullable)),
            ("as_of", as_of.param.as_str()),
            ("excludes_base_day", flag(as_of.excludes_base_day)),
            ("utc_offset_minutes", offset.as_str()),
            ("entity", self.entity.as_str()),
            ("table", self.table.as_str()),
            ("consent", self.consent.as_str()),
            ("nulls", self.nulls.as_str()),
        ];
        // Which rows may be read, and who consented, hangs on it.
        parts.extend(self.purposes.first().map(|purpose| ("purpose", purpose.as_str())));
        parts.extend(value.values.iter().map(|value| ("one_of", value.as_str())));
        parts.extend(self.uses.iter().map(|tag| ("uses", tag.as_str())));
        let mut text = String::new();
        for (name, part) in parts {
            // Lengths in front: no two tags can give the same bytes.
            let _ = writeln!(text, "{name} {}:{part}", part.len());
        }
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}
