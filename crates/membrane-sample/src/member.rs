//! One registration in the CRM and the person behind it.

use chrono::{DateTime, NaiveDate};
use rand::RngExt;

use crate::household::{Household, Slot};
use crate::identifiers::{email, identity_number, phone};
use crate::names::{Language, Name, Sex};
use crate::pick::chance;
use crate::places::{Home, birthplace};
use crate::seeds::{Draw, Seeds};

/// A registration.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) person: u64,
    pub(crate) home: Home,
    pub(crate) name: Name,
    pub(crate) sex: Sex,
    pub(crate) born: NaiveDate,
    pub(crate) phone: String,
    pub(crate) email: Option<String>,
    pub(crate) identity_number: Option<String>,
    pub(crate) address: String,
    pub(crate) stated_sex: bool,
    pub(crate) consent: bool,
}

impl Member {
    /// Draws a member.
    pub(crate) fn of(seeds: Seeds, index: u64) -> Self {
        let slot = Slot::of(seeds, index);
        let household = Household::of(seeds, &slot);
        let mut rng = seeds.rng(Draw::Person, slot.person);
        let (sex, born, surname) = household.person(&mut rng, &slot);
        let name = Name::draw(&mut rng, household.language, sex, surname);
        let district = birthplace(&mut rng, &household.home);
        let identity_number = identity_number(&mut rng, district, born, sex);

        // What differs between two registrations of one person.
        let mut rng = seeds.rng(Draw::Registration, index);
        let new_phone = slot.again && chance(&mut rng, 0.6);
        let phone_serial = match (new_phone, household.one_phone) {
            (true, _) => slot.person * 4 + 1,
            (false, true) => slot.household * 4,
            (false, false) => slot.person * 4,
        };
        let email_serial = slot.person * 4 + u64::from(slot.again);
        let email = chance(&mut rng, 0.72).then(|| email(seeds, &mut rng, &name, email_serial));
        let address = match household.language {
            Language::Chinese => household.home.chinese(),
            Language::English => household.home.english(),
        };
        Self {
            person: slot.person,
            home: household.home,
            name,
            sex,
            born,
            phone: phone(seeds, phone_serial),
            email,
            identity_number: chance(&mut rng, 0.7).then_some(identity_number),
            address,
            stated_sex: chance(&mut rng, 0.94),
            consent: rng.random_ratio(6, 10),
        }
    }

    /// Tells whether the member is under 18 at an instant, in microseconds since 1970. Shops are open while the
    /// day in China is that of UTC.
    pub(crate) fn is_minor(&self, micros: i64) -> bool {
        let day = DateTime::from_timestamp_micros(micros).unwrap_or_default().date_naive();
        day.years_since(self.born).is_none_or(|age| age < 18)
    }

    /// Returns another number of the same person, which the CRM does not know.
    pub(crate) fn second_phone(&self, seeds: Seeds) -> String {
        phone(seeds, self.person * 4 + 2)
    }
}

/// Returns the number under which the CRM knows a member.
pub(crate) fn member_no(index: u64) -> String {
    format!("M{:08}", index + 1)
}

#[cfg(test)]
mod tests;
