//! How much an LZ4 frame may unfold to, told from its blocks without decompressing them.
//!
//! The decoder goes on to the frame's end, whatever size the message states. No block unfolds to more than the
//! frame's block size, nor to more than 255 bytes for each of its own.

const FRAME: u32 = 0x184D_2204;
const LEGACY_FRAME: u32 = 0x184C_2102;
const LEGACY_BLOCK_MAX: u64 = 8 << 20;
const SKIPPABLE: std::ops::RangeInclusive<u32> = 0x184D_2A50..=0x184D_2A5F;
/// Flags of a frame's descriptor.
const BLOCK_CHECKSUMS: u8 = 0x10;
const CONTENT_SIZE: u8 = 0x08;
const CONTENT_CHECKSUM: u8 = 0x04;
const DICTIONARY_ID: u8 = 0x01;
/// The bit of a block's size that says that it is not compressed.
const STORED: u32 = 1 << 31;

/// Returns the most bytes that the decoder makes of this, up to where it finds it broken.
pub(super) fn unfolds_to_at_most(frames: &[u8]) -> u64 {
    let mut reader = Reader(frames);
    let mut total = 0_u64;
    while let Some(magic) = reader.number() {
        let frame = match magic {
            FRAME => frame(&mut reader, &mut total),
            LEGACY_FRAME => blocks(&mut reader, LEGACY_BLOCK_MAX, 0, &mut total),
            magic if SKIPPABLE.contains(&magic) => {
                reader.number().and_then(|length| reader.skip(length.into()))
            }
            _ => None,
        };
        if frame.is_none() {
            break;
        }
    }
    total
}

/// Passes over one frame and adds what its blocks may unfold to.
fn frame(reader: &mut Reader<'_>, total: &mut u64) -> Option<()> {
    let [flags, sizes] = reader.take()?;
    let block_max = match (sizes >> 4) & 7 {
        size @ 4..=7 => 1_u64 << (8 + 2 * size),
        _ => return None,
    };
    let descriptor = [(CONTENT_SIZE, 8), (DICTIONARY_ID, 4)];
    let more: u64 =
        descriptor.into_iter().filter(|(flag, _)| flags & flag != 0).map(|(_, bytes)| bytes).sum();
    reader.skip(more + 1)?;
    let after_block = if flags & BLOCK_CHECKSUMS == 0 { 0 } else { 4 };
    blocks(reader, block_max, after_block, total)?;
    reader.skip(if flags & CONTENT_CHECKSUM == 0 { 0 } else { 4 })
}

fn blocks(reader: &mut Reader<'_>, block_max: u64, after_block: u64, total: &mut u64) -> Option<()> {
    loop {
        let size = reader.number()?;
        if size == 0 {
            return Some(());
        }
        let length = u64::from(size & !STORED);
        let most = if size & STORED == 0 { (length * 255).min(block_max) } else { length };
        *total = total.saturating_add(most);
        reader.skip(length + after_block)?;
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }
}
