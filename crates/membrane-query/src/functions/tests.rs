use super::*;

/// Every name on a list must exist in this DataFusion: a renamed function would vanish silently.
#[test]
fn every_listed_function_exists() {
    let scalar: Vec<_> = scalar_functions().iter().map(|function| function.name().to_owned()).collect();
    let aggregate: Vec<_> = aggregate_functions().iter().map(|function| function.name().to_owned()).collect();
    let window: Vec<_> = window_functions().iter().map(|function| function.name().to_owned()).collect();
    for (listed, found) in [(SCALAR, scalar), (AGGREGATE, aggregate), (WINDOW, window)] {
        for name in listed {
            assert!(found.iter().any(|known| known == name), "{name} is not in DataFusion");
        }
    }
}

#[test]
fn volatile_and_sizing_functions_are_out() {
    let names: Vec<_> = scalar_functions().iter().map(|function| function.name().to_owned()).collect();
    for name in [
        "random",
        "uuid",
        "repeat",
        "lpad",
        "rpad",
        "version",
        "md5",
        "sha256",
        "arrow_cast",
        "make_array",
        "levenshtein",
    ] {
        assert!(!names.iter().any(|known| known == name), "{name}");
    }
}

/// The page for analysts lists what there is.
#[test]
fn the_page_for_analysts_has_every_function() {
    let page = include_str!("../../../../docs/analysts.md");
    for name in [SCALAR, AGGREGATE, WINDOW].into_iter().flatten() {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
