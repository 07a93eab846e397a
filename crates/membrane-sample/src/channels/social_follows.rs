//! Who follows which official account.

use rand::RngExt;

use crate::dirt::DirtyKind::{BrokenLine, Duplicate, Late, MissingRequired, UnknownValue, WrongType};
use crate::identifiers::{openid, write_code};
use crate::out_file::Monitor;
use crate::pick::{chance, pick, pick_weighted};
use crate::seeds::{Draw, Seeds};
use crate::text_file::{Format, Spoil, TextFile, TextSpec};
use crate::world::World;
use crate::{FileReport, SampleError};

const SPEC: TextSpec = TextSpec {
    dataset: "social_follows",
    name: "social_follows.ndjson",
    format: Format::Ndjson,
    columns: &["follow_id", "unionid", "nickname", "account", "followed_at", "source"],
    faults: &[
        ((WrongType, Spoil::Bare("followed_at", "true")), 15),
        ((UnknownValue, Spoil::Text("account", "somebody_else")), 15),
        ((MissingRequired, Spoil::Empty("unionid")), 12),
        ((Duplicate, Spoil::Line), 20),
        ((Late, Spoil::YearBefore("followed_at")), 20),
        ((BrokenLine, Spoil::Line), 3),
    ],
    number: 5,
};

const ACCOUNTS: &[(&str, u32)] = &[("brand_official", 55), ("brand_members", 30), ("brand_kitchen", 15)];

const SOURCES: &[(&str, u32)] =
    &[("qr_code", 45), ("search", 20), ("share", 20), ("campaign", 12), ("other", 3)];

const NICKNAMES: &[&str] = &[
    "小太阳",
    "一只猫",
    "追风少年",
    "清茶一盏",
    "向日葵",
    "Lucky🍀",
    "Cici",
    "老张头",
    "月亮🌙",
    "Mr. Nobody",
    "爱吃鱼",
    "coffee☕first",
    "阿May",
    "云淡风轻",
    "布丁",
    "tomorrow",
];

/// Returns the id that the platform gives a person across all apps of the company: one person has one, however
/// often registered here.
pub(super) fn unionid(seeds: Seeds, person: u64) -> String {
    openid(&mut seeds.rng(Draw::Social, person))
}

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<Vec<FileReport>, SampleError> {
    let mut file = TextFile::create(world, None, monitor, SPEC)?;
    let mut follow_id = String::new();
    for visit in world.visits() {
        let activity = world.activity(visit.member);
        let mut follows = visit.events(world, &activity, Draw::SocialFollows, activity.follows).peekable();
        if follows.peek().is_none() {
            continue;
        }
        let member = world.member(visit.member);
        let unionid = unionid(world.seeds, member.person);
        let mut rng = visit.rng(world, Draw::SocialFollows);
        for (number, share) in follows {
            write_code(
                &mut follow_id,
                "sf_",
                world.seeds.mix(Draw::EventId, visit.member << 20 | 4 << 16 | number),
            );
            let nickname = match rng.random_range(0..10) {
                0..2 => member.name.written.clone(),
                2..4 => member.name.latin_given.clone(),
                4 => format!("{}{}", pick(&mut rng, NICKNAMES), rng.random_range(1..100)),
                _ => pick(&mut rng, NICKNAMES).to_owned(),
            };
            let account = pick_weighted(&mut rng, ACCOUNTS);
            let moment = world.calendar.moment(&mut rng, share);
            let source = chance(&mut rng, 0.97).then(|| pick_weighted(&mut rng, SOURCES));
            file.write(|row| {
                row.text(&follow_id)
                    .text(&unionid)
                    .text(&nickname)
                    .text(account)
                    .with(|out| world.calendar.write(moment, out))
                    .maybe(source);
            })?;
        }
    }
    Ok(vec![file.finish()?])
}
