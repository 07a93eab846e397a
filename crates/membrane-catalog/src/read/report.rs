//! The faults of one file, and places in it.

use std::path::{Path, PathBuf};

use crate::Fault;

/// A place in a file: line and column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Mark {
    /// The first character: for what is wrong with the file as a whole.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub mark: Mark,
}

impl<T> At<T> {
    /// Makes something else of the value, in the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), mark: self.mark }
    }
}

/// The faults of one file.
#[derive(Debug)]
pub struct Report {
    file: PathBuf,
    faults: Vec<Fault>,
    notes: Vec<Fault>,
}

impl Report {
    /// Begins a report on a file.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), faults: Vec::new(), notes: Vec::new() }
    }

    /// Writes down a fault. The message must not hold a value of the file.
    pub fn fault(&mut self, mark: Mark, message: impl Into<String>) {
        self.faults.push(Fault {
            file: self.file.clone(),
            line: mark.line,
            column: mark.column,
            message: message.into(),
        });
    }

    /// Writes down what somebody should know, and nothing stops at. The message must not hold a value of the file.
    pub(crate) fn note(&mut self, mark: Mark, message: impl Into<String>) {
        self.notes.push(Fault {
            file: self.file.clone(),
            line: mark.line,
            column: mark.column,
            message: message.into(),
        });
    }

    /// Takes out what was written down and nothing stops at.
    pub(crate) fn take_notes(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.notes)
    }

    /// Writes down a fault of another file as a whole.
    pub fn fault_of(&mut self, file: &Path, message: impl Into<String>) {
        let Mark { line, column } = Mark::START;
        self.faults.push(Fault { file: file.to_owned(), line, column, message: message.into() });
    }

    /// Returns what was written down.
    #[must_use]
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}
