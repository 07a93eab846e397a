use super::*;

const SAID: &str = "\
running 7 tests
test tests::kills::the_process_that_is_killed ... ok
test tests::sqlite::check_racing_for_one_question ... ok
test tests::sqlite::check_a_release_is_paid_once ... FAILED
test tests::kills::a_thousand_kills_on_a_file ... ok
test tests::sqlite::check_sixty_four_ask_for_the_last_unit ... ok

successes:

---- tests::sqlite::check_sixty_four_ask_for_the_last_unit stdout ----
one got it

---- tests::kills::a_thousand_kills_on_a_file stdout ----
killed at {\"Opened\": 90}, 100 in between, 3 too late; 400 answers seen
";

#[test]
fn what_passed_holds_and_what_was_not_run_does_not() {
    let of = |test: &str| check(SAID, test, "");
    assert_eq!(of("tests::sqlite::check_racing_for_one_question").verdict, Verdict::Holds);
    assert_eq!(of("tests::sqlite::check_a_release_is_paid_once").verdict, Verdict::Fails);
    let missing = of("tests::postgresql");
    assert_eq!((missing.verdict, missing.measured.as_str()), (Verdict::Fails, "was not run"));
    let kills = of("tests::kills::a_thousand_kills_on_a_file");
    assert!(kills.verdict == Verdict::Holds && kills.measured.starts_with("killed at"), "{kills:?}");
    assert_eq!(of("tests::sqlite::check_sixty_four_ask_for_the_last_unit").measured, "passes");
    assert_eq!(checks(SAID).len(), TESTS.len());
}
