use super::*;

fn check(area: Area, verdict: Verdict) -> Check {
    Check {
        area,
        name: "a | b".to_owned(),
        asserted: "x".to_owned(),
        claimed: "1".to_owned(),
        measured: "2".to_owned(),
        verdict,
        trials: 3,
        conditions: String::new(),
    }
}

#[test]
fn one_check_that_fails_fails_all() {
    let held = check(Area::Order, Verdict::Holds);
    let told = check(Area::Coverage, Verdict::Told);
    let good = Report { checks: vec![held.clone(), told.clone()] };
    assert!(good.holds());
    assert_eq!(good.score(), (1, 1));
    let bad = Report { checks: vec![held, told, check(Area::Grid, Verdict::Fails)] };
    assert!(!bad.holds());
    assert_eq!(bad.score(), (2, 1));
    assert!(!Report { checks: Vec::new() }.holds(), "nothing was looked at");
}

#[test]
fn a_report_has_every_check_under_its_area() {
    let report = Report { checks: Area::ALL.map(|area| check(area, Verdict::Holds)).to_vec() };
    let text = report.markdown("made by hand");
    for area in Area::ALL {
        assert!(text.contains(&format!("## {}\n", area.title())), "{area:?}");
    }
    assert_eq!(text.matches("| a \\| b | x | 1 | 2 | holds | 3 |  |").count(), Area::ALL.len());
    let json = report.json("made by hand");
    assert_eq!(json["checks"].as_array().map(Vec::len), Some(Area::ALL.len()));
    assert_eq!((&json["holds"], &json["checks"][0]["area"]), (&json!(true), &json!("mechanisms")));
}
