//! What is said to a witness and what it answers (c2sp.org/tlog-witness, `add-checkpoint`), what a witness
//! does, and where a checkpoint lies that witnesses have cosigned. Who carries it, over HTTP, is not here.

mod cosigner;
mod published;

pub use cosigner::Cosigner;
pub(crate) use published::read_witnessed;
pub use published::{WITNESSED, publish_witnessed};

use crate::lines::{Text, write_hashes};
use crate::{Hash, LogError};

/// The path, behind a witness's submission prefix, that requests are posted to.
pub const ADD_CHECKPOINT: &str = "/add-checkpoint";

/// The type of the body of a 409 answer.
pub const TLOG_SIZE: &str = "text/x.tlog.size";

const REQUEST: Text = Text("add-checkpoint request");
const RESPONSE: Text = Text("add-checkpoint response");

/// A request to cosign a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness has cosigned last, 0 for none.
    pub old_size: u64,
    /// The proof that the new tree begins with the old one; empty when the old size is 0.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: Vec<u8>,
}

impl AddCheckpoint {
    /// Returns the body of the request.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut text = format!("old {}\n", self.old_size);
        write_hashes(&self.proof, &mut text);
        let mut body = text.into_bytes();
        body.extend_from_slice(&self.checkpoint);
        body
    }

    /// Reads the body of a request. The checkpoint in it is not checked.
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedText`].
    pub fn parse(body: &[u8]) -> Result<Self, LogError> {
        let text = str::from_utf8(body).map_err(|_| REQUEST.malformed("not text"))?;
        let (old, rest) = REQUEST.split_line(text)?;
        let old_size = old.strip_prefix("old ").ok_or(REQUEST.malformed("no old size"))?;
        let old_size = REQUEST.number(old_size)?;
        let (proof, checkpoint) = REQUEST.split_hashes(rest)?;
        if old_size == 0 && !proof.is_empty() {
            return Err(REQUEST.malformed("a proof from nothing"));
        }
        Ok(Self { old_size, proof, checkpoint: checkpoint.as_bytes().to_vec() })
    }
}

/// What a witness has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddCheckpointAnswer {
    /// 200: signature lines, for [`crate::Trust::add_cosignatures`].
    Cosigned {
        /// The lines, each with its newline.
        lines: String,
    },
    /// 409: the witness has last cosigned a tree of another size. Ask again from there.
    OldSize {
        /// That size.
        size: u64,
    },
    /// 400: the request is malformed, or its old size is larger than the checkpoint's.
    BadRequest,
    /// 403: no key that the witness trusts for the origin has signed.
    Forbidden,
    /// 404: the witness does not know the origin.
    UnknownOrigin,
    /// 422: the proof does not hold, or the same size has another root: to the witness the log has forked.
    Inconsistent,
    /// Any other status.
    Other {
        /// The status.
        status: u16,
    },
}

impl AddCheckpointAnswer {
    /// Returns the status, the `Content-Type` and the body of an answer.
    #[must_use]
    pub fn encode(&self) -> (u16, &'static str, String) {
        const TEXT: &str = "text/plain; charset=utf-8";
        match self {
            Self::Cosigned { lines } => (200, TEXT, lines.clone()),
            Self::OldSize { size } => (409, TLOG_SIZE, format!("{size}\n")),
            Self::BadRequest => (400, TEXT, String::new()),
            Self::Forbidden => (403, TEXT, String::new()),
            Self::UnknownOrigin => (404, TEXT, String::new()),
            Self::Inconsistent => (422, TEXT, String::new()),
            Self::Other { status } => (*status, TEXT, String::new()),
        }
    }

    /// Tells whether, to the witness, the log has forked. To one that has cosigned a tree of the very size of
    /// the checkpoint, a proof from there is none; what it says then is that size, and that they conflict.
    #[must_use]
    pub const fn is_fork(&self, asked: &AddCheckpoint, size: u64) -> bool {
        match self {
            Self::Inconsistent => true,
            Self::OldSize { size: cosigned } => *cosigned == asked.old_size && asked.old_size == size,
            _ => false,
        }
    }

    /// Reads an answer from its status, its `Content-Type` and its body.
    ///
    /// # Errors
    ///
    /// [`LogError::MalformedText`] when the body is not what the status calls for.
    pub fn parse(status: u16, content_type: Option<&str>, body: &[u8]) -> Result<Self, LogError> {
        match status {
            200 => parse_lines(body),
            409 => parse_size(content_type, body),
            400 => Ok(Self::BadRequest),
            403 => Ok(Self::Forbidden),
            404 => Ok(Self::UnknownOrigin),
            422 => Ok(Self::Inconsistent),
            status => Ok(Self::Other { status }),
        }
    }
}

fn parse_lines(body: &[u8]) -> Result<AddCheckpointAnswer, LogError> {
    let lines = str::from_utf8(body).map_err(|_| RESPONSE.malformed("not text"))?;
    let well = lines.ends_with('\n') && lines.lines().all(|line| line.starts_with("— "));
    if !well {
        return Err(RESPONSE.malformed("not signature lines"));
    }
    Ok(AddCheckpointAnswer::Cosigned { lines: lines.to_owned() })
}

fn parse_size(content_type: Option<&str>, body: &[u8]) -> Result<AddCheckpointAnswer, LogError> {
    if content_type != Some(TLOG_SIZE) {
        return Err(RESPONSE.malformed("a conflict without a size"));
    }
    let text = str::from_utf8(body).map_err(|_| RESPONSE.malformed("not text"))?;
    let size = text.strip_suffix('\n').ok_or(RESPONSE.malformed("no newline behind the size"))?;
    Ok(AddCheckpointAnswer::OldSize { size: RESPONSE.number(size)? })
}

#[cfg(test)]
mod tests;
