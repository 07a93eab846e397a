//! Weights, and frames that say less than they unfold to.

use super::super::lz4::unfolds_to_at_most;

/// A frame of blocks of 4 MiB with these stored sizes.
fn frame(blocks: &[u32]) -> Vec<u8> {
    let mut frame = vec![0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0];
    for size in blocks {
        frame.extend(size.to_le_bytes());
        frame.extend(vec![0; usize::try_from(size & !(1 << 31)).unwrap()]);
    }
    frame.extend([0; 4]);
    frame
}

#[test]
fn frames_unfold_to_their_blocks_at_most() {
    const BLOCK: u64 = 4 << 20;
    assert_eq!(unfolds_to_at_most(&frame(&[])), 0);
    assert_eq!(unfolds_to_at_most(&frame(&[100])), 25_500);
    assert_eq!(unfolds_to_at_most(&frame(&[20_000, 20_000])), 2 * BLOCK);
    assert_eq!(unfolds_to_at_most(&frame(&[(1 << 31) | 100])), 100, "a stored block");
    assert_eq!(unfolds_to_at_most(&[frame(&[20_000]), frame(&[20_000])].concat()), 2 * BLOCK, "two frames");
    // What is cut off, or is none, ends there.
    let whole = frame(&[20_000, 20_000]);
    assert_eq!(unfolds_to_at_most(&whole[..whole.len() - 10]), 2 * BLOCK);
    assert_eq!(unfolds_to_at_most(&whole[..100]), BLOCK);
    assert_eq!(unfolds_to_at_most(b"hello world"), 0);
    assert_eq!(unfolds_to_at_most(&[]), 0);
}

#[test]
fn older_and_skippable_frames_are_known() {
    let legacy = [&[0x02, 0x21, 0x4c, 0x18][..], &100_u32.to_le_bytes(), &[0; 100]].concat();
    assert_eq!(unfolds_to_at_most(&legacy), 25_500);
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18][..], &3_u32.to_le_bytes(), &[9; 3], &frame(&[100])].concat();
    assert_eq!(unfolds_to_at_most(&skipped), 25_500);
}
