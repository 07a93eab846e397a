//! Events of the web shop. A person has a cookie for each browser, and sometimes signs in by e-mail.

use std::net::{Ipv4Addr, Ipv6Addr};

use rand::RngExt;

use crate::dirt::DirtyKind::{
    BrokenLine, Duplicate, Late, MalformedEmail, MissingRequired, UnknownValue, WrongType,
};
use crate::identifiers::{uuid, write_code};
use crate::member::Member;
use crate::out_file::Monitor;
use crate::pick::{chance, pick, pick_weighted};
use crate::seeds::{Draw, Rng, Seeds};
use crate::text_file::{Format, Spoil, TextFile, TextSpec};
use crate::world::World;
use crate::{FileReport, SampleError};

const SPEC: TextSpec = TextSpec {
    dataset: "web_events",
    name: "web_events.ndjson",
    format: Format::Ndjson,
    columns: &["event_id", "cookie_id", "email", "ip", "event", "url_path", "occurred_at"],
    faults: &[
        ((WrongType, Spoil::Text("occurred_at", "01/02/2025 08:00")), 15),
        ((MalformedEmail, Spoil::Text("email", "somebody@")), 15),
        ((UnknownValue, Spoil::Text("event", "rage_click")), 15),
        ((MissingRequired, Spoil::Empty("cookie_id")), 10),
        ((MissingRequired, Spoil::Empty("occurred_at")), 5),
        ((Duplicate, Spoil::Line), 20),
        ((Late, Spoil::YearBefore("occurred_at")), 20),
        ((BrokenLine, Spoil::Line), 3),
    ],
    number: 4,
};

const EVENTS: &[(&str, u32)] = &[
    ("page_view", 62),
    ("search", 14),
    ("add_to_cart", 9),
    ("sign_in", 8),
    ("checkout", 5),
    ("newsletter_signup", 2),
];

const PATHS: &[&str] = &[
    "/",
    "/products",
    "/products/new",
    "/campaigns/spring",
    "/campaigns/1111",
    "/stores",
    "/members",
    "/cart",
    "/help/returns",
    "/blog/tea",
];

/// How the web shop knows a person.
pub(super) struct Visitor {
    pub(super) cookies: Vec<String>,
    pub(super) email: Option<String>,
    ip: String,
}

impl Visitor {
    pub(super) fn of(seeds: Seeds, index: u64, member: &Member) -> Self {
        let mut rng = seeds.rng(Draw::Web, index);
        let browsers = pick_weighted(&mut rng, &[(1, 60), (2, 30), (3, 10)]);
        Self {
            cookies: (0..browsers).map(|_| uuid(&mut rng)).collect(),
            email: member.email.clone().filter(|_| chance(&mut rng, 0.7)),
            ip: address(&mut rng),
        }
    }

    /// Draws the browser of an event; the first is used most.
    fn cookie(&self, rng: &mut Rng) -> &str {
        let other = usize::from(chance(rng, 0.35)) + usize::from(chance(rng, 0.25));
        self.cookies.get(other).or_else(|| self.cookies.first()).map_or("", String::as_str)
    }
}

/// Draws an address that is nobody's: shared address space (RFC 6598) or documentation (RFC 3849).
fn address(rng: &mut Rng) -> String {
    if chance(rng, 0.85) {
        Ipv4Addr::from_bits(0x6440_0000 | rng.random_range(0..1 << 22)).to_string()
    } else {
        let host: u64 = rng.random();
        Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(host)).to_string()
    }
}

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<Vec<FileReport>, SampleError> {
    let mut file = TextFile::create(world, None, monitor, SPEC)?;
    let mut event_id = String::new();
    for visit in world.visits() {
        let activity = world.activity(visit.member);
        let mut events = visit.events(world, &activity, Draw::WebEvents, activity.web_events).peekable();
        if events.peek().is_none() {
            continue;
        }
        let visitor = Visitor::of(world.seeds, visit.member, &world.member(visit.member));
        let mut rng = visit.rng(world, Draw::WebEvents);
        for (number, share) in events {
            write_code(
                &mut event_id,
                "we_",
                world.seeds.mix(Draw::EventId, visit.member << 20 | 3 << 16 | number),
            );
            let event = pick_weighted(&mut rng, EVENTS);
            let moment = world.calendar.moment(&mut rng, share);
            let carries_email = matches!(event, "sign_in" | "newsletter_signup" | "checkout");
            let roams = chance(&mut rng, 0.2);
            let elsewhere = address(&mut rng);
            let cookie = visitor.cookie(&mut rng);
            let path = pick(&mut rng, PATHS);
            file.write(|row| {
                row.text(&event_id)
                    .text(cookie)
                    .maybe(visitor.email.as_deref().filter(|_| carries_email))
                    .text(if roams { &elsewhere } else { &visitor.ip })
                    .text(event)
                    .text(path)
                    .with(|out| world.calendar.write(moment, out));
            })?;
        }
    }
    Ok(vec![file.finish()?])
}
