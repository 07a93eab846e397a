//! Visits of members, made from nothing but their number: the same rows in each form, and as a stream without end.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncRead, ReadBuf};

/// The dataset.
pub(crate) const DATASET: &str = "visits";

const CHANNELS: [&str; 4] = ["store", "app", "web", "mini_program"];
const FAMILY: [&str; 8] = ["Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Zhao", "Huang"];
const GIVEN: [&str; 8] = ["Wei", "Fang", "Na", "Min", "Jing", "Qiang", "Lei", "Yan"];

/// Returns the folder of the catalog and the policies.
pub(crate) fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("channels")
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Ndjson,
}

/// What rows are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visits {
    pub(crate) rows: u64,
    /// Whose they are: so many members have them in turn, in no order.
    pub(crate) members: u64,
    pub(crate) form: Form,
}

impl Visits {
    /// Appends the head of a file, where the form has one.
    fn head(self, out: &mut String) {
        if self.form == Form::Csv {
            out.push_str("visit_id,member_no,phone,name,email,store_id,visited_at,channel,items,amount\n");
        }
    }

    /// Appends a row.
    pub(crate) fn row(self, number: u64, out: &mut String) {
        // SplitMix64's last step: members come in no order.
        let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 27;
        let member = if self.members == self.rows { number } else { mixed % self.members };
        let pick = |words: &[&'static str], shift: u32| {
            let at = usize::try_from((mixed >> shift) % 8).unwrap_or_default();
            words.get(at % words.len()).copied().unwrap_or_default()
        };
        let (family, given) = (pick(&FAMILY, 3), pick(&GIVEN, 9));
        let (channel, store) = (pick(&CHANNELS, 15), 100 + (mixed >> 20) % 400);
        let (items, cents) = (1 + (mixed >> 30) % 20, (mixed >> 36) % 100_000);
        let (day, second) = (1 + number % 28, number % 60);
        let phone = 13_000_000_000 + member;
        let whole = (cents / 100, cents % 100);
        let done = match self.form {
            Form::Csv => writeln!(
                out,
                "V{number:012},M{member:08},{phone},{family} {given},m{member}@mail.example,S{store},\
                 2026-03-{day:02}T10:20:{second:02}Z,{channel},{items},{}.{:02}",
                whole.0, whole.1
            ),
            Form::Ndjson => writeln!(
                out,
                "{{\"visit_id\":\"V{number:012}\",\"member_no\":\"M{member:08}\",\"phone\":\"{phone}\",\
                 \"name\":\"{family} {given}\",\"email\":\"m{member}@mail.example\",\"store_id\":\"S{store}\",\
                 \"visited_at\":\"2026-03-{day:02}T10:20:{second:02}Z\",\"channel\":\"{channel}\",\"items\":{items},\
                 \"amount\":{}.{:02}}}",
                whole.0, whole.1
            ),
        };
        debug_assert!(done.is_ok(), "writing to a string does not fail");
    }

    /// Writes a file.
    pub(crate) fn write(self, path: &Path) -> Result<()> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path).context("make a file")?);
        let mut text = String::new();
        self.head(&mut text);
        for number in 0..self.rows {
            self.row(number, &mut text);
            if text.len() > 1 << 16 {
                file.write_all(text.as_bytes())?;
                text.clear();
            }
        }
        file.write_all(text.as_bytes())?;
        file.flush()?;
        Ok(())
    }

    /// Makes a stream of at least so many bytes.
    pub(crate) fn stream(self, bytes: u64) -> Stream {
        let mut text = String::new();
        self.head(&mut text);
        Stream { visits: self, number: 0, left: bytes, text, at: 0 }
    }
}

/// Rows that are made as they are read.
pub(crate) struct Stream {
    visits: Visits,
    number: u64,
    left: u64,
    text: String,
    at: usize,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.at == self.text.len() && self.left > 0 {
            let this = &mut *self;
            this.text.clear();
            this.at = 0;
            while this.text.len() < 1 << 16 {
                this.visits.row(this.number, &mut this.text);
                this.number += 1;
            }
            let made = u64::try_from(this.text.len()).unwrap_or(u64::MAX);
            this.left = this.left.saturating_sub(made);
        }
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..count).unwrap_or_default());
        self.at += count;
        Poll::Ready(Ok(()))
    }
}
