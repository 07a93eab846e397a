use chrono::{DateTime, Utc};
use membrane_model::{
    Action, AddressClass, Channel, FieldRef, LineageEdge, Price, RevealLevel, TableVersion, Transformation,
};

use super::*;
use crate::commitment::commitment_of;
use crate::{Circumstances, ColumnDecision, DocumentKind, Entrance, ReleaseState, RunState, RunStatus};

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 123_456_000).unwrap()
}

fn record() -> RunRecord {
    RunRecord {
        run: "019a0000-0000-7000-8000-000000000001".parse().unwrap(),
        principal: "partner:acme".parse().unwrap(),
        on_behalf_of: Some("partner:core".parse().unwrap()),
        channel: Some(Channel::Http),
        circumstances: None,
        action: Action::Release,
        purpose: Some("partner_reporting".parse().unwrap()),
        job: "release".into(),
        statement: Some("SELECT region, COUNT(*) FROM pos_orders WHERE channel = ? GROUP BY region".into()),
        statement_salt: None,
        statement_commitment: None,
        started: instant(0),
        status: RunStatus::Closed(RunState::Complete),
        error_code: None,
        rows_in: Some(20_000),
        rows_out: Some(8),
        rows_quarantined: None,
        bytes_out: Some(512),
        cells_opened: Some(40),
        duration_ms: Some(1_500),
        finished: Some(instant(2)),
        decisions: vec![Decision {
            allowed: true,
            dataset: Some("pos_orders".parse().unwrap()),
            reason: "permitted".into(),
            factors: vec!["partners.cedar#1".into()],
            policy_version: "c0ffee".into(),
            columns: vec![
                ColumnDecision {
                    column: "region".parse().unwrap(),
                    level: Some(RevealLevel::Clear),
                    factors: vec!["\"会员\"".into()],
                },
                ColumnDecision { column: "phone".parse().unwrap(), level: None, factors: Vec::new() },
            ],
        }],
        inputs: vec![DatasetVersion { dataset: "pos_orders".parse().unwrap(), version: TableVersion(3) }],
        outputs: Vec::new(),
        edges: vec![LineageEdge {
            from: FieldRef::dataset("pos_orders", "region"),
            to: FieldRef::answer("019a0000-0000-7000-8000-000000000001", "region"),
            transformation: Transformation::GroupBy,
            masking: true,
        }],
        releases: vec![ReleaseRecord {
            release: 7,
            partner: "partner:acme".parse().unwrap(),
            query_key: "abcd".into(),
            price: Price { rho_nano: 20_000_000, delta_atto: 1_000_000_000_000 },
            state: ReleaseState::Committed,
            reserved: instant(1),
            committed: Some(instant(2)),
            answer_sha256: Some("00".repeat(32)),
            answer_salt: Some("ffeeddccbbaa99887766554433221100".into()),
            accounts: vec!["dataset:pos_orders".parse().unwrap(), "partner:acme".parse().unwrap()],
        }],
        documents: vec![DocumentRef { kind: DocumentKind::Publication, number: 3, sha256: "11".repeat(32) }],
        leaf_index: Some(0),
    }
}

/// A run that is on nobody's behalf.
fn own() -> RunRecord {
    RunRecord { on_behalf_of: None, ..record() }
}

/// A run of before cells were counted and documents written.
fn plain() -> RunRecord {
    RunRecord { cells_opened: None, documents: Vec::new(), ..own() }
}

/// Stored logs rest on this text: when it changes, the format needs another name.
#[test]
fn the_canonical_form_is_golden() {
    let canonical = String::from_utf8(canonical(&record(), false).unwrap()).unwrap();
    assert_eq!(canonical, include_str!("golden.json").trim_end());
}

#[test]
fn the_form_of_before_delegations_is_golden() {
    let canonical = String::from_utf8(canonical(&own(), false).unwrap()).unwrap();
    assert_eq!(canonical, include_str!("golden-3.json").trim_end());
}

#[test]
fn the_form_of_before_documents_is_golden() {
    let canonical = String::from_utf8(canonical(&plain(), false).unwrap()).unwrap();
    assert_eq!(canonical, include_str!("golden-2.json").trim_end());
}

#[test]
fn the_form_of_before_the_channel_is_golden() {
    let before = RunRecord { channel: None, ..plain() };
    let canonical = String::from_utf8(canonical(&before, false).unwrap()).unwrap();
    assert_eq!(canonical, include_str!("golden-1.json").trim_end());
}

#[test]
fn the_hash_is_that_of_a_leaf() {
    let mut data = vec![0];
    data.extend(canonical(&record(), false).unwrap());
    assert_eq!(Hash::of_entry(&entry_of(&record()).unwrap()).0.as_slice(), Sha256::digest(data).as_slice());
}

/// What the leaf does not say, nobody can prove: each part of the record changes it.
#[test]
fn every_part_of_a_record_is_in_its_leaf() {
    type Change = fn(&mut RunRecord);
    let changes: [Change; 33] = [
        |record| record.run = "019a0000-0000-7000-8000-000000000002".parse().unwrap(),
        |record| record.principal = "partner:bolt".parse().unwrap(),
        |record| record.on_behalf_of = None,
        |record| record.on_behalf_of = Some("partner:acme".parse().unwrap()),
        |record| record.channel = Some(Channel::Cli),
        |record| record.channel = None,
        |record| record.action = Action::Read,
        |record| record.purpose = None,
        |record| record.job.push('x'),
        |record| record.statement = None,
        |record| record.started = instant(9),
        |record| record.status = RunStatus::Abandoned,
        |record| record.error_code = Some("failed".into()),
        |record| record.rows_in = None,
        |record| record.rows_out = Some(9),
        |record| record.rows_quarantined = Some(0),
        |record| record.bytes_out = None,
        |record| record.duration_ms = None,
        |record| record.finished = None,
        |record| record.decisions[0].allowed = false,
        |record| record.decisions[0].columns[1].level = Some(RevealLevel::Null),
        |record| record.inputs[0].version = TableVersion(4),
        |record| record.outputs = record.inputs.clone(),
        |record| record.edges[0].masking = false,
        |record| record.edges.clear(),
        |record| record.releases[0].state = ReleaseState::Burned,
        |record| record.releases[0].price.rho_nano += 1,
        |record| record.releases[0].accounts.truncate(1),
        |record| record.cells_opened = None,
        |record| record.cells_opened = Some(41),
        |record| record.documents.clear(),
        |record| record.documents[0].kind = DocumentKind::BreakGlass,
        |record| record.documents[0].sha256 = "22".repeat(32),
    ];
    for is_long in [false, true] {
        let hash = |record: &RunRecord| Hash::of_entry(&canonical(record, is_long).unwrap());
        let mut hashes = vec![hash(&record())];
        for change in changes {
            let mut changed = record();
            change(&mut changed);
            hashes.push(hash(&changed));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count, "long: {is_long}");
    }
}

/// A run that says from where it was asked, and how it was answered.
fn told() -> RunRecord {
    let circumstances = Circumstances {
        entrance: Entrance {
            session: Some("019a0000-0000-7000-8000-000000000000".into()),
            address: AddressClass::Private,
            publication: Some(3),
        },
        plan: Some("33".repeat(32)),
        answer_salt: Some("00112233445566778899aabbccddeeff".into()),
        answer_commitment: Some("44".repeat(32)),
        obligations: vec!["rows pos_orders".into()],
        grants: vec!["break-glass 2".into()],
    };
    RunRecord { circumstances: Some(circumstances), ..committed() }
}

#[test]
fn the_form_that_tells_how_it_was_answered_is_golden() {
    for (is_long, golden) in [(false, include_str!("golden-7.json")), (true, include_str!("golden-8.json"))] {
        let canonical = String::from_utf8(canonical(&told(), is_long).unwrap()).unwrap();
        assert_eq!(canonical, golden.trim_end());
        // What was answered is committed to, and cannot be tried.
        assert!(!canonical.contains(told().releases[0].answer_sha256.as_deref().unwrap()));
    }
}

/// What a run says of its circumstances, nobody changes unseen; the salts may go.
#[test]
fn every_circumstance_is_in_the_leaf() {
    type Change = fn(&mut Circumstances);
    let changes: [Change; 11] = [
        |told| told.entrance.session = None,
        |told| told.entrance.address = AddressClass::Public,
        |told| told.entrance.publication = None,
        |told| told.entrance.publication = Some(4),
        |told| told.plan = None,
        |told| told.answer_commitment = None,
        |told| told.answer_commitment = Some("55".repeat(32)),
        |told| told.obligations.clear(),
        |told| told.obligations.push("levels pos_orders".into()),
        |told| told.grants.clear(),
        |told| told.grants.push("delegation 1".into()),
    ];
    for is_long in [false, true] {
        let hash = |record: &RunRecord| Hash::of_entry(&canonical(record, is_long).unwrap());
        let mut hashes = vec![hash(&told()), hash(&committed())];
        for change in changes {
            let mut changed = told();
            change(changed.circumstances.as_mut().unwrap());
            hashes.push(hash(&changed));
        }
        let mut other = told();
        other.releases[0].answer_sha256 = Some("11".repeat(32));
        hashes.push(hash(&other));
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count, "long: {is_long}");
        let mut forgotten = told();
        forgotten.circumstances.as_mut().unwrap().answer_salt = None;
        assert_eq!(hash(&forgotten), hash(&told()));
    }
}

/// A run whose statement is committed to.
fn committed() -> RunRecord {
    let salt = "00112233445566778899aabbccddeeff".to_owned();
    let commitment = commitment_of(&salt, record().statement.as_deref().unwrap());
    RunRecord { statement_salt: Some(salt), statement_commitment: Some(commitment), ..record() }
}

#[test]
fn the_form_with_a_commitment_is_golden() {
    let canonical = String::from_utf8(canonical(&committed(), false).unwrap()).unwrap();
    assert_eq!(canonical, include_str!("golden-5.json").trim_end());
    assert!(!canonical.contains("SELECT"));
}

#[test]
fn the_long_form_is_golden() {
    let canonical = String::from_utf8(canonical(&committed(), true).unwrap()).unwrap();
    assert_eq!(canonical, include_str!("golden-6.json").trim_end());
}

/// What was forgotten leaves the proof as it was; what was altered does not pass for forgotten.
#[test]
fn a_statement_is_forgotten_with_its_salt() {
    let hash = hex::encode(Hash::of_entry(&entry_of(&committed()).unwrap()).0);
    let has_entry = |record: RunRecord| entry_with(&record, &hash).unwrap().is_some();
    assert!(has_entry(committed()));
    assert!(has_entry(RunRecord { statement: None, statement_salt: None, ..committed() }));
    assert!(!has_entry(RunRecord { statement: None, ..committed() }));
    assert!(!has_entry(RunRecord { statement: Some("SELECT 1".into()), ..committed() }));
    assert!(!has_entry(RunRecord { statement_salt: None, ..committed() }));
    let (salt, statement) = (committed().statement_salt.unwrap(), committed().statement.unwrap());
    let (taken, left) = statement.split_at(10);
    let shifted = RunRecord {
        statement_salt: Some(format!("{salt}{taken}")),
        statement: Some(left.to_owned()),
        ..committed()
    };
    assert!(!has_entry(shifted));
    assert!(!has_entry(RunRecord { statement_commitment: Some("00".repeat(32)), ..committed() }));
    assert!(!has_entry(RunRecord { statement_salt: None, statement_commitment: None, ..committed() }));
}

/// A run of many columns: digests stand for its lists, and each of them still counts.
#[test]
fn an_entry_fits_whatever_a_run_says() {
    let mut long = committed();
    let column = long.decisions[0].columns[0].clone();
    long.decisions[0].columns = vec![column; 2_000];
    let entry = entry_of(&long).unwrap();
    assert!(entry.len() < 2_000, "{}", entry.len());
    let hash = hex::encode(Hash::of_entry(&entry_of(&long).unwrap()).0);
    assert_eq!(entry_with(&long, &hash).unwrap(), Some(entry));
    let mut changed = long.clone();
    changed.decisions[0].columns[1_999].level = None;
    assert_eq!(entry_with(&changed, &hash).unwrap(), None);
    // One without a statement is not given one.
    let silent =
        RunRecord { statement: None, statement_salt: None, statement_commitment: None, ..long.clone() };
    let silent_hash = hex::encode(Hash::of_entry(&entry_of(&silent).unwrap()).0);
    let given = RunRecord { statement: Some("SELECT phone FROM crm_members".into()), ..silent.clone() };
    assert_eq!(entry_with(&given, &silent_hash).unwrap(), None);
    assert!(entry_with(&silent, &silent_hash).unwrap().is_some());
    // One that was closed before there were entries keeps its leaf.
    let whole = canonical(&long, false).unwrap();
    assert_eq!(entry_with(&long, &hex::encode(Hash::of_entry(&whole).0)).unwrap(), Some(whole));
}
