//! The steps of a release after which a process may die. Tests stop a process at each of them and kill it.

/// A step of a release, done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The budgets are locked.
    Locked,
    /// The release is a row; not yet durable.
    Inserted,
    /// Every account is charged; not yet durable.
    Charged,
    /// The reservation is durable.
    Reserved,
    /// The answer is stored, durably.
    Committed,
}

/// Says that a step is done. Outside of tests nobody listens.
#[cfg(not(test))]
pub(crate) const fn done(_: Step) {}

#[cfg(test)]
pub(crate) use crate::tests::kills::done;
