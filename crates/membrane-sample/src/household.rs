//! Who lives with whom.
//!
//! Members come in blocks of 64. A block's households follow from the seed and the block's number, so
//! that any member's household is found without knowing the others, and the first members of a larger
//! sample are those of a smaller one. Within its block a household is scattered.

use chrono::{Days, NaiveDate};
use rand::RngExt;

use crate::calendar::{YEAR, date};
use crate::names::{Language, Sex, Surname};
use crate::pick::{chance, pick_weighted};
use crate::places::Home;
use crate::seeds::{Draw, Rng, Seeds};

/// Members that are drawn together.
pub(crate) const BLOCK: u64 = 64;

/// People in a household who are members.
const SIZES: &[(u64, u32)] = &[(1, 45), (2, 28), (3, 16), (4, 8), (5, 3)];

/// The place of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The household: the number of its first person.
    pub(crate) household: u64,
    /// The person: the same for two registrations of one.
    pub(crate) person: u64,
    /// Whether this person has registered before.
    pub(crate) again: bool,
    role: Role,
    people: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Head,
    Partner,
    Child,
    Parent,
}

impl Slot {
    /// Finds the place of a member.
    pub(crate) fn of(seeds: Seeds, member: u64) -> Self {
        let block = member / BLOCK;
        let within = seeds.permute(Draw::Plan, block, member % BLOCK, BLOCK);
        let mut rng = seeds.rng(Draw::Plan, block);
        let mut start = 0;
        loop {
            let people = pick_weighted(&mut rng, SIZES).min(BLOCK - start).max(1);
            let places = people + u64::from(chance(&mut rng, 0.03));
            if within >= start + places {
                start += places;
                continue;
            }
            let place = within - start;
            let again = place == people;
            let household = block * BLOCK + start;
            let person = if again { household } else { household + place };
            let role = match place {
                _ if again => Role::Head,
                0 => Role::Head,
                1 => Role::Partner,
                4 => Role::Parent,
                _ => Role::Child,
            };
            return Self { household, person, again, role, people };
        }
    }
}

/// What the people of a household share.
#[derive(Debug, Clone)]
pub(crate) struct Household {
    pub(crate) language: Language,
    pub(crate) home: Home,
    /// Whether all gave the number of the first.
    pub(crate) one_phone: bool,
    surname: Surname,
    partner_surname: Surname,
    head_sex: Sex,
    head_age: i32,
}

impl Household {
    /// Draws the household of a place.
    pub(crate) fn of(seeds: Seeds, slot: &Slot) -> Self {
        let mut rng = seeds.rng(Draw::Household, slot.household);
        let language = if chance(&mut rng, 0.8) { Language::Chinese } else { Language::English };
        let surname = Surname::draw(&mut rng, language);
        let other = Surname::draw(&mut rng, language);
        let ages = if slot.people > 2 { 40..62 } else { 18..78 };
        Self {
            language,
            home: Home::draw(&mut rng),
            one_phone: slot.people > 1 && chance(&mut rng, 0.2),
            surname,
            partner_surname: if chance(&mut rng, 0.3) { other } else { surname },
            head_sex: draw_sex(&mut rng),
            head_age: rng.random_range(ages),
        }
    }

    /// Draws the sex, the day of birth and the family name of one of them.
    pub(crate) fn person(&self, rng: &mut Rng, slot: &Slot) -> (Sex, NaiveDate, Surname) {
        let drawn = draw_sex(rng);
        let (sex, age, surname) = match slot.role {
            Role::Head => (self.head_sex, self.head_age, self.surname),
            Role::Partner => {
                (other_sex(self.head_sex), self.head_age + rng.random_range(-5..=5), self.partner_surname)
            }
            Role::Child => (drawn, self.head_age - rng.random_range(20..32), self.surname),
            Role::Parent => (drawn, self.head_age + rng.random_range(20..30), self.surname),
        };
        let year = YEAR - age.clamp(16, 92);
        let day = rng.random_range(0..365);
        let born =
            NaiveDate::from_ymd_opt(year, 1, 1).and_then(|first| first.checked_add_days(Days::new(day)));
        (sex, born.unwrap_or_else(|| date(0)), surname)
    }
}

fn draw_sex(rng: &mut Rng) -> Sex {
    if rng.random() { Sex::Female } else { Sex::Male }
}

const fn other_sex(sex: Sex) -> Sex {
    match sex {
        Sex::Female => Sex::Male,
        Sex::Male => Sex::Female,
    }
}

#[cfg(test)]
mod tests;
