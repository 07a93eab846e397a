//! Parts of standard texts, of which other columns are made.

use std::fmt;
use std::str::FromStr;

use membrane_model::{ColumnName, NameError};

/// A part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// What was delivered, before it was standardised.
    Original,
    /// Of a telephone number: the region it belongs to, as ISO 3166 has it.
    Country,
    /// Of an e-mail address: what stands behind the `@`.
    Domain,
    /// Of an address and an identity number.
    Province,
    /// Of an address: the prefecture.
    City,
    /// Of an address: the county.
    District,
    /// Of an address: what is below the county.
    Rest,
    /// Of an address and an identity number: the code of GB/T 2260.
    Code,
    /// Of an identity number.
    BirthDate,
    /// Of an identity number.
    Sex,
}

/// Of what a column is made that is not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// The column that is delivered.
    pub column: ColumnName,
    /// The part of its value.
    pub part: Part,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 10] = [
        Self::Original,
        Self::Country,
        Self::Domain,
        Self::Province,
        Self::City,
        Self::District,
        Self::Rest,
        Self::Code,
        Self::BirthDate,
        Self::Sex,
    ];

    /// Returns the word in a contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Country => "country",
            Self::Domain => "domain",
            Self::Province => "province",
            Self::City => "city",
            Self::District => "district",
            Self::Rest => "rest",
            Self::Code => "code",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
        }
    }

    /// Tells whether so many people share the part that it may have a class of its own. The others are identifiers as much as
    /// what they are taken from: a domain may be one family's.
    #[must_use]
    pub const fn is_coarse(self) -> bool {
        matches!(self, Self::Country | Self::Province | Self::City | Self::District | Self::Code | Self::Sex)
    }

    /// Returns the most values that there are, where it is known: a bound for who tries them all.
    #[must_use]
    pub const fn values_max(self) -> Option<u128> {
        match self {
            Self::Country => Some(300),
            Self::Province => Some(34),
            Self::City => Some(500),
            Self::District | Self::Code => Some(4_000),
            Self::BirthDate => Some(36_525),
            Self::Sex => Some(2),
            Self::Original | Self::Domain | Self::Rest => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Part {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "original, country, domain, province, city, district, rest, code, birth_date or sex";
        Self::ALL
            .into_iter()
            .find(|part| part.as_str() == text)
            .ok_or_else(|| NameError::new("part", expected))
    }
}
