//! The words in a column's name that say that it identifies somebody.
//!
//! A name is cut at each `_`, and digits at the end of a part are left out: `phone2` has `phone`. A word of several parts
//! stands in a name when the parts follow each other (`home_address_street`), or as one part without `_` (`firstname`). A
//! plural is its word (`emails`). `name` and `nickname` are words only where they are the whole name: a dataset about
//! members has a `product_name` too.

/// What a column holds, by a word in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalKind {
    /// Telephone numbers.
    Telephone,
    /// E-mail addresses.
    Email,
    /// Numbers of identity papers.
    Identity,
    /// Days of birth.
    Birth,
    /// Names of people.
    Name,
    /// IP addresses.
    Ip,
    /// Postal addresses.
    Address,
    /// Numbers of devices.
    Device,
    /// Identifiers of a social channel.
    Channel,
    /// Numbers of cards and accounts.
    Account,
    /// Number plates.
    Plate,
}

impl PersonalKind {
    /// Returns what one value is, in words.
    #[must_use]
    pub const fn means(self) -> &'static str {
        match self {
            Self::Telephone => "a telephone number",
            Self::Email => "an e-mail address",
            Self::Identity => "a number of identity papers",
            Self::Birth => "a day of birth",
            Self::Name => "a name of a person",
            Self::Ip => "an IP address",
            Self::Address => "an address",
            Self::Device => "a number of a device",
            Self::Channel => "an identifier of a social channel",
            Self::Account => "a number of a card or an account",
            Self::Plate => "a number plate",
        }
    }
}

/// A word that says who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalWord {
    /// As it stands in a name.
    pub written: &'static str,
    /// What it says that the column holds.
    pub kind: PersonalKind,
    /// Whether it must be the whole name.
    whole: bool,
}

/// Every word, those of several parts before the parts that are words themselves.
const WORDS: [PersonalWord; 56] = [
    anywhere("phone_number", TELEPHONE),
    anywhere("phone", TELEPHONE),
    anywhere("telephone", TELEPHONE),
    anywhere("cellphone", TELEPHONE),
    anywhere("mobile", TELEPHONE),
    anywhere("tel", TELEPHONE),
    anywhere("msisdn", TELEPHONE),
    anywhere("email_address", EMAIL),
    anywhere("email", EMAIL),
    anywhere("e_mail", EMAIL),
    anywhere("mail", EMAIL),
    anywhere("id_card", IDENTITY),
    anywhere("id_number", IDENTITY),
    anywhere("national_id", IDENTITY),
    anywhere("identity", IDENTITY),
    anywhere("passport", IDENTITY),
    anywhere("ssn", IDENTITY),
    anywhere("birth_date", BIRTH),
    anywhere("birth", BIRTH),
    anywhere("birthday", BIRTH),
    anywhere("born", BIRTH),
    anywhere("dob", BIRTH),
    anywhere("full_name", NAME),
    anywhere("first_name", NAME),
    anywhere("last_name", NAME),
    anywhere("family_name", NAME),
    anywhere("given_name", NAME),
    anywhere("real_name", NAME),
    anywhere("member_name", NAME),
    anywhere("customer_name", NAME),
    anywhere("contact_name", NAME),
    anywhere("surname", NAME),
    whole("name", NAME),
    whole("nickname", NAME),
    whole("nick_name", NAME),
    anywhere("ip_address", IP),
    anywhere("ip", IP),
    anywhere("ipv4", IP),
    anywhere("ipv6", IP),
    anywhere("mac_address", DEVICE),
    anywhere("address", ADDRESS),
    anywhere("addr", ADDRESS),
    anywhere("street", ADDRESS),
    anywhere("device_id", DEVICE),
    anywhere("imei", DEVICE),
    anywhere("imsi", DEVICE),
    anywhere("idfa", DEVICE),
    anywhere("oaid", DEVICE),
    anywhere("gaid", DEVICE),
    anywhere("openid", CHANNEL),
    anywhere("unionid", CHANNEL),
    anywhere("card_no", ACCOUNT),
    anywhere("card_number", ACCOUNT),
    anywhere("bank_account", ACCOUNT),
    anywhere("iban", ACCOUNT),
    anywhere("plate", PLATE),
];

const TELEPHONE: PersonalKind = PersonalKind::Telephone;
const EMAIL: PersonalKind = PersonalKind::Email;
const IDENTITY: PersonalKind = PersonalKind::Identity;
const BIRTH: PersonalKind = PersonalKind::Birth;
const NAME: PersonalKind = PersonalKind::Name;
const IP: PersonalKind = PersonalKind::Ip;
const ADDRESS: PersonalKind = PersonalKind::Address;
const DEVICE: PersonalKind = PersonalKind::Device;
const CHANNEL: PersonalKind = PersonalKind::Channel;
const ACCOUNT: PersonalKind = PersonalKind::Account;
const PLATE: PersonalKind = PersonalKind::Plate;

const fn anywhere(written: &'static str, kind: PersonalKind) -> PersonalWord {
    PersonalWord { written, kind, whole: false }
}

const fn whole(written: &'static str, kind: PersonalKind) -> PersonalWord {
    PersonalWord { written, kind, whole: true }
}

/// Finds the first word that a column's name has.
pub(super) fn find(name: &str) -> Option<PersonalWord> {
    let name = name.to_lowercase();
    let parts: Vec<&str> = name.split('_').collect();
    WORDS.into_iter().find(|word| word.stands_in(&parts))
}

impl PersonalWord {
    /// Finds the first word of a column's name that says that it identifies somebody: the words by which contracts are
    /// checked.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        find(name)
    }

    fn stands_in(self, parts: &[&str]) -> bool {
        let own: Vec<&str> = self.written.split('_').collect();
        let joined = self.written.replace('_', "");
        let follow = |window: &[&str]| window.iter().zip(&own).all(|(part, word)| is_word(part, word));
        let fits = |length: usize| !self.whole || parts.len() == length;
        (fits(own.len()) && parts.windows(own.len()).any(follow))
            || (fits(1) && parts.iter().any(|part| is_word(part, &joined)))
    }
}

/// Tells whether a part of a name is a word: itself, in the plural, or numbered.
fn is_word(part: &str, word: &str) -> bool {
    let bare = part.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let singular = |plural: &str| bare.strip_suffix(plural) == Some(word);
    part == word || bare == word || singular("s") || singular("es")
}

#[cfg(test)]
mod tests;
