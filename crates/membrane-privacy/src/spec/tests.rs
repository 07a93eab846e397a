use membrane_model::{Delta, Epsilon};

use crate::{
    AggregateKind, AggregateSpec, KeyDomain, Mechanism, NoiseKind, PriceAsked, PrivacyError, ReleaseSpec,
    SizeBound,
};

fn sum(lower: i64, upper: i64) -> AggregateKind {
    AggregateKind::Sum { lower, upper, scale: 2 }
}

fn epsilon(value: f64) -> PriceAsked {
    PriceAsked::Epsilon(Epsilon::new(value).expect("an epsilon"))
}

fn spec() -> ReleaseSpec {
    ReleaseSpec {
        keys: KeyDomain::Unknown,
        groups_max: 4,
        rows_max: 10,
        aggregates: vec![AggregateSpec::new("spend", sum(0, 500_000))],
        price: PriceAsked::Epsilon(Epsilon::new(1.0).expect("an epsilon")),
        rollup: Vec::new(),
        counter: None,
        spent: None,
        delta: Delta::new(1e-6).expect("a delta"),
        noise: NoiseKind::Auto,
        cohort_min: 0,
        size: SizeBound { member_max: 1_000, total_max: 1 << 30 },
    }
}

fn check(change: impl FnOnce(&mut ReleaseSpec), expected: Option<&str>) {
    let mut spec = spec();
    change(&mut spec);
    let refused = Mechanism::calibrate(spec).err();
    assert_eq!(refused.map(|error| error.to_string()).as_deref(), expected);
}

#[test]
fn sense_is_accepted() {
    check(|_| (), None);
    check(|spec| spec.keys = KeyDomain::None, None);
    check(|spec| spec.keys = KeyDomain::Public(vec![vec![None], vec![Some("SH".into())]]), None);
    check(|spec| spec.aggregates.push(AggregateSpec::new("n", AggregateKind::Members)), None);
    check(|spec| spec.aggregates[0].kind = sum(-5, -1), None);
}

#[test]
fn nonsense_is_refused() {
    let delta = Some("delta must be within 1e-12 and 0.1");
    check(|spec| spec.delta = Delta::new(0.5).expect("half"), delta);
    check(|spec| spec.price = epsilon(21.0), Some("epsilon must be above 0 and at most 20"));
    check(
        |spec| spec.price = epsilon(1e-5),
        Some("epsilon is too small at this delta: the ledger's smallest unit is already dearer"),
    );
    check(|spec| spec.groups_max = 0, Some("groups per member must be within 1 and 1048576"));
    check(|spec| spec.rows_max = 0, Some("rows per member and group must be within 1 and 1048576"));
    check(|spec| spec.aggregates.clear(), Some("a release has 1 to 32 aggregates"));
    check(
        |spec| spec.aggregates.push(AggregateSpec::new("spend", AggregateKind::Rows)),
        Some("every aggregate needs a name of its own"),
    );
    check(|spec| spec.aggregates[0].name.clear(), Some("every aggregate needs a name of its own"));
    check(|spec| spec.aggregates[0].weight = 0, Some("the weight of an aggregate must be within 1 and 1000"));
    check(
        |spec| {
            spec.delta = Delta::new(1e-12).expect("small");
            spec.groups_max = 1 << 20;
        },
        Some("delta is too small for that many groups per member"),
    );
}

#[test]
fn bounds_of_a_sum_must_hold_more_than_zero() {
    let refused = Some("the bounds of `spend` must be a range that holds more than zero");
    check(|spec| spec.aggregates[0].kind = sum(0, 0), refused);
    check(|spec| spec.aggregates[0].kind = sum(7, 3), refused);
}

#[test]
fn bounds_that_could_overflow_are_refused_without_data() {
    for (lower, upper, rows_max) in
        [(0, i64::MAX, 1), (i64::MIN, 0, 1), (0, 1 << 31, 1), (0, 1 << 21, 1 << 10), (-(1 << 31), 5, 1)]
    {
        let mut spec = spec();
        spec.rows_max = rows_max;
        spec.aggregates[0].kind = sum(lower, upper);
        let refused = Mechanism::calibrate(spec).err();
        assert_eq!(refused, Some(PrivacyError::Overflow { aggregate: "spend".into(), max: 1 << 31 }));
    }
    check(|spec| spec.aggregates[0].kind = sum(0, (1 << 27) - 1), None);
}

#[test]
fn public_keys_must_be_a_list() {
    let refused =
        Some("public keys must be at least one list of cells, all of one length, without repetition");
    let cell = |text: &str| Some(text.to_owned());
    check(|spec| spec.keys = KeyDomain::Public(vec![]), refused);
    check(|spec| spec.keys = KeyDomain::Public(vec![vec![]]), refused);
    check(|spec| spec.keys = KeyDomain::Public(vec![vec![cell("a")], vec![cell("a")]]), refused);
    check(|spec| spec.keys = KeyDomain::Public(vec![vec![cell("a")], vec![cell("a"), None]]), refused);
}

#[test]
fn a_pure_release_needs_what_only_laplace_gives() {
    let pure = |change: &dyn Fn(&mut ReleaseSpec), expected| {
        check(
            |spec| {
                spec.delta = Delta::new(0.0).expect("zero");
                spec.keys = KeyDomain::None;
                change(spec);
            },
            expected,
        );
    };
    pure(&|_| (), None);
    pure(&|spec| spec.noise = NoiseKind::Laplace, None);
    pure(
        &|spec| spec.noise = NoiseKind::Gaussian,
        Some("delta must be above 0 for Gaussian noise: leave `noise` out, or ask for `laplace`"),
    );
    pure(
        &|spec| spec.price = PriceAsked::Rho { rho_nano: 5_000_000 },
        Some("delta must be above 0 for a price in rho: state `epsilon`, or neither of them"),
    );
    let known = "delta must be above 0 where the groups come from the data: leave it out, or group by keys that are known, \
                 such as those that the contract lists, parts of dates and branches of CASE";
    pure(&|spec| spec.keys = KeyDomain::Unknown, Some(known));
}

#[test]
fn targets_quantiles_and_rho_must_make_sense() {
    check(|spec| spec.aggregates[0].target95 = Some(0), Some("a target must be 1 unit or more"));
    check(|spec| spec.price = PriceAsked::Rho { rho_nano: 0 }, Some("rho must be above 0 and at most 1000"));
    check(|spec| spec.price = PriceAsked::Rho { rho_nano: 24_000_000 }, None);
    let refused =
        Some("`spend` must name 1 to 64 quantiles within 0 and 1 if it counts quantiles, and none otherwise");
    check(|spec| spec.aggregates[0].quantiles = vec![0.5], refused);
    let quantile = AggregateKind::Quantile { lower: 0, upper: 500_000, scale: 2 };
    check(|spec| spec.aggregates[0].kind = quantile, refused);
    for shares in [vec![1.5], vec![f64::NAN], vec![0.5; 65]] {
        check(|spec| (spec.aggregates[0].kind, spec.aggregates[0].quantiles) = (quantile, shares), refused);
    }
    check(|spec| (spec.aggregates[0].kind, spec.aggregates[0].quantiles) = (quantile, vec![0.0, 1.0]), None);
    check(
        |spec| spec.aggregates[0].kind = AggregateKind::Distinct { values_max: 0 },
        Some("distinct values per member and group must be within 1 and 1048576"),
    );
}
