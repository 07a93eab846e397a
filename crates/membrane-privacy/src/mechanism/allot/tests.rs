use super::*;

fn wish(weight: u32, target: Option<i64>) -> Wish {
    Wish { weight, target, reach: Reach { cells: 1, most: 1 }, spread: None, is_read: true }
}

fn divide(nano: u64, wishes: &[Wish]) -> Result<Allotment, Short> {
    allot(Unit::Rho, nano, NoiseKind::Auto, 2, wishes).expect("a division")
}

fn need(target: i64) -> u64 {
    Noise::share_for(NoiseKind::Auto, Reach { cells: 1, most: 1 }, Unit::Rho, None, target)
        .expect("a share")
        .nano
}

#[test]
fn without_targets_weights_decide() {
    let divided = divide(1_000_000, &[wish(1, None), wish(3, None)]).expect("enough");
    assert_eq!(divided.shares, [232_500, 697_500]);
    assert_eq!((divided.overhead.size, divided.overhead.clipping), (20_000, 50_000));
}

#[test]
fn targets_are_met_with_the_least_and_the_rest_is_shared() {
    let divided = divide(20_000_000, &[wish(1, Some(20)), wish(1, None), wish(3, None)]).expect("enough");
    let left = 20_000_000 - 400_000 - 1_000_000 - need(20);
    assert_eq!(divided.shares, [need(20), left / 4, left * 3 / 4]);
}

#[test]
fn where_all_have_targets_nothing_is_left_over() {
    let divided = divide(1_000_000_000, &[wish(1, Some(20)), wish(1, Some(50))]).expect("enough");
    assert_eq!(divided.shares, [need(20), need(50)]);
    let values = need(20) + need(50);
    let total = values + divided.overhead.size + divided.overhead.clipping;
    // A fiftieth and a twentieth of the whole.
    assert!((total * 93).abs_diff(values * 100) < 1_000, "{total} for {values}");

    // A choice of groups that nobody reads costs a share like the others.
    let keys = Wish { is_read: false, ..wish(1, None) };
    let divided = divide(1_000_000_000, &[keys, wish(2, Some(20))]).expect("enough");
    assert_eq!(divided.shares, [need(20) / 2, need(20)]);
}

#[test]
fn what_is_short_is_told_exactly() {
    let wishes = [wish(1, Some(5)), wish(1, None)];
    let Err(Short(needed)) = divide(1_000, &wishes) else { panic!("1,000 billionths buy no error of 5") };
    assert!(divide(needed, &wishes).is_ok());
    let all = [wish(1, Some(5)), wish(1, Some(9))];
    let Err(Short(needed)) = divide(1_000, &all) else { panic!("1,000 billionths buy no error of 5") };
    assert!(divide(needed, &all).is_ok());
    assert!(divide(needed - 1, &all).is_err());
}
