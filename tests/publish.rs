//! Publishing as an operator does it: by one command, beside a hub that serves and changes under it.

use std::fs;
use std::time::{Duration, Instant};

use crate::program::{Program, SERVE, text};
use crate::standing::MONTHLY;
use crate::world::repository;

const SQL: &str = r#"{"sql":"SELECT count(store_id) AS n FROM dim_stores","purpose":"marketing_analysis"}"#;

/// A hub that serves what is published, and a folder of policies of its own.
fn program() -> Program {
    let program = Program::new().with_env(SERVE, "published");
    crate::policy::copy(&repository().join("policies"), &program.path("own"));
    program.with_env("MEMBRANE__POLICIES__DIR", "own")
}

/// A command on the hub with the policies of its own folder.
fn run(program: &Program, words: &[&str]) -> (Option<i32>, String) {
    let mut command = program.bare();
    command.args(words).arg("--catalog").arg(repository().join("catalog")).args(["--policies", "own"]);
    let output = command.env(SERVE, "published").output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn what_is_published_is_served_while_the_hub_is_at_work() {
    let program = program();
    let (code, told) = run(&program, &["runs"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("`membrane policy publish`"), "{told}");
    let (code, told) = run(&program, &["policy", "publish"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("published as number 1, version ") && told.contains("proved   no-policy-errs"),
        "{told}"
    );
    let (_, told) = run(&program, &["policy", "history"]);
    assert!(told.contains("\n1 publication, each signed by this hub's key"), "{told}");
    let (_, bearer) = run(&program, &["bearer", "analyst:lee"]);
    let (_, first) = run(&program, &["policy", "history", "--json"]);
    let first: serde_json::Value = serde_json::from_str(&first).unwrap();

    let served = program.serve();
    let ask = |bearer: &str| {
        let more = ["--header", "Content-Type: application/json", "--data", SQL];
        String::from_utf8(served.curl("/v1/query", Some(bearer.trim()), &more)).unwrap()
    };
    assert!(ask(&bearer).contains("200 OK"), "{}", ask(&bearer));

    // The folder alone changes nothing, and what is not fit is not published.
    let card = program.path("own/cards/insight.yaml");
    let text_of_card = fs::read_to_string(&card).unwrap();
    fs::write(&card, text_of_card.replacen("groups: insight", "groups: service", 1)).unwrap();
    let (code, told) = run(&program, &["policy", "publish"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("the policies were not published, and those before are served on"), "{told}");
    assert!(told.contains("case `") && told.contains("matrix.txt"), "{told}");
    assert!(ask(&bearer).contains("200 OK"));
    let (_, told) = run(&program, &["policy", "diff", "--json"]);
    let differences: serde_json::Value = serde_json::from_str(&told).unwrap();
    let replayed = differences["replayed"].as_array().unwrap();
    assert!(
        replayed.iter().any(|one| one["principal"] == "analyst:lee" && one["after"] == "refused"),
        "{told}"
    );

    explained(&program);
    refused(&program);

    // Reviewed: the cases and the matrix say so.
    fs::remove_dir_all(program.path("own/cases")).unwrap();
    assert_eq!(run(&program, &["policy", "matrix", "--write"]).0, Some(0));
    let (code, told) = run(&program, &["policy", "publish"]);
    assert!(code == Some(1) && told.contains("`--fewer-cases` says that it is meant"), "{told}");
    let (code, told) = run(&program, &["policy", "publish", "--fewer-cases"]);
    assert_eq!(code, Some(0), "{told}");
    let deadline = Instant::now() + Duration::from_secs(60);
    while ask(&bearer).contains("200 OK") {
        assert!(Instant::now() < deadline, "the new version is not served");
    }
    assert!(ask(&bearer).contains("not_permitted"), "{}", ask(&bearer));
    served.stop();

    compared(&program);
    let (_, told) = run(&program, &["policy", "history"]);
    assert!(told.contains("2 publications, each signed by this hub's key"), "{told}");
    let before = program.path("before");
    let (code, told) = run(&program, &["policy", "history", "1", "--files", text(&before)]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        fs::read_to_string(before.join("policies/cards/insight.yaml")).unwrap().contains("groups: insight")
    );
    let version = first["publications"][0]["record"]["version"].as_str().unwrap();
    assert!(told.contains(version), "{told}");
    // What was decided names the version that it was decided by.
    let (_, told) = run(&program, &["runs", "--principal", "analyst:lee", "--json"]);
    let runs: serde_json::Value = serde_json::from_str(&told).unwrap();
    let last = runs["runs"].as_array().unwrap().last().unwrap()["run"].as_str().unwrap().to_owned();
    let (_, told) = run(&program, &["runs", &last, "--json"]);
    assert!(told.contains(version), "{told}");
    let (code, told) = run(&program, &["log", "verify"]);
    assert_eq!(code, Some(0), "{told}");
}

/// What is explained is what is served, unless a folder is named.
fn explained(program: &Program) {
    let words =
        ["policy", "explain", "analyst:lee", "dim_stores.store_id", "--purpose", "marketing_analysis"];
    let mut command = program.bare();
    let output = command.args(words).env(SERVE, "published").output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.starts_with("by publication 1, which is served, version "), "{told}");
    assert!(told.contains("analyst:lee sees dim_stores.store_id as clear"), "{told}");
    let (_, told) = run(program, &words);
    assert!(told.starts_with("by the folder own: as it lies there, served or not, version "), "{told}");
    assert!(told.contains("analyst:lee does not see dim_stores.store_id"), "{told}");
}

/// A claim of what there cannot be says nothing, and is not published; neither is a catalog that is not there.
fn refused(program: &Program) {
    let claim = program.path("own/claims/empty.cedar");
    let text_of_claim = "// Nobody sees members of Shanghai who are of Beijing.\npermit (principal, action, resource);\n\
                         forbid (principal, action == Action::\"readRow\", resource is Row::crm_members)\n\
                         when { resource has region && resource.region == \"SH\" && resource.region == \"BJ\" };\n";
    fs::write(&claim, text_of_claim).unwrap();
    let (code, told) = run(program, &["policy", "prove"]);
    assert!(code == Some(1) && told.contains("EMPTY    empty: Nobody sees members of Shanghai"), "{told}");
    assert!(told.contains("1 of 14 claims can never apply"), "{told}");
    let (code, told) = run(program, &["policy", "publish"]);
    assert!(
        code == Some(1) && told.contains("claim `empty`: it can never apply: it holds of nothing"),
        "{told}"
    );
    fs::remove_file(&claim).unwrap();
    let publish = |catalog: &str| {
        let mut command = program.bare();
        command
            .args(["policy", "publish", "--catalog", catalog, "--policies", "own"])
            .env(SERVE, "published");
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let told = publish("nosuch");
    assert!(told.contains("--catalog DIR") && !told.contains("--policies DIR"), "{told}");
    // Neither are standing releases that nobody could be given.
    crate::policy::copy(&repository().join("catalog"), &program.path("catalog"));
    fs::create_dir_all(program.path("catalog/releases")).unwrap();
    let write = |name: &str, text: String| {
        fs::write(program.path(&format!("catalog/releases/{name}.yaml")), text).unwrap();
    };
    write("wrong", MONTHLY.replace("SELECT region", "SELECT regio"));
    write("strange", MONTHLY.replace("partner:acme", "partner:nobody"));
    let told = publish("catalog");
    assert!(told.contains("wrong.yaml:5:") && told.contains("`sql` would be refused"), "{told}");
    assert!(told.contains("`strange`: its partner `partner:nobody` is not in principals.json"), "{told}");
    // Nor are contracts that rows which are there are not of.
    let stores = "store_id,name,city,region,opened_on\nS101,North,Shanghai,SH,2020-01-02\n";
    fs::write(program.path("stores.csv"), stores).unwrap();
    let (code, told) = run(program, &["ingest", "dim_stores", "stores.csv"]);
    assert_eq!(code, Some(0), "{told}");
    let path = program.path("catalog/contracts/dim_stores.yaml");
    let contract = fs::read_to_string(&path).unwrap();
    fs::write(&path, contract.replacen("logicalType: date", "logicalType: string", 1)).unwrap();
    let told = publish("catalog");
    assert!(told.contains("column `opened_on`: type: date -> string"), "{told}");
}

/// Publications are compared by their numbers.
fn compared(program: &Program) {
    let (code, told) = run(program, &["policy", "diff", "1", "2"]);
    assert!(code == Some(0) && told.contains("permitted before"), "{told}");
    let (code, told) = run(program, &["policy", "diff", "2"]);
    assert!(code == Some(0) && told.contains("proved: both permit the same"), "{told}");
    let (code, told) = run(program, &["policy", "diff", "3"]);
    assert!(code == Some(2) && told.contains("there is no publication 3"), "{told}");
}
