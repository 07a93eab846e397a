//! Events of the mini-program. Its openid is known from the first tap, the phone once it is granted.

use rand::RngExt;

use crate::dirt::DirtyKind::{
    BrokenLine, Duplicate, Late, MalformedId, MalformedPhone, MissingRequired, UnknownValue, WrongType,
};
use crate::identifiers::{openid, write_code};
use crate::member::Member;
use crate::out_file::Monitor;
use crate::pick::{chance, pick_weighted};
use crate::seeds::{Draw, Seeds};
use crate::text_file::{Format, Spoil, TextFile, TextSpec};
use crate::world::World;
use crate::{FileReport, SampleError};

use super::social_follows::unionid;

const SPEC: TextSpec = TextSpec {
    dataset: "mini_program_events",
    name: "mini_program_events.ndjson",
    format: Format::Ndjson,
    columns: &["event_id", "openid", "unionid", "phone", "event", "occurred_at", "store_id"],
    faults: &[
        ((WrongType, Spoil::Text("occurred_at", "2025-13-45T00:00:00Z")), 15),
        ((MalformedId, Spoil::Text("openid", "not an openid")), 10),
        ((MalformedPhone, Spoil::Text("phone", "1380013800X")), 12),
        ((UnknownValue, Spoil::Text("event", "shake")), 15),
        ((MissingRequired, Spoil::Empty("openid")), 10),
        ((Duplicate, Spoil::Line), 20),
        ((Late, Spoil::YearBefore("occurred_at")), 20),
        ((BrokenLine, Spoil::Line), 3),
    ],
    number: 3,
};

const EVENTS: &[(&str, u32)] = &[
    ("open", 40),
    ("scan_code", 18),
    ("coupon_claimed", 14),
    ("order_placed", 12),
    ("share", 8),
    ("phone_granted", 5),
    ("lottery", 3),
];

/// A mini-program account: the platform's, so that one person has one, however often registered here.
pub(super) struct Account {
    pub(super) openid: String,
    pub(super) unionid: Option<String>,
    pub(super) phone: Option<String>,
}

impl Account {
    pub(super) fn of(seeds: Seeds, member: &Member) -> Self {
        let mut rng = seeds.rng(Draw::MiniProgram, member.person);
        Self {
            openid: openid(&mut rng),
            unionid: chance(&mut rng, 0.85).then(|| unionid(seeds, member.person)),
            phone: chance(&mut rng, 0.55).then(|| member.phone.clone()),
        }
    }
}

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<Vec<FileReport>, SampleError> {
    let mut file = TextFile::create(world, None, monitor, SPEC)?;
    let mut event_id = String::new();
    for visit in world.visits() {
        let activity = world.activity(visit.member);
        let count = activity.mini_program_events;
        let mut events = visit.events(world, &activity, Draw::MiniProgramEvents, count).peekable();
        if events.peek().is_none() {
            continue;
        }
        let member = world.member(visit.member);
        let account = Account::of(world.seeds, &member);
        let mut rng = visit.rng(world, Draw::MiniProgramEvents);
        for (number, share) in events {
            write_code(
                &mut event_id,
                "me_",
                world.seeds.mix(Draw::EventId, visit.member << 20 | 2 << 16 | number),
            );
            let event = pick_weighted(&mut rng, EVENTS);
            let moment = world.calendar.moment(&mut rng, share);
            let carries_phone = event == "phone_granted" || chance(&mut rng, 0.2);
            let knows_union = chance(&mut rng, 0.9);
            let in_store = event == "scan_code" || rng.random_ratio(1, 10);
            let shop =
                world.shops.draw(&mut rng, member.home.region.code, member.person).filter(|_| in_store);
            file.write(|row| {
                row.text(&event_id)
                    .text(&account.openid)
                    .maybe(account.unionid.as_deref().filter(|_| knows_union))
                    .maybe(account.phone.as_deref().filter(|_| carries_phone))
                    .text(event)
                    .with(|out| world.calendar.write(moment, out))
                    .maybe(shop.map(|shop| shop.id.as_ref()));
            })?;
        }
    }
    Ok(vec![file.finish()?])
}
