//! The head of one page (Parquet's `PageHeader`, in Thrift's compact protocol): what a page is and how large it
//! becomes, known before any of it is decoded.
//!
//! The library tells sizes only of pages that it has decoded already, which is too late for a page that a few
//! bytes unfold to gigabytes.

/// Thrift structures within one another; a page head has three.
const DEPTH_MAX: usize = 8;

/// What the head of a page says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PageHead {
    /// Bytes of the head itself.
    pub(super) length: usize,
    /// Bytes of the page in the file.
    pub(super) compressed: u64,
    /// Bytes of the page when it is decompressed.
    pub(super) uncompressed: u64,
    /// Values in it, those that are null included.
    pub(super) values: u64,
    /// Whether it is a dictionary.
    pub(super) is_dictionary: bool,
    /// How its values are encoded, by Parquet's number.
    pub(super) encoding: i64,
}

/// Why a head cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// The bytes end too early: take more.
    Short,
    /// It is none.
    Broken,
}

/// The number of `PageType.DICTIONARY_PAGE`.
const DICTIONARY_PAGE: i64 = 2;

impl PageHead {
    /// Reads the head at the start of some bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Unread> {
        let mut reader = Reader { bytes, at: 0 };
        let mut head = Self::default();
        let mut sizes = (None, None);
        let mut note = |path: &[i16], value: Value| match (path, value) {
            ([1], Value::Number(kind)) => head.is_dictionary = kind == DICTIONARY_PAGE,
            ([2], Value::Number(bytes)) => sizes.0 = u64::try_from(bytes).ok(),
            ([3], Value::Number(bytes)) => sizes.1 = u64::try_from(bytes).ok(),
            // The heads of data pages, of dictionaries and of data pages of version 2.
            ([5 | 7 | 8, 1], Value::Number(count)) => head.values = u64::try_from(count).unwrap_or_default(),
            ([5 | 7, 2] | [8, 4], Value::Number(encoding)) => head.encoding = encoding,
            _ => {}
        };
        reader.structure(&mut Vec::with_capacity(DEPTH_MAX), &mut note)?;
        let (Some(uncompressed), Some(compressed)) = sizes else { return Err(Unread::Broken) };
        Ok(Self { length: reader.at, compressed, uncompressed, ..head })
    }
}

/// A value of a field, as far as it is wanted.
#[derive(Clone, Copy)]
enum Value {
    Number(i64),
    Other,
}

/// Told of each field: the numbers of the fields on the way to it, and its value.
type Visit<'v> = &'v mut dyn FnMut(&[i16], Value);

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Unread> {
        let byte = self.bytes.get(self.at).copied().ok_or(Unread::Short)?;
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, count: u64) -> Result<(), Unread> {
        let count = usize::try_from(count).map_err(|_| Unread::Broken)?;
        self.at = self.at.checked_add(count).ok_or(Unread::Broken)?;
        if self.at > self.bytes.len() { Err(Unread::Short) } else { Ok(()) }
    }

    fn varint(&mut self) -> Result<u64, Unread> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unread::Broken)
    }

    fn zigzag(&mut self) -> Result<i64, Unread> {
        let number = self.varint()?;
        let half = i64::try_from(number >> 1).map_err(|_| Unread::Broken)?;
        Ok(if number & 1 == 0 { half } else { -half - 1 })
    }

    /// Reads the fields of a structure.
    fn structure(&mut self, path: &mut Vec<i16>, visit: Visit<'_>) -> Result<(), Unread> {
        if path.len() >= DEPTH_MAX {
            return Err(Unread::Broken);
        }
        let mut field = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            field = match i16::from(head >> 4) {
                0 => i16::try_from(self.zigzag()?).map_err(|_| Unread::Broken)?,
                step => field.checked_add(step).ok_or(Unread::Broken)?,
            };
            path.push(field);
            // A boolean field has its value in its head.
            let value = if matches!(head & 0x0f, 1 | 2) {
                Value::Other
            } else {
                self.value(head & 0x0f, path, visit)?
            };
            visit(path.as_slice(), value);
            path.pop();
        }
    }

    fn value(&mut self, kind: u8, path: &mut Vec<i16>, visit: Visit<'_>) -> Result<Value, Unread> {
        match kind {
            1..=3 => self.skip(1)?,
            4..=6 => return self.zigzag().map(Value::Number),
            7 => self.skip(8)?,
            8 => {
                let length = self.varint()?;
                self.skip(length)?;
            }
            9 | 10 => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                self.values(count, &[head & 0x0f], path)?;
            }
            11 => {
                let count = self.varint()?;
                if count > 0 {
                    let kinds = self.byte()?;
                    self.values(count, &[kinds >> 4, kinds & 0x0f], path)?;
                }
            }
            12 => self.structure(path, visit)?,
            _ => return Err(Unread::Broken),
        }
        Ok(Value::Other)
    }

    /// Passes over the values of a list or a map. Each takes a byte at least, so that a count cannot lie much.
    fn values(&mut self, count: u64, kinds: &[u8], path: &mut Vec<i16>) -> Result<(), Unread> {
        if path.len() >= DEPTH_MAX {
            return Err(Unread::Broken);
        }
        path.push(0);
        for _ in 0..count {
            for kind in kinds {
                self.value(*kind, path, &mut |_, _| {})?;
            }
        }
        path.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
