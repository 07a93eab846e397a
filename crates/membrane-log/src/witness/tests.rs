//! Tests: the examples of c2sp.org/tlog-witness.

use super::*;

const EXAMPLE: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

const EXAMPLE_ANSWER: &str = "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
";

#[test]
fn request_of_the_specification() {
    let request = AddCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((request.old_size, request.proof.len()), (20_852_014, 4));
    assert!(request.checkpoint.starts_with(b"example.com/behind-the-sofa\n20852163\n"));
    assert_eq!(String::from_utf8(request.encode()).unwrap(), EXAMPLE);
}

#[test]
fn first_request_has_no_proof() {
    let request = AddCheckpoint { old_size: 0, proof: Vec::new(), checkpoint: b"note\n".to_vec() };
    assert_eq!(request.encode(), b"old 0\n\nnote\n");
    assert_eq!(AddCheckpoint::parse(b"old 0\n\nnote\n").unwrap(), request);
}

#[test]
fn malformed_requests() {
    let hash = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n";
    for body in [
        String::new(),
        "old 5".to_owned(),
        "old 05\n\nnote\n".to_owned(),
        "old +5\n\nnote\n".to_owned(),
        "new 5\n\nnote\n".to_owned(),
        format!("old 5\n{hash}note\n"),
        format!("old 0\n{hash}\nnote\n"),
        format!("old 5\n{}\nnote\n", hash.repeat(64)),
    ] {
        assert!(
            matches!(AddCheckpoint::parse(body.as_bytes()), Err(LogError::MalformedText { .. })),
            "{body}"
        );
    }
    assert!(AddCheckpoint::parse(format!("old 5\n{}\nnote\n", hash.repeat(63)).as_bytes()).is_ok());
}

#[test]
fn answers() {
    let parse =
        |status, body: &str| AddCheckpointAnswer::parse(status, Some(TLOG_SIZE), body.as_bytes()).ok();
    let cosigned = AddCheckpointAnswer::Cosigned { lines: EXAMPLE_ANSWER.to_owned() };
    assert_eq!(parse(200, EXAMPLE_ANSWER), Some(cosigned));
    assert_eq!(parse(200, ""), None);
    assert_eq!(parse(200, "<html>\n"), None);
    assert_eq!(parse(409, "20852014\n"), Some(AddCheckpointAnswer::OldSize { size: 20_852_014 }));
    assert_eq!(parse(409, "20852014"), None);
    assert_eq!(parse(409, "many\n"), None);
    assert_eq!(AddCheckpointAnswer::parse(409, None, b"5\n").ok(), None);
    assert_eq!(parse(400, ""), Some(AddCheckpointAnswer::BadRequest));
    assert_eq!(parse(403, ""), Some(AddCheckpointAnswer::Forbidden));
    assert_eq!(parse(404, ""), Some(AddCheckpointAnswer::UnknownOrigin));
    assert_eq!(parse(422, ""), Some(AddCheckpointAnswer::Inconsistent));
    assert_eq!(parse(503, ""), Some(AddCheckpointAnswer::Other { status: 503 }));
}
