//! Names that people give to things, checked once.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A name or id that does not have the form it must have. The text itself is not repeated: it may be
/// a value that someone typed in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: expected {expected}")]
pub struct NameError {
    kind: &'static str,
    expected: &'static str,
}

impl NameError {
    /// States what was wanted and its form.
    #[must_use]
    pub const fn new(kind: &'static str, expected: &'static str) -> Self {
        Self { kind, expected }
    }
}

const NAME_LENGTH_MAX: usize = 63;

fn is_snake(text: &str) -> bool {
    text.len() <= NAME_LENGTH_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

fn is_column(text: &str) -> bool {
    is_snake(text) && !text.contains("__")
}

fn is_dotted(text: &str) -> bool {
    text.len() <= NAME_LENGTH_MAX && text.split('.').all(is_snake)
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                if $check(text) { Ok(Self(text.to_owned())) } else { Err(NameError::new($kind, $expected)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The name of a dataset: a governed collection with one contract.
    DatasetName, "dataset name", is_snake, "lower-case letters, digits and `_`, a letter first, 63 at most"
);
name!(
    /// The name of a column as analysts use it. `__` is reserved for stored columns.
    ColumnName, "column name", is_column, "lower-case letters, digits and single `_`, a letter first, 63 at most"
);
name!(
    /// Why a principal wants the data; one of `catalog/purposes.yaml`.
    Purpose, "purpose", is_snake, "lower-case letters, digits and `_`, a letter first, 63 at most"
);
name!(
    /// The sensitivity class of a column, dotted from wide to narrow: `pii.phone`.
    ClassName, "class", is_dotted, "names joined by dots, like `pii.phone`"
);
name!(
    /// The kind of identifier by which a channel knows a subject: `member_no`, `openid`.
    IdentityKind, "identity kind", is_snake, "lower-case letters, digits and `_`, a letter first, 63 at most"
);

name!(
    /// The name of a standing release: that of its file in `catalog/releases`.
    ReleaseName, "name of a release", is_snake, "lower-case letters, digits and `_`, a letter first, 63 at most"
);

name!(
    /// The name of a source: that of its file in `catalog/sources`.
    SourceName, "name of a source", is_snake, "lower-case letters, digits and `_`, a letter first, 63 at most"
);

name!(
    /// The id of a tag, dotted from wide to narrow: `member.active_30d`. It is that of its file in `catalog/tags`, and is never
    /// given to another tag.
    TagId, "id of a tag", is_dotted, "names joined by dots, like `member.active_30d`"
);

impl ClassName {
    /// Tells whether this class is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.strip_prefix(&other.0).is_some_and(|rest| rest.starts_with('.'))
    }

    /// Returns this class and every class above it, narrow to wide.
    pub fn ancestry(&self) -> impl Iterator<Item = Self> + '_ {
        let mut next = Some(self.0.as_str());
        std::iter::from_fn(move || {
            let here = next?;
            next = here.rsplit_once('.').map(|(wider, _)| wider);
            Some(Self(here.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests;
