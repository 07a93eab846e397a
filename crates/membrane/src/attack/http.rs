//! Oddities of the transport: methods, paths, headers, bodies, bearers.

use serde_json::json;

use super::{Ask, Attack, By, Expect, Family, Request};

pub(super) const FAMILY: Family = Family {
    number: 25,
    title: "oddities of HTTP",
    channel: "a request that one part of the hub reads differently than another",
    attacks,
};

const JSON: &str = "application/json";
const OWN: &str = "Bearer {bearer}";

fn question() -> Vec<u8> {
    json!({ "sql": "SELECT * FROM crm_members", "purpose": "{purpose}" }).to_string().into_bytes()
}

struct Odd {
    title: &'static str,
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    statuses: &'static [u16],
}

fn odd(
    title: &'static str,
    method: &'static str,
    path: &'static str,
    headers: &[(&'static str, &str)],
    body: impl Into<Vec<u8>>,
    statuses: &'static [u16],
) -> Odd {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Odd { title, method, path, headers, body: body.into(), statuses }
}

fn attacks() -> Vec<Attack> {
    bearers().into_iter().chain(bodies()).chain(paths()).map(attack).collect()
}

fn attack(odd: Odd) -> Attack {
    let request =
        Request { method: odd.method, path: odd.path.to_owned(), headers: odd.headers, body: odd.body };
    Attack::new(odd.title, Ask::Http(request), Expect::Status(odd.statuses)).by(By::Anyone)
}

/// Ways to be somebody else, or nobody.
fn bearers() -> Vec<Odd> {
    let ask = |title, headers: &[(&'static str, &str)]| {
        let mut all = vec![("content-type", JSON)];
        all.extend_from_slice(headers);
        odd(title, "POST", "/v1/query", &all, question(), &[401])
    };
    let forged = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJzdWIiOiJjb21wbGlhbmNlOm9sZ2EiLCJpc3MiOiJtZW1icmFuZSIsImF1ZCI6Im1lbWJyYW5lIiwiaWF0IjoxLCJleHAiOjk5OTk5OTk5OTksImp0aSI6IngifQ.";
    vec![
        ask("no bearer", &[]),
        ask("an empty bearer", &[("authorization", "Bearer ")]),
        ask("another scheme", &[("authorization", "Basic YW5hOmFuYQ==")]),
        ask("a bearer without a signature", &[("authorization", &format!("Bearer {forged}"))]),
        ask("a bearer with a letter more", &[("authorization", "Bearer {bearer}x")]),
        ask("a bearer with a letter before", &[("authorization", "Bearer x{bearer}")]),
        ask("a bearer in two lines", &[("authorization", OWN), ("authorization", OWN)]),
        ask("two bearers", &[("authorization", &format!("Bearer {{bearer}}, Bearer {forged}"))]),
        ask("a bearer in a cookie", &[("cookie", "authorization={bearer}")]),
        ask("a bearer for a proxy", &[("proxy-authorization", OWN)]),
        ask(
            "another's name",
            &[("x-forwarded-user", "compliance:olga"), ("x-remote-user", "compliance:olga")],
        ),
        odd(
            "a bearer in the path",
            "POST",
            "/v1/query?authorization=Bearer%20{bearer}",
            &[("content-type", JSON)],
            question(),
            &[401],
        ),
    ]
}

/// Bodies that are not what they say.
#[expect(clippy::too_many_lines, reason = "one body after the other")]
fn bodies() -> Vec<Odd> {
    let post = |title, kind: &str, body: Vec<u8>, statuses| {
        odd(title, "POST", "/v1/query", &[("authorization", OWN), ("content-type", kind)], body, statuses)
    };
    let text = |text: &str| text.as_bytes().to_vec();
    let wide: Vec<u8> =
        String::from_utf8_lossy(&question()).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bad: &[u16] = &[400, 413];
    vec![
        post("another kind of body", "text/plain", question(), bad),
        post("a form", "application/x-www-form-urlencoded", text("sql=SELECT+1"), bad),
        post("two kinds", "application/json, text/plain", text("{\"sql\":\"SELECT 1\"} "), bad),
        post("no body", JSON, Vec::new(), bad),
        post("half a body", JSON, text("{\"sql\": \"SELECT 1"), bad),
        post("a list of the fields' values", JSON, text("[\"SELECT 1\", \"marketing_analysis\"]"), bad),
        post("a list", JSON, text("[\"SELECT 1\"]"), bad),
        post("two objects", JSON, text("{\"sql\":\"SELECT 1\"}{\"sql\":\"SELECT 2\"}"), bad),
        post(
            "one name twice",
            JSON,
            text(
                "{\"sql\":\"SELECT 1\",\"sql\":\"SELECT * FROM crm_members\",\"purpose\":\"marketing_analysis\"}",
            ),
            bad,
        ),
        post("a name that is none", JSON, text("{\"sql\":\"SELECT 1\",\"as\":\"compliance:olga\"}"), bad),
        post(
            "a principal of one's own",
            JSON,
            text("{\"sql\":\"SELECT 1\",\"principal\":\"analyst:lee\"}"),
            bad,
        ),
        post("limits of one's own", JSON, text("{\"sql\":\"SELECT 1\",\"limits\":{\"rows_max\":1}}"), bad),
        post("SQL that is a number", JSON, text("{\"sql\":1}"), bad),
        post("SQL that is NULL", JSON, text("{\"sql\":null}"), bad),
        post("bytes that are no text", JSON, b"{\"sql\":\"SELECT '\xff\xfe'\"}".to_vec(), bad),
        post("half a pair of surrogates", JSON, text("{\"sql\":\"SELECT '\\ud800'\"}"), bad),
        post("another encoding", "application/json; charset=utf-16", wide, bad),
        post("a very long body", JSON, vec![b' '; 1 << 20], bad),
        post(
            "objects in objects",
            JSON,
            format!("{}1{}", "{\"sql\":".repeat(5000), "}".repeat(5000)).into_bytes(),
            bad,
        ),
        odd(
            "a body of another length",
            "POST",
            "/v1/query",
            &[("authorization", OWN), ("content-type", JSON), ("content-length", "5")],
            question(),
            bad,
        ),
        odd(
            "a body of two lengths",
            "POST",
            "/v1/query",
            &[
                ("authorization", OWN),
                ("content-type", JSON),
                ("content-length", "5"),
                ("content-length", "50"),
            ],
            question(),
            bad,
        ),
        odd(
            "a length and chunks",
            "POST",
            "/v1/query",
            &[
                ("authorization", OWN),
                ("content-type", JSON),
                ("content-length", "5"),
                ("transfer-encoding", "chunked"),
            ],
            "0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
            bad,
        ),
        odd(
            "a packed body",
            "POST",
            "/v1/query",
            &[("authorization", OWN), ("content-type", JSON), ("content-encoding", "gzip")],
            vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0],
            bad,
        ),
    ]
}

/// Methods, paths and forms of answers.
fn paths() -> Vec<Odd> {
    let get = |title, method, path, statuses| {
        odd(title, method, path, &[("authorization", OWN)], Vec::new(), statuses)
    };
    let accept = |title, value: &str| {
        odd(
            title,
            "POST",
            "/v1/query",
            &[("authorization", OWN), ("content-type", JSON), ("accept", value)],
            question(),
            &[406],
        )
    };
    let lost: &[u16] = &[400, 403, 404, 405];
    vec![
        get("a question by GET", "GET", "/v1/query?sql=SELECT%201", &[405]),
        get("a question by HEAD", "HEAD", "/v1/query", &[405]),
        get("options", "OPTIONS", "/v1/query", &[405]),
        get("trace", "TRACE", "/v1/query", &[405]),
        get("a method of one's own", "BREW", "/v1/query", &[400, 405]),
        get("another version", "GET", "/v2/query", &[404]),
        get("a path with a slash more", "GET", "/v1/runs/", lost),
        get("a path with two slashes", "GET", "//v1/runs", &[404]),
        get("a path with dots", "GET", "/healthz/../v1/runs", &[404]),
        get("a path in escapes", "GET", "/v1/%72uns", &[400, 403, 404]),
        get("a path with a zero byte", "GET", "/v1/datasets%00", lost),
        get("a dataset above", "GET", "/v1/lineage/..%2f..%2fetc/passwd", lost),
        get("a file", "GET", "/../../etc/passwd", &[400, 404]),
        get("the debugger", "GET", "/debug/pprof", &[404]),
        get("the administrator's", "GET", "/v1/admin", &[404]),
        get("the ledger", "GET", "/v1/ledger", &[404]),
        get("bearers", "POST", "/v1/bearer", &[404]),
        get("parameters that are none", "GET", "/v1/datasets?as=compliance:olga", &[400, 403, 404]),
        get("a method in a header", "GET", "/v1/query", &[405]),
        odd(
            "another host",
            "GET",
            "/v1/runs",
            &[("authorization", "Bearer x"), ("x-forwarded-host", "localhost")],
            Vec::new(),
            &[401],
        ),
        odd(
            "another path in a header",
            "GET",
            "/healthz",
            &[("x-original-url", "/v1/runs"), ("x-rewrite-url", "/v1/runs")],
            Vec::new(),
            &[200],
        ),
        odd(
            "a page of another's",
            "GET",
            "/v1/datasets",
            &[("origin", "http://attacker.example")],
            Vec::new(),
            &[401],
        ),
        accept("a form that is none", "image/png"),
        accept(
            "a form that is not wanted",
            "application/json;q=0, text/csv;q=0, application/vnd.apache.arrow.stream;q=0",
        ),
    ]
}
