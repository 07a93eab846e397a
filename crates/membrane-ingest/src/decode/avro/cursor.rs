//! Reads the values of a block, and steps over those that nobody wants.

use super::schema::{AvroSchema, Kind};

/// Records within records that are stepped into.
const DEPTH_MAX: usize = 64;
/// Values without bytes that are stepped over in one record. A small schema can have any number of them.
const IDLE_MAX: usize = 1 << 16;

/// What of a block is to be read. None of a method is bytes that are not what the schema says.
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// Values without bytes that were stepped over.
    idle: usize,
}

/// Undoes the encoding by which small numbers, negative ones too, have few bytes.
#[expect(clippy::cast_possible_wrap, reason = "this is the encoding: the lowest bit is the sign")]
pub(super) const fn zigzag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest, idle: 0 }
    }

    /// Returns how many bytes are left.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn long(&mut self) -> Option<i64> {
        let mut raw = 0_u64;
        for place in 0..10_u32 {
            let [byte] = self.array()?;
            raw |= u64::from(byte & 0x7f).checked_shl(place * 7).unwrap_or_default();
            if byte & 0x80 == 0 {
                return Some(zigzag(raw));
            }
        }
        None
    }

    pub(super) fn int(&mut self) -> Option<i32> {
        self.long()?.try_into().ok()
    }

    pub(super) fn boolean(&mut self) -> Option<bool> {
        match self.array()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    /// Reads bytes behind their length.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.long()?.try_into().ok()?;
        self.take(length)
    }

    /// Reads the number of a branch or a symbol.
    pub(super) fn index(&mut self) -> Option<usize> {
        self.long()?.try_into().ok()
    }

    /// Steps over a value.
    pub(super) fn skip(&mut self, schema: &AvroSchema, kind: usize, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX || self.idle > IDLE_MAX {
            return None;
        }
        let before = self.left();
        match schema.kind(kind)? {
            Kind::Null => {}
            Kind::Boolean => {
                self.take(1)?;
            }
            Kind::Int | Kind::Long | Kind::Enum(_) => {
                self.long()?;
            }
            Kind::Float => {
                self.take(4)?;
            }
            Kind::Double => {
                self.take(8)?;
            }
            Kind::Bytes | Kind::String => {
                self.bytes()?;
            }
            Kind::Fixed(size) => {
                self.take(*size)?;
            }
            Kind::Record(fields) => {
                for field in fields {
                    self.skip(schema, *field, depth + 1)?;
                }
            }
            Kind::Union(branches) => {
                let branch = *branches.get(self.index()?)?;
                self.skip(schema, branch, depth + 1)?;
            }
            Kind::Array(items) => self.skip_blocks(schema, *items, false, depth)?,
            Kind::Map(values) => self.skip_blocks(schema, *values, true, depth)?,
        }
        self.idle += usize::from(self.left() == before);
        Some(())
    }

    /// Steps over the blocks of an array or a map.
    fn skip_blocks(&mut self, schema: &AvroSchema, kind: usize, has_keys: bool, depth: usize) -> Option<()> {
        loop {
            let count = self.long()?;
            if count == 0 {
                return Some(());
            }
            if count < 0 {
                // Its size stands there so that it can be stepped over.
                self.bytes()?;
                continue;
            }
            for _ in 0..count {
                let before = self.left();
                if has_keys {
                    self.bytes()?;
                }
                self.skip(schema, kind, depth + 1)?;
                if self.left() == before {
                    // Items without bytes: there are none to step over, however many there are.
                    break;
                }
            }
        }
    }
}
