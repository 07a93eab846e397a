//! Accounts: what is charged, a scope in a window.
//!
//! A scope for ever is written as the scope, `partner:acme`; in a month with the month behind it,
//! `partner:acme@2026-02`. No name of a partner or a dataset has an `@`. Accounts of before there were months are those
//! for ever: what was spent then counts against the lifetime cap and against no month.

use std::fmt;
use std::str::FromStr;

use membrane_model::{NameError, Price};

use crate::{Scope, Window};

/// What is charged: a scope in a window. Ordered by its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account {
    /// Whose budget, and for what.
    pub scope: Scope,
    /// For which stretch of time.
    pub window: Window,
}

/// How much may have been charged to a scope. A price is charged to both windows or to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// In each calendar month.
    pub month: Price,
    /// For ever.
    pub lifetime: Price,
}

impl Caps {
    /// Returns the cap of a window.
    #[must_use]
    pub const fn of(&self, window: Window) -> Price {
        match window {
            Window::Month(_) => self.month,
            Window::Lifetime => self.lifetime,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window {
            Window::Lifetime => self.scope.fmt(f),
            Window::Month(month) => write!(f, "{}@{month}", self.scope),
        }
    }
}

impl FromStr for Account {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scope, window) = match text.split_once('@') {
            Some((scope, month)) => (scope, Window::Month(month.parse()?)),
            None => (text, Window::Lifetime),
        };
        Ok(Self { scope: scope.parse()?, window })
    }
}

impl Ord for Account {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.to_string().cmp(&other.to_string())
    }
}

impl PartialOrd for Account {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
