//! Why a statement cannot be a release, and how to write it so that it can.

use crate::QueryError;
use crate::plain_name::plain_name;

/// Refuses a construct: what it is, and what to write instead.
pub(super) fn refuse(what: &'static str, rewrite: &'static str) -> QueryError {
    QueryError::NotBounded { what, name: None, rewrite }
}

/// Refuses two that do not go together, each by its name.
pub(super) fn refuse_pair(what: &'static str, one: &str, other: &str, rewrite: &'static str) -> QueryError {
    let name = plain_name(one).zip(plain_name(other)).map(|(one, other)| format!("{one}`, `{other}"));
    QueryError::NotBounded { what, name, rewrite }
}

/// Refuses a construct that has a name.
pub(super) fn refuse_named(what: &'static str, name: &str, rewrite: &'static str) -> QueryError {
    QueryError::NotBounded { what, name: plain_name(name), rewrite }
}
