use super::*;

const MEMBER_MAX: u64 = 25_000;
const TOTAL_MAX: u64 = 800 << 20;

fn limit(rho_nano: u64) -> SizeLimit {
    SizeLimit::calibrate(
        SizeBound { member_max: MEMBER_MAX, total_max: TOTAL_MAX },
        NoiseKind::Auto,
        Share::rho(rho_nano),
    )
    .expect("a limit")
}

/// What lies far below always fits, and nothing ever exceeds the whole.
#[test]
fn the_limit_is_near_the_whole_and_never_beyond() {
    for rho_nano in [500_000, 4_000, 200] {
        let limit = limit(rho_nano);
        for _ in 0..200 {
            let drawn = limit.draw().expect("a draw");
            assert!(drawn <= TOTAL_MAX);
            assert!(drawn > TOTAL_MAX / 20, "{drawn} at {rho_nano}");
        }
    }
}

/// One member more or less changes the chance of failing by no more than the price says: over 20,000 draws at
/// the edge, the two shares differ by far less than their deviations.
#[test]
fn one_member_cannot_be_told_at_the_edge() {
    const DRAWS: usize = 20_000;
    let limit = limit(20_000);
    let edge = u64::try_from(limit.centre).expect("a size");
    let mut failed = [0_i32; 2];
    for _ in 0..DRAWS {
        let drawn = limit.draw().expect("a draw");
        for (failed, size) in failed.iter_mut().zip([edge, edge + MEMBER_MAX]) {
            *failed += i32::from(size > drawn);
        }
    }
    // rho 2e-5: the distributions are at most sqrt(rho / 2) = 0.0032 apart in total variation.
    assert!((failed[0] - 10_000).abs() < 500, "an even chance at the edge: {failed:?}");
    assert!((failed[1] - failed[0]).abs() < 200, "{failed:?}");
}

#[test]
fn a_member_that_could_take_too_much_is_refused_without_data() {
    let bound = SizeBound { member_max: 1 << 24, total_max: 1 << 28 };
    let limit = |member_max| {
        SizeLimit::calibrate(SizeBound { member_max, ..bound }, NoiseKind::Auto, Share::rho(10_000))
    };
    let Err(PrivacyError::MemberTooLarge { member_max }) = limit(bound.member_max) else {
        panic!("it must be refused");
    };
    // What is told goes, and hardly more does.
    assert!(limit(member_max).is_ok() && limit(member_max + member_max / 100).is_err(), "{member_max}");
    let bound = SizeBound { member_max: 1, total_max: u64::MAX };
    assert!(SizeLimit::calibrate(bound, NoiseKind::Auto, Share::rho(10_000)).is_err());
}
