use super::*;

#[test]
fn every_protection_reads_back() {
    for text in
        ["clear", "token", "sealed", "sealed+token", "drop", "generalise(month)", "generalise(width(10))"]
    {
        assert_eq!(text.parse::<Protection>().unwrap().to_string(), text);
    }
    for wrong in ["", "hash", "generalise()", "generalise(width(0))", "sealed + token"] {
        assert!(wrong.parse::<Protection>().is_err(), "{wrong}");
    }
}
