//! Which identifiers are one person: for measuring identity resolution, never for ingesting.

use std::collections::HashSet;

use crate::household::BLOCK;
use crate::member::member_no;
use crate::out_file::Monitor;
use crate::text_file::{Format, TextFile, TextSpec};
use crate::world::World;
use crate::{FileReport, SampleError};

use super::social_follows::unionid;
use super::{GROUND_TRUTH_FOLDER, app_events, mini_program_events, web_events};

const SPEC: TextSpec = TextSpec {
    dataset: "identities",
    name: "identities.csv",
    format: Format::Csv,
    columns: &["person_id", "channel", "identity_kind", "identity"],
    faults: &[],
    number: 10,
};

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<FileReport, SampleError> {
    let mut file = TextFile::create(world, Some(GROUND_TRUTH_FOLDER), monitor, SPEC)?;
    // Two registrations of one person share some identities; each is written once. Both lie in one block.
    let mut written = HashSet::new();
    for index in 0..world.members {
        if index.is_multiple_of(BLOCK) {
            written.clear();
        }
        let (member, activity) = (world.member(index), world.activity(index));
        let person_id = format!("P{:08}", member.person + 1);
        let mut put = |channel: &'static str, kind: &'static str, identity: &str| {
            if !written.insert((member.person, channel, kind, identity.to_owned())) {
                return Ok(());
            }
            file.write(|row| {
                row.text(&person_id).text(channel).text(kind).text(identity);
            })
        };
        put("crm", "member_no", &member_no(index))?;
        put("crm", "phone", &member.phone)?;
        if let Some(email) = &member.email {
            put("crm", "email", email)?;
        }
        if activity.app_events > 0 {
            let account = app_events::Account::of(world.seeds, index, &member);
            put("app", "app_user_id", &account.app_user_id)?;
            if let Some(phone) = &account.phone {
                put("app", "phone", phone)?;
            }
        }
        if activity.mini_program_events > 0 {
            let account = mini_program_events::Account::of(world.seeds, &member);
            put("mini_program", "openid", &account.openid)?;
            if let Some(unionid) = &account.unionid {
                put("mini_program", "unionid", unionid)?;
            }
            if let Some(phone) = &account.phone {
                put("mini_program", "phone", phone)?;
            }
        }
        if activity.web_events > 0 {
            let visitor = web_events::Visitor::of(world.seeds, index, &member);
            for cookie in &visitor.cookies {
                put("web", "cookie_id", cookie)?;
            }
            if let Some(email) = &visitor.email {
                put("web", "email", email)?;
            }
        }
        if activity.follows > 0 {
            put("social", "unionid", &unionid(world.seeds, member.person))?;
        }
    }
    file.finish()
}
