use super::*;
use crate::fixture::catalog;

#[test]
fn columns_are_attributes_where_cedar_can_hold_every_value() {
    let catalog = catalog(&[(
        "visits",
        None,
        &[
            "a date business clear required",
            "b timestamp business generalise(month)",
            "c decimal(18,4) business clear",
            "d decimal(14,0) business clear",
            "e decimal(19,4) business clear",
            "f decimal(15,0) business clear",
            "g decimal(12,5) business clear",
            "h number business clear",
            "i boolean business clear consent=marketing attribute=agreed",
            "j date business drop",
        ],
    )]);
    assert_eq!(
        generate(&catalog).split_once("{\n").unwrap().1.split_once("  };").unwrap().0,
        r#"  entity visits in [Dataset] = {
    "a": datetime,
    "b"?: datetime,
    "c"?: decimal,
    "d"?: decimal,
    "agreed"?: Bool,
    "consents": Set<String>,
"#
    );
}
