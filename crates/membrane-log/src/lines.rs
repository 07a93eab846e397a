//! The lines that the text forms of proofs share.

use crate::{Hash, LogError};

/// Hashes in the longest proof that c2sp.org/tlog-witness lets through.
pub(crate) const PROOF_HASHES_MAX: usize = 63;

/// Makes errors about one kind of text.
#[derive(Clone, Copy)]
pub(crate) struct Text(pub(crate) &'static str);

impl Text {
    /// Returns the error.
    pub(crate) fn malformed(self, reason: &'static str) -> LogError {
        LogError::MalformedText { what: self.0, reason }
    }

    /// Takes a line with its newline off the front.
    pub(crate) fn split_line(self, text: &str) -> Result<(&str, &str), LogError> {
        text.split_once('\n').ok_or(self.malformed("it ends too early"))
    }

    /// Takes lines that hold a hash each off the front, and the empty line behind them.
    pub(crate) fn split_hashes(self, text: &str) -> Result<(Vec<Hash>, &str), LogError> {
        let (mut hashes, mut rest) = (Vec::new(), text);
        loop {
            let (line, behind) = self.split_line(rest)?;
            rest = behind;
            if line.is_empty() {
                return Ok((hashes, rest));
            }
            if hashes.len() == PROOF_HASHES_MAX {
                return Err(self.malformed("more than 63 hashes"));
            }
            hashes.push(line.parse().map_err(|_| self.malformed("a line of the proof is not a hash"))?);
        }
    }

    /// Reads a decimal number as it is written: no sign, no leading zeros.
    pub(crate) fn number(self, text: &str) -> Result<u64, LogError> {
        let number: Option<u64> = text.parse().ok();
        number.filter(|number| number.to_string() == text).ok_or(self.malformed("not a decimal number"))
    }
}

/// Writes lines that hold a hash each, and the empty line behind them.
pub(crate) fn write_hashes(hashes: &[Hash], text: &mut String) {
    for hash in hashes {
        text.push_str(&hash.to_string());
        text.push('\n');
    }
    text.push('\n');
}
