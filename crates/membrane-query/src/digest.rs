//! What stands for a plan and for an answer in the record: digests, so that the record has neither.
//!
//! The digest of a **plan** is over its shape: operators, tables, columns of tables, functions, types, orders. Literals, and names that somebody gave,
//! are not in it, but only which of them are the same: who knows the digest cannot try values against it.
//!
//! The digest of an **answer** is over its columns, row by row, whatever the batches were in which they came ([`AnswerDigest`]). It is not published
//! as it is, but committed to under a salt: an answer may be one number, which anyone could try.

mod answer;
mod plan;

pub use answer::AnswerDigest;
pub(crate) use plan::plan_digest;

#[cfg(test)]
mod tests;
