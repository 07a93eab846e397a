//! The name of a case, as another system knows it.

use serde::{Deserialize, Serialize};

/// The name of the case for which something is asked or handed on, as another system knows it.
///
/// PRIVACY: five letters, a hyphen, and six digits at most: hardly a place for a name or a number of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ticket(String);

impl TryFrom<String> for Ticket {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let expected = "a ticket is 2 to 5 capital letters, `-` and up to 6 digits, such as `INC-1234`";
        let (letters, digits) = text.split_once('-').ok_or(expected)?;
        let fits = (2..=5).contains(&letters.len())
            && letters.bytes().all(|byte| byte.is_ascii_uppercase())
            && (1..=6).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text)) } else { Err(expected) }
    }
}

impl std::str::FromStr for Ticket {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        text.to_owned().try_into()
    }
}

impl From<Ticket> for String {
    fn from(ticket: Ticket) -> Self {
        ticket.0
    }
}

impl std::fmt::Display for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
