use super::*;

#[test]
fn differences_name_the_block() {
    let golden = "read for x by analyst:ana\n  pii.phone   partial\n  geo  clear\n\nread for x by analyst:lee\n  geo clear\n";
    assert_eq!(differences(golden, golden), Vec::<String>::new());
    let now = golden.replacen("partial", "clear", 1);
    assert_eq!(
        differences(golden, &now),
        ["- read for x by analyst:ana: pii.phone partial", "+ read for x by analyst:ana: pii.phone clear"]
    );
}
