//! The functions that a statement may use, by name.
//!
//! A function is on the list when it is a pure computation on its arguments, its result is no larger
//! than its arguments allow, and it tells nothing about the machine or the storage. Not on it:
//! `random`, `uuid` (volatile), `repeat`, `lpad`, `rpad`, `range` (a caller sizes the result),
//! `levenshtein` (its time grows with the square of a text), `string_agg`, `array_agg` (a group sizes the
//! result, and nothing bounds a group), `version`, `input_file_name`,
//! `file_row_index`, `arrow_typeof`, `arrow_cast` (internals), digests (an unkeyed hash of an
//! identifier is the identifier) and everything on lists, maps and structs.
//!
//! Registering only these is not enough, because planners insert functions that were never registered:
//! [`crate::plan_check`] looks every function of a plan up here again.

pub(crate) mod member_token;

use std::sync::{Arc, LazyLock};

use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, Volatility, WindowUDF};

const SCALAR: &[&str] = &[
    // Numbers.
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "cos",
    "cosh",
    "cot",
    "degrees",
    "exp",
    "factorial",
    "floor",
    "gcd",
    "isnan",
    "iszero",
    "lcm",
    "ln",
    "log",
    "log10",
    "log2",
    "nanvl",
    "pi",
    "power",
    "radians",
    "round",
    "signum",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "trunc",
    // Text.
    "ascii",
    "bit_length",
    "btrim",
    "character_length",
    "chr",
    "concat",
    "concat_ws",
    "contains",
    "ends_with",
    "find_in_set",
    "initcap",
    "left",
    "lower",
    "ltrim",
    "octet_length",
    "overlay",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_replace",
    "replace",
    "reverse",
    "right",
    "rtrim",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substr_index",
    "to_hex",
    "translate",
    "upper",
    // Dates and times.
    "current_date",
    "current_time",
    "date_bin",
    "date_part",
    "date_trunc",
    "from_unixtime",
    "make_date",
    "make_time",
    "now",
    "to_char",
    "to_date",
    "to_local_time",
    "to_time",
    "to_timestamp",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_nanos",
    "to_timestamp_seconds",
    "to_unixtime",
    // Choice.
    "coalesce",
    "greatest",
    "least",
    "nullif",
    "nvl",
    "nvl2",
];

const AGGREGATE: &[&str] = &[
    "any_value",
    "approx_distinct",
    "approx_median",
    "approx_percentile_cont",
    "approx_percentile_cont_with_weight",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "first_value",
    "grouping",
    "last_value",
    "max",
    "median",
    "min",
    "nth_value",
    "percentile_cont",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "sum",
    "var",
    "var_pop",
];

const WINDOW: &[&str] = &[
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Aggregates that may be used over a window: adding a row, taking one out and telling the result cost the same
/// whatever the frame holds.
const WINDOW_AGGREGATE: &[&str] = &[
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "max",
    "min",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "sum",
    "var",
    "var_pop",
];

/// Functions that people look for and that are not offered, with what to do instead.
const INSTEAD: &[(&str, &str)] = &[
    (
        "string_agg",
        "string_agg; select the rows with ORDER BY and put their texts together where you read them",
    ),
    ("array_agg", "array_agg; select the rows with ORDER BY and put them together where you read them"),
    // As which the parser reads it where it does not expect it.
    ("cube", "CUBE; name the groupings that you need with GROUPING SETS"),
    ("listagg", "listagg; select the rows with ORDER BY and put their texts together where you read them"),
];

/// Returns what is said of a function that is not offered and has a way around it.
pub(crate) fn instead_of(name: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(known, _)| *known == name).map(|(_, told)| *told)
}

/// Tells whether a word is the name of a function that a statement may use.
pub(crate) fn is_known_name(word: &str) -> bool {
    word == member_token::NAME || [SCALAR, AGGREGATE, WINDOW].iter().any(|names| names.contains(&word))
}

/// Tells whether a scalar function may be used.
pub(crate) fn is_scalar_allowed(function: &ScalarUDF) -> bool {
    // In the session of a permit that looks values up, and in no other.
    let looks_up = function.inner().is::<member_token::MemberToken>();
    (looks_up || SCALAR.contains(&function.name())) && function.signature().volatility != Volatility::Volatile
}

/// Tells whether an aggregate function may be used.
pub(crate) fn is_aggregate_allowed(function: &AggregateUDF) -> bool {
    AGGREGATE.contains(&function.name()) && function.signature().volatility != Volatility::Volatile
}

/// Tells whether an aggregate function may be used over a window.
pub(crate) fn is_window_aggregate_allowed(function: &AggregateUDF) -> bool {
    WINDOW_AGGREGATE.contains(&function.name()) && is_aggregate_allowed(function)
}

/// Tells whether a window function may be used.
pub(crate) fn is_window_allowed(function: &WindowUDF) -> bool {
    WINDOW.contains(&function.name()) && function.signature().volatility != Volatility::Volatile
}

/// Returns the scalar functions of a session.
pub(crate) fn scalar_functions() -> Vec<Arc<ScalarUDF>> {
    static ALL: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
        let mut functions = SessionStateDefaults::default_scalar_functions();
        functions.retain(|function| is_scalar_allowed(function));
        functions
    });
    ALL.clone()
}

/// Returns the aggregate functions of a session.
pub(crate) fn aggregate_functions() -> Vec<Arc<AggregateUDF>> {
    static ALL: LazyLock<Vec<Arc<AggregateUDF>>> = LazyLock::new(|| {
        let mut functions = SessionStateDefaults::default_aggregate_functions();
        functions.retain(|function| is_aggregate_allowed(function));
        functions
    });
    ALL.clone()
}

/// Returns the window functions of a session.
pub(crate) fn window_functions() -> Vec<Arc<WindowUDF>> {
    static ALL: LazyLock<Vec<Arc<WindowUDF>>> = LazyLock::new(|| {
        let mut functions = SessionStateDefaults::default_window_functions();
        functions.retain(|function| is_window_allowed(function));
        functions
    });
    ALL.clone()
}

/// Returns what turns SQL syntax (`EXTRACT`, `SUBSTRING`, `COUNT(*)`) into functions. The planners for
/// lists, maps and field access are left out.
pub(crate) fn expression_planners() -> Vec<Arc<dyn ExprPlanner>> {
    vec![
        Arc::new(datafusion::functions::core::planner::CoreFunctionPlanner::default()),
        Arc::new(datafusion::functions::datetime::planner::DatetimeFunctionPlanner),
        Arc::new(datafusion::functions::unicode::planner::UnicodeFunctionPlanner),
        Arc::new(datafusion::functions_aggregate::planner::AggregateFunctionPlanner),
        Arc::new(datafusion::functions_window::planner::WindowFunctionPlanner),
    ]
}

#[cfg(test)]
mod tests;
