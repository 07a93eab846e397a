//! The words in a column's name that say that it identifies somebody.
//!
//! A name is cut at each `_`, and digits at the end of a part are left out: `phone2` has `phone`. A word of several parts
//! stands in a name when the parts follow each other (`home_address_street`), or as one part without `_` (`firstname`). A
//! plural is its word (`emails`). `name` and `nickname` are words only where they are the whole name: a dataset about
//! members has a `product_name` too.

/// A word that says who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// As it stands in a name.
    pub(super) written: &'static str,
    /// What it is, in words.
    pub(super) means: &'static str,
    /// Whether it must be the whole name.
    whole: bool,
}

/// Every word, those of several parts before the parts that are words themselves.
const WORDS: [Word; 56] = [
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
    anywhere("plate", "a number plate"),
];

const TELEPHONE: &str = "a telephone number";
const EMAIL: &str = "an e-mail address";
const IDENTITY: &str = "a number of identity papers";
const BIRTH: &str = "a day of birth";
const NAME: &str = "a name of a person";
const IP: &str = "an IP address";
const ADDRESS: &str = "an address";
const DEVICE: &str = "a number of a device";
const CHANNEL: &str = "an identifier of a social channel";
const ACCOUNT: &str = "a number of a card or an account";

const fn anywhere(written: &'static str, means: &'static str) -> Word {
    Word { written, means, whole: false }
}

const fn whole(written: &'static str, means: &'static str) -> Word {
    Word { written, means, whole: true }
}

/// Finds the first word that a column's name has.
pub(super) fn find(name: &str) -> Option<Word> {
    let name = name.to_lowercase();
    let parts: Vec<&str> = name.split('_').collect();
    WORDS.into_iter().find(|word| word.stands_in(&parts))
}

impl Word {
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
