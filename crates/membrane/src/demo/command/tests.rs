use serde_json::{Value, json};

use super::{ShellCommand, Who, answer_of, curl_post};

async fn check(shell: &str, expected: Result<Value, &str>) {
    let who = Who { id: "someone", about: "" };
    let command =
        ShellCommand { who, title: "test", shell: shell.to_owned(), check: |_, _| Ok(String::new()) };
    let exports = [("NAME".to_owned(), "value".to_owned())];
    match (answer_of(&exports, &command).await, expected) {
        (Ok(answer), Ok(wanted)) => assert_eq!(answer, wanted),
        (Err(words), Err(part)) => assert!(words.contains(part), "{words}"),
        (found, wanted) => panic!("{found:?} instead of {wanted:?}"),
    }
}

#[tokio::test]
async fn what_a_person_would_paste_is_what_runs() {
    check("printf '\"%s\"' \"$NAME\"", Ok(json!("value"))).await;
    check("echo no json", Err("not JSON")).await;
    check("echo broken >&2; exit 7", Err("broken")).await;
}

#[tokio::test]
async fn a_body_with_quotes_reaches_curl_whole() {
    let body = json!({ "sql": "SELECT 'it''s' AS \"x\"" });
    let shell = curl_post("http://127.0.0.1:1", "/v1/query", "NAME", &body);
    // A function of the same name stands in for curl and shows its last argument.
    check(&format!("curl() {{ for last; do :; done; printf %s \"$last\"; }}; {shell}"), Ok(body)).await;
}
