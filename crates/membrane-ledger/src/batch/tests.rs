use super::*;

#[test]
fn parameters_are_numbered_row_by_row_or_counted() {
    assert_eq!(Database::Postgres.tuples(1, 1), "($1)");
    assert_eq!(Database::Postgres.tuples(1, 3), "($1,$2,$3)");
    assert_eq!(Database::Postgres.tuples(2, 2), "($1,$2),($3,$4)");
    assert_eq!(Database::Sqlite.tuples(1, 1), "(?)");
    assert_eq!(Database::Sqlite.tuples(2, 2), "(?,?),(?,?)");
}

#[test]
fn statements_stay_far_below_the_limits() {
    // SQLite takes 32,766 parameters, PostgreSQL 65,535; the widest INSERT has 10 per row.
    assert!(Database::Postgres.tuples(SIZE_MAX, 10).ends_with(",$5000)"));
}
