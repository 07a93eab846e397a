//! What a publication takes away from the one before: claims and cases that are gone or say something else.
//!
//! Nothing would speak for policies that break a claim but that the claim is not made any more. So whoever publishes says that
//! it is meant, by name.

use super::{Bundle, Record};

/// Where claims stand in a bundle.
const CLAIMS: &str = "policies/claims/";
const EXTENSION: &str = ".cedar";

/// What is taken away on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meant {
    /// Claims that are not made any more.
    pub without_claims: Vec<String>,
    /// Claims that have another text than before.
    pub changed_claims: Vec<String>,
    /// There may be fewer cases than before.
    pub fewer_cases: bool,
}

impl Record {
    /// Tells what the files of a later version, with so many cases, take away from what this record was made of, unless it is
    /// meant: a sentence each.
    #[must_use]
    pub fn taken_away(&self, later: &Bundle, cases: usize, meant: &Meant) -> Vec<String> {
        let number = self.number;
        let claim = |path: &str| Some(path.strip_prefix(CLAIMS)?.strip_suffix(EXTENSION)?.to_owned());
        let mut found = Vec::new();
        for old in &self.files {
            let Some(name) = claim(&old.path) else { continue };
            match later.files().iter().find(|file| file.path == old.path) {
                None if !meant.without_claims.contains(&name) => found.push(format!(
                    "claim `{name}`, which publication {number} was proved on, is gone: `--without-claim {name}` says that \
                     it is meant"
                )),
                Some(file) if file.sha256() != old.sha256 && !meant.changed_claims.contains(&name) => {
                    found.push(format!(
                        "claim `{name}` is not the one that publication {number} was proved on: `--changed-claim {name}` \
                         says that it is meant"
                    ));
                }
                _ => {}
            }
        }
        if cases < self.cases && !meant.fewer_cases {
            found.push(format!(
                "there are {cases} cases and publication {number} was tried on {}: `--fewer-cases` says that it is meant",
                self.cases
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests;
