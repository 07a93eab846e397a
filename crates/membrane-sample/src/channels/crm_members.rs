//! The CRM export.

use crate::calendar::date;
use crate::dirt::DirtyKind::{
    BadChecksum, BrokenLine, Duplicate, MalformedEmail, MalformedPhone, MissingRequired, UnknownValue,
    WrongType,
};
use crate::member::member_no;
use crate::names::Sex;
use crate::out_file::Monitor;
use crate::text_file::{Format, Spoil, TextFile, TextSpec};
use crate::world::World;
use crate::{FileReport, SampleError};

const SPEC: TextSpec = TextSpec {
    dataset: "crm_members",
    name: "crm_members.csv",
    format: Format::Csv,
    columns: &[
        "member_no",
        "name",
        "gender",
        "birth_date",
        "phone",
        "email",
        "id_number",
        "address",
        "city",
        "region",
        "joined_on",
        "tier",
        "marketing_consent",
    ],
    faults: &[
        ((WrongType, Spoil::Text("joined_on", "last spring")), 10),
        ((WrongType, Spoil::Text("birth_date", "31.02.1988")), 10),
        ((WrongType, Spoil::Text("marketing_consent", "perhaps")), 5),
        ((BadChecksum, Spoil::LastDigit("id_number")), 20),
        ((MalformedEmail, Spoil::Text("email", "name at mail")), 15),
        ((MalformedPhone, Spoil::Text("phone", "138-0013")), 15),
        ((UnknownValue, Spoil::Text("tier", "diamond")), 8),
        ((UnknownValue, Spoil::Text("region", "XX")), 7),
        ((MissingRequired, Spoil::Empty("phone")), 8),
        ((MissingRequired, Spoil::Empty("member_no")), 5),
        ((Duplicate, Spoil::Line), 12),
        ((BrokenLine, Spoil::Line), 2),
    ],
    number: 1,
};

pub(crate) fn write(world: &World, monitor: &Monitor<'_>) -> Result<Vec<FileReport>, SampleError> {
    let mut file = TextFile::create(world, None, monitor, SPEC)?;
    for index in 0..world.members {
        let (member, activity) = (world.member(index), world.activity(index));
        let gender = match (member.stated_sex, member.sex) {
            (false, _) => "unknown",
            (true, Sex::Female) => "female",
            (true, Sex::Male) => "male",
        };
        file.write(|row| {
            row.text(&member_no(index))
                .text(&member.name.written)
                .text(gender)
                .bare(member.born)
                .text(&member.phone)
                .maybe(member.email.as_deref())
                .maybe(member.identity_number.as_deref())
                .text(&member.address)
                .text(member.home.city.name)
                .text(member.home.region.code)
                .bare(date(activity.joined))
                .text(activity.tier())
                .bare(member.consent);
        })?;
    }
    Ok(vec![file.finish()?])
}
