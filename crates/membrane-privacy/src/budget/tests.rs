use proptest::prelude::*;

use super::*;

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).expect("an epsilon")
}

fn delta(value: f64) -> Delta {
    Delta::new(value).expect("a delta")
}

/// rho for an epsilon at delta 1e-6, computed with opendp's Python wheel beforehand.
#[test]
fn conversion_matches_known_values() {
    for (wanted, rho) in [(0.5, 0.00664), (1.0, 0.02436), (2.0, 0.08815), (4.0, 0.31106), (8.0, 1.05236)] {
        let nano = rho_nano_for(epsilon(wanted), 1e-6).expect("a rho");
        assert!((rho_of(nano) - rho).abs() < 1e-5, "rho {} for epsilon {wanted}", rho_of(nano));
    }
}

#[test]
fn the_price_of_a_part_of_delta_is_not_forgotten() {
    let whole = Price { rho_nano: 20_000_000, delta_atto: 0 };
    let half = Price { rho_nano: 20_000_000, delta_atto: 500_000_000_000 };
    let plain = epsilon_of(whole, delta(1e-6)).expect("an epsilon");
    let dearer = epsilon_of(half, delta(1e-6)).expect("an epsilon");
    assert!((dearer - epsilon_of(whole, delta(0.5e-6)).expect("an epsilon")).abs() < 1e-9);
    assert!(dearer > plain);
    assert!(epsilon_of(half, delta(0.5e-6)).is_err());
    assert!(epsilon_of(half, delta(0.1e-6)).is_err());
}

#[test]
fn shares_follow_weights_and_round_down() {
    assert_eq!(shares(100, &[1, 1, 1]), Ok(vec![33, 33, 33]));
    assert_eq!(shares(100, &[3, 1]), Ok(vec![75, 25]));
    assert_eq!(shares(2, &[1, 1, 1]), Err(PrivacyError::EpsilonTooSmall));
    assert_eq!(shares(u64::MAX, &[u32::MAX]), Ok(vec![u64::MAX]));
}

#[test]
fn a_small_part_is_set_aside() {
    let of = |nano| {
        Overhead::of(Unit::Rho, nano)
            .map(|overhead| (overhead.size, overhead.clipping, overhead.left_of(nano)))
    };
    assert_eq!(of(24_000_000), Ok((480_000, 1_200_000, 22_320_000)));
    assert_eq!(of(4_000), Ok((200, 200, 3_600)), "the limit on the size is not worth much below 200");
    assert_eq!(of(100), Ok((10, 5, 85)));
    assert_eq!(of(9), Err(PrivacyError::EpsilonTooSmall));
}

#[test]
fn a_pure_share_costs_half_its_square() {
    let share = Share { unit: Unit::Epsilon, nano: 1_000_000_000 };
    assert_eq!(share.price().map(|price| price.rho_nano), Ok(500_000_000));
    let tiny = Share { unit: Unit::Epsilon, nano: 3 };
    assert_eq!(tiny.price().map(|price| price.rho_nano), Ok(1), "rounded up");
    assert_eq!(Overhead::of(Unit::Epsilon, 1_000).map(|one| (one.size, one.clipping)), Ok((50, 100)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The rho that an epsilon buys never costs more than it, and the next billionth would.
    #[test]
    fn conversion_is_tight_and_on_the_safe_side(wanted in 0.01_f64..8.0, at in 1e-9_f64..1e-3) {
        let nano = rho_nano_for(epsilon(wanted), at).expect("a rho");
        let back = |nano| epsilon_of(Price { rho_nano: nano, delta_atto: 0 }, delta(at)).expect("an epsilon");
        prop_assert!(back(nano) <= wanted);
        prop_assert!(back(nano + 1) > wanted);
    }
}
