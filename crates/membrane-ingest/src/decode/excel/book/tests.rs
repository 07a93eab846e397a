//! Formats of dates, and paths within a workbook.

use super::*;

#[test]
fn formats_of_dates_are_told_from_those_of_numbers() {
    for code in ["yyyy-mm-dd", "d/m/yy;@", "[$-804]yyyy\"年\"m\"月\"", "h:mm AM/PM", "[Red]dd", "mmm"] {
        assert!(is_date_code(code), "{code}");
    }
    for code in [
        "General",
        "0.00",
        "#,##0.00 \"days\"",
        "[Magenta]0",
        "0\\d",
        "[h]:mm:ss",
        "[mm]",
        "@",
        "0.00E+00",
        "_d0",
    ] {
        assert!(!is_date_code(code), "{code}");
    }
    assert!(is_date_id(14) && is_date_id(57) && !is_date_id(46) && !is_date_id(0));
}

#[test]
fn targets_are_found_from_their_folder() {
    for (folder, target, path) in [
        ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
        ("xl", "/xl/styles.xml", "xl/styles.xml"),
        ("xl/a", "../b.xml", "xl/b.xml"),
        ("", "xl/workbook.xml", "xl/workbook.xml"),
        ("", "../../x", "x"),
    ] {
        assert_eq!(absolute(folder, target), path);
    }
}
