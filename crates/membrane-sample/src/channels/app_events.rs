//! Events of the app. A member's account may carry a phone number, not always the CRM's.

use rand::RngExt;

use crate::dirt::DirtyKind::{
    BrokenLine, Duplicate, Late, MalformedPhone, MissingRequired, UnknownValue, WrongType,
};
use crate::identifiers::{uuid, write_code};
use crate::member::Member;
use crate::out_file::Monitor;
use crate::pick::{chance, pick, pick_weighted};
use crate::seeds::{Draw, Seeds};
use crate::text_file::{Format, Spoil, TextFile, TextSpec};
use crate::world::World;
use crate::{FileReport, SampleError};

const SPEC: TextSpec = TextSpec {
    dataset: "app_events",
    name: "app_events.ndjson",
    format: Format::Ndjson,
    columns: &["event_id", "app_user_id", "phone", "device_id", "event", "occurred_at", "page", "amount"],
    faults: &[
        ((WrongType, Spoil::Text("occurred_at", "yesterday")), 15),
        ((WrongType, Spoil::Text("amount", "twelve")), 10),
        ((MalformedPhone, Spoil::Bare("phone", "13800")), 12),
        ((UnknownValue, Spoil::Text("event", "teleport")), 15),
        ((MissingRequired, Spoil::Empty("app_user_id")), 10),
        ((MissingRequired, Spoil::Empty("event")), 5),
        ((Duplicate, Spoil::Line), 20),
        ((Late, Spoil::YearBefore("occurred_at")), 20),
        ((BrokenLine, Spoil::Line), 3),
    ],
    number: 2,
};

const EVENTS: &[(&str, u32)] = &[
    ("app_open", 34),
    ("view_product", 30),
    ("search", 12),
    ("add_to_cart", 10),
    ("purchase", 6),
    ("login", 6),
    ("push_open", 2),
];

const PAGES: &[&str] = &["home", "category", "product", "cart", "member_centre", "coupons", "stores"];

/// An app account.
pub(super) struct Account {
    pub(super) app_user_id: String,
    /// The number that the account is bound to.
    pub(super) phone: Option<String>,
    devices: [String; 2],
}

impl Account {
    pub(super) fn of(seeds: Seeds, index: u64, member: &Member) -> Self {
        let mut rng = seeds.rng(Draw::App, index);
        let app_user_id = format!("au_{:010}", seeds.permute(Draw::App, 0, index, 10_000_000_000));
        let phone = match rng.random_range(0..100) {
            0..70 => Some(member.phone.clone()),
            70..80 => Some(member.second_phone(seeds)),
            _ => None,
        };
        let first = uuid(&mut rng);
        let second = if chance(&mut rng, 0.2) { uuid(&mut rng) } else { first.clone() };
        Self { app_user_id, phone, devices: [first, second] }
    }
}

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<Vec<FileReport>, SampleError> {
    let mut file = TextFile::create(world, None, monitor, SPEC)?;
    let mut event_id = String::new();
    for visit in world.visits() {
        let activity = world.activity(visit.member);
        let mut events = visit.events(world, &activity, Draw::AppEvents, activity.app_events).peekable();
        if events.peek().is_none() {
            continue;
        }
        let account = Account::of(world.seeds, visit.member, &world.member(visit.member));
        let mut rng = visit.rng(world, Draw::AppEvents);
        for (number, share) in events {
            write_code(
                &mut event_id,
                "ae_",
                world.seeds.mix(Draw::EventId, visit.member << 20 | 1 << 16 | number),
            );
            let event = pick_weighted(&mut rng, EVENTS);
            let moment = world.calendar.moment(&mut rng, share);
            let carries_phone = matches!(event, "login" | "purchase") || chance(&mut rng, 0.15);
            let amount = (event == "purchase").then(|| rng.random_range(990..60_000));
            let [first, second] = &account.devices;
            let device = if chance(&mut rng, 0.8) { first } else { second };
            let page = if event == "app_open" { "home" } else { pick(&mut rng, PAGES) };
            file.write(|row| {
                row.text(&event_id)
                    .text(&account.app_user_id)
                    .maybe(account.phone.as_deref().filter(|_| carries_phone))
                    .text(device)
                    .text(event)
                    .with(|out| world.calendar.write(moment, out))
                    .text(page)
                    .money(amount);
            })?;
        }
    }
    Ok(vec![file.finish()?])
}
