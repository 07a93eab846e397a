//! Functions with effects, without bounds, or that tell of the machine.

use super::{Attack, Expect, Family, all};

pub(super) const FAMILY: Family = Family {
    number: 13,
    title: "functions that are not offered",
    channel: "effects, memory, the machine",
    attacks,
};

fn attacks() -> Vec<Attack> {
    let mut attacks = all(REFUSED, &Expect::Refused(&["unknown_function", "unsupported"]));
    attacks.extend(all(BUILT, &Expect::Refused(&["unknown_function", "unsupported", "invalid", "syntax"])));
    attacks
}

const REFUSED: &[(&str, &str)] = &[
    ("repeat", "SELECT repeat('x', 1000000000) AS t"),
    ("lpad", "SELECT lpad('x', 1000000000, 'y') AS t"),
    ("rpad", "SELECT rpad(city, 1000000000) AS t FROM crm_members"),
    ("random", "SELECT random() AS r"),
    ("uuid", "SELECT uuid() AS u"),
    ("sleep", "SELECT pg_sleep(60) AS s"),
    ("range", "SELECT range(1, 1000000000) AS r"),
    ("generate_series", "SELECT generate_series(1, 1000000000) AS r"),
    ("array_agg", "SELECT array_agg(phone) AS a FROM crm_members"),
    ("string_agg", "SELECT string_agg(phone, ',') AS a FROM crm_members"),
    ("levenshtein", "SELECT levenshtein(city, name) AS l FROM crm_members"),
    ("sha512", "SELECT sha512(city) AS h FROM crm_members"),
    ("encode", "SELECT encode(city::bytea, 'hex') AS h FROM crm_members"),
    ("the file of the input", "SELECT input_file_name() AS f FROM crm_members"),
    ("the row of the file", "SELECT file_row_index() AS f FROM crm_members"),
    ("the type", "SELECT arrow_typeof(city) AS t FROM crm_members"),
    ("metadata of a column", "SELECT arrow_metadata(city) AS t FROM crm_members"),
    ("the union of a type", "SELECT union_extract(city, 'x') AS t FROM crm_members"),
    ("a message", "SELECT raise_error(city) AS t FROM crm_members"),
    ("a program", "SELECT system('id') AS t"),
    ("a library", "SELECT load_extension('x.so') AS t"),
    ("a large object", "SELECT lo_import('/etc/passwd') AS t"),
    ("XML of a query", "SELECT query_to_xml('SELECT * FROM crm_members', true, true, '') AS t"),
    ("the network", "SELECT http_get('http://127.0.0.1/') AS t"),
    ("JSON of a row", "SELECT to_json(city) AS t FROM crm_members"),
    ("a name in capitals", "SELECT REPEAT('x', 10) AS t"),
    ("a name that is quoted", "SELECT \"repeat\"('x', 10) AS t"),
    ("a name with its schema", "SELECT pg_catalog.repeat('x', 10) AS t"),
    ("in WHERE", "SELECT count(*) AS n FROM crm_members WHERE repeat(city, 2) = 'x'"),
    ("in a window", "SELECT array_agg(city) OVER () AS n FROM crm_members"),
    ("in a subquery", "SELECT count(*) AS n FROM crm_members WHERE EXISTS (SELECT uuid())"),
    ("many values of a window", "SELECT median(quantity) OVER (ORDER BY order_id) AS n FROM pos_order_lines"),
    (
        "room for many",
        "SELECT approx_percentile_cont(quantity, 0.5, 100000000000000) AS n FROM pos_order_lines",
    ),
    ("a cube", "SELECT count(*) AS n FROM crm_members GROUP BY CUBE (city, tier, region, gender)"),
];

/// Values that are built and not called for.
const BUILT: &[(&str, &str)] = &[
    ("an array", "SELECT [phone, email] AS a FROM crm_members"),
    ("an array of a query", "SELECT ARRAY(SELECT phone FROM crm_members) AS a"),
    ("a struct", "SELECT struct(phone, email) AS s FROM crm_members"),
    ("a struct with names", "SELECT named_struct('p', phone) AS s FROM crm_members"),
    ("a map", "SELECT MAP {'a': phone} AS m FROM crm_members"),
    ("a lambda", "SELECT array_transform([1, 2], x -> x + 1) AS a"),
    ("a JSON path", "SELECT city -> 'x' AS j FROM crm_members"),
    ("a time zone of the machine", "SELECT now() AT TIME ZONE city AS t FROM crm_members"),
    ("a collation", "SELECT city COLLATE \"C\" AS c FROM crm_members"),
];
