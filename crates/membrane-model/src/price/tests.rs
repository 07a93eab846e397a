use super::*;

#[test]
fn prices_round_up() {
    let price = Price::from_parts(0.000_000_000_1, Delta::new(1e-19).unwrap()).unwrap();
    assert_eq!(price, Price { rho_nano: 1, delta_atto: 1 });
}

#[test]
fn nonsense_is_refused() {
    assert!(Price::from_parts(f64::NAN, Delta::new(0.0).unwrap()).is_err());
    assert!(Price::from_parts(-1.0, Delta::new(0.0).unwrap()).is_err());
    assert!(Epsilon::new(0.0).is_err() && Epsilon::new(f64::INFINITY).is_err());
    assert!(Delta::new(1.0).is_err() && Delta::new(-0.1).is_err());
}

#[test]
fn sums_do_not_wrap() {
    let price = Price { rho_nano: u64::MAX, delta_atto: 0 };
    assert!(price.checked_add(Price { rho_nano: 1, delta_atto: 0 }).is_err());
}

#[test]
fn what_is_left_is_counted_in_whole_prices() {
    let price = |rho_nano, delta_atto| Price { rho_nano, delta_atto };
    assert_eq!(price(10, 1).saturating_sub(price(4, 2)), price(6, 0));
    assert_eq!(price(10, 100).times(price(3, 0)), 3);
    assert_eq!(price(10, 100).times(price(3, 40)), 2);
    assert_eq!(price(2, 100).times(price(3, 1)), 0);
    assert_eq!(price(100, 0).times(price(30, 1)), 0);
    assert_eq!(price(20, 9).times(price(30, 1)), 0);
    assert_eq!(price(2, 100).times(price(0, 0)), u64::MAX);
}
