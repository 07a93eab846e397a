//! Reads rows, and turns numbers and instants into what the database holds.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use membrane_model::Price;
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row, Type};

use crate::LedgerError;

/// A row, read column by column from the left.
pub(crate) struct Cells<'r> {
    row: &'r AnyRow,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(crate) const fn of(row: &'r AnyRow) -> Self {
        Self { row, next: 0 }
    }

    fn take<T: Decode<'r, Any> + Type<Any>>(&mut self) -> Result<T, LedgerError> {
        let value = self.row.try_get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    pub(crate) fn text(&mut self) -> Result<String, LedgerError> {
        self.take()
    }

    pub(crate) fn text_or_null(&mut self) -> Result<Option<String>, LedgerError> {
        self.take()
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, LedgerError> {
        self.take()
    }

    pub(crate) fn bytes_or_null(&mut self) -> Result<Option<Vec<u8>>, LedgerError> {
        self.take()
    }

    pub(crate) fn integer(&mut self) -> Result<i64, LedgerError> {
        self.take()
    }

    pub(crate) fn truth(&mut self, what: &'static str) -> Result<bool, LedgerError> {
        match self.integer()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(LedgerError::Stored(what)),
        }
    }

    pub(crate) fn number(&mut self, what: &'static str) -> Result<u64, LedgerError> {
        u64::try_from(self.integer()?).map_err(|_| LedgerError::Stored(what))
    }

    pub(crate) fn number_or_null(&mut self, what: &'static str) -> Result<Option<u64>, LedgerError> {
        let stored: Option<i64> = self.take()?;
        stored.map(|number| u64::try_from(number).map_err(|_| LedgerError::Stored(what))).transpose()
    }

    pub(crate) fn instant(&mut self, what: &'static str) -> Result<DateTime<Utc>, LedgerError> {
        instant(self.integer()?, what)
    }

    pub(crate) fn instant_or_null(
        &mut self,
        what: &'static str,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let stored: Option<i64> = self.take()?;
        stored.map(|micros| instant(micros, what)).transpose()
    }

    pub(crate) fn parsed<T: FromStr>(&mut self, what: &'static str) -> Result<T, LedgerError> {
        parse(&self.text()?, what)
    }

    pub(crate) fn parsed_or_null<T: FromStr>(
        &mut self,
        what: &'static str,
    ) -> Result<Option<T>, LedgerError> {
        self.text_or_null()?.map(|text| parse(&text, what)).transpose()
    }

    pub(crate) fn list(&mut self, what: &'static str) -> Result<Vec<String>, LedgerError> {
        serde_json::from_str(&self.text()?).map_err(|_| LedgerError::Stored(what))
    }

    pub(crate) fn list_or_null(&mut self, what: &'static str) -> Result<Option<Vec<String>>, LedgerError> {
        let text = self.text_or_null()?;
        text.map(|text| serde_json::from_str(&text).map_err(|_| LedgerError::Stored(what))).transpose()
    }

    pub(crate) fn price(&mut self) -> Result<Price, LedgerError> {
        Ok(Price { rho_nano: self.number("price")?, delta_atto: self.number("price")? })
    }
}

fn instant(micros: i64, what: &'static str) -> Result<DateTime<Utc>, LedgerError> {
    DateTime::from_timestamp_micros(micros).ok_or(LedgerError::Stored(what))
}

/// Parses what was stored.
pub(crate) fn parse<T: FromStr>(text: &str, what: &'static str) -> Result<T, LedgerError> {
    // PRIVACY: the parser's error is dropped; it may show the text.
    text.parse().map_err(|_| LedgerError::Stored(what))
}

/// Turns a count into what the database holds.
pub(crate) fn to_integer(number: u64, what: &'static str) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_| LedgerError::TooLarge(what))
}

/// As [`to_integer`], for a count that may be unknown.
pub(crate) fn to_integer_or_null(
    number: Option<u64>,
    what: &'static str,
) -> Result<Option<i64>, LedgerError> {
    number.map(|number| to_integer(number, what)).transpose()
}

/// Turns a position in a list into what the database holds.
pub(crate) fn to_position(position: usize) -> Result<i64, LedgerError> {
    i64::try_from(position).map_err(|_| LedgerError::TooLarge("position"))
}

/// Turns text that came from outside into text that both databases hold: PostgreSQL refuses the character 0,
/// and a run must not fail to close because of a letter in a file's header.
pub(crate) fn to_text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Turns a list into JSON text, which escapes the character 0.
pub(crate) fn to_list(items: &[String]) -> Result<String, LedgerError> {
    serde_json::to_string(items).map_err(|_| LedgerError::TooLarge("list"))
}
