//! What a deliverer says of a delivery beyond its format. What is left open is told from the content.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use membrane_catalog::OnTruncated;
use membrane_model::ColumnName;

/// How a delivery is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// What it is packed in. Left open, its first bytes say.
    pub packing: Option<Packing>,
    /// The encoding of a text format. Left open, it is UTF-8, or the UTF-16 that a byte order mark tells.
    pub encoding: Option<Encoding>,
    /// The sheet of a workbook. Left open, it is the one that can be seen.
    pub sheet: Option<String>,
    /// What becomes of a delivery that ends before its end. Left open, the contract says.
    pub on_truncated: Option<OnTruncated>,
    /// The columns that the delivery calls otherwise than the contract does.
    pub columns: BTreeMap<ColumnName, String>,
}

/// What a delivery is packed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Packing {
    /// gzip (RFC 1952), of one member or several.
    Gzip,
    /// Zstandard (RFC 8878), of one frame or several.
    Zstd,
}

impl Packing {
    /// Tells it from an HTTP content coding, if it is one of ours.
    #[must_use]
    pub fn from_content_coding(coding: &str) -> Option<Self> {
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Tells it from the ending of a file's name, if it is one of ours.
    pub(crate) fn from_ending(ending: &str) -> Option<Self> {
        match ending {
            "gz" | "gzip" => Some(Self::Gzip),
            "zst" | "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Tells it from the first bytes of a delivery. No format that is read here begins like this.
    pub(crate) fn from_start(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
        })
    }
}

/// An encoding of text, by a label of the WHATWG Encoding Standard: `gb18030`, `big5`, `utf-16le`, `latin1`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl Encoding {
    pub(crate) const UTF_8: Self = Self(encoding_rs::UTF_8);
    pub(crate) const UTF_16_LE: Self = Self(encoding_rs::UTF_16LE);
    pub(crate) const UTF_16_BE: Self = Self(encoding_rs::UTF_16BE);

    /// Tells whether a byte order mark decides which of its kind it is.
    pub(crate) fn is_utf_16(self) -> bool {
        self == Self::UTF_16_LE || self == Self::UTF_16_BE
    }

    /// Starts a conversion to UTF-8 that keeps nothing of a byte order mark.
    pub(crate) fn decoder(self) -> encoding_rs::Decoder {
        self.0.new_decoder_with_bom_removal()
    }
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(label: &str) -> Result<Self, UnknownEncoding> {
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).map(Self).ok_or(UnknownEncoding)
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// No encoding has that label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such encoding; `utf-8`, `gb18030`, `gbk`, `big5`, `utf-16le`, `utf-16be` and `latin1` are some")]
pub struct UnknownEncoding;

#[cfg(test)]
mod tests;
