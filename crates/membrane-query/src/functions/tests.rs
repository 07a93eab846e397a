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
