//! Rungs: whole numbers that stand for all numbers up to them, closer together where numbers are small.
//!
//! 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, .. : four in each doubling, so that a bound which is the next
//! rung is a quarter too wide at most.

/// Returns the number of a rung, counted from 0.
pub(super) fn rung(index: usize) -> u64 {
    let Some(above) = index.checked_sub(3) else { return u64::try_from(index).unwrap_or(0) + 1 };
    let (octave, step) = (above / 4, above % 4);
    let step = u64::try_from(step).unwrap_or(0) + 4;
    u32::try_from(octave).ok().and_then(|octave| step.checked_shl(octave)).unwrap_or(u64::MAX)
}

/// Returns the lowest rung that is not below a number; none for 0.
pub(super) fn rung_of(value: u64) -> Option<usize> {
    if value <= 4 {
        return usize::try_from(value).ok()?.checked_sub(1);
    }
    let octave = value.ilog2().checked_sub(2)?;
    let step = value.checked_shr(octave)?.checked_sub(4)?;
    let rest = u64::from(value.trailing_zeros() < octave);
    let index = u64::from(octave) * 4 + step + rest + 3;
    usize::try_from(index).ok()
}

/// Returns how many rungs there are up to the one of a number.
pub(super) fn rungs_to(value: u64) -> usize {
    rung_of(value).map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rungs_are_close_together_where_numbers_are_small() {
        let rungs: Vec<u64> = (0..17).map(rung).collect();
        assert_eq!(rungs, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40]);
        assert_eq!(rung_of(0), None);
        assert_eq!(rungs_to(0), 1);
        assert_eq!(rungs_to(16), 12);
    }

    proptest! {
        #[test]
        fn a_number_stands_on_the_lowest_rung_that_is_not_below(value in prop_oneof![1_u64..200, 1_u64..1 << 62]) {
            let index = rung_of(value).expect("a rung");
            prop_assert!(rung(index) >= value);
            prop_assert!(index == 0 || rung(index - 1) < value);
            prop_assert!(u128::from(rung(index)) * 4 <= u128::from(value) * 5 + 4);
        }
    }
}
