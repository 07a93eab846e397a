//! IPv4 addresses. Versions look alike when their parts are small.

use std::net::Ipv4Addr;

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser};
use crate::detect::shape::Shape;
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Ipv4,
    // Of four numbers of up to three digits, those that are all below 256.
    chance: 0.3,
    share_min: 0.4,
    share_hinted_min: 0.1,
    look,
    against,
};

fn look(value: &Value) -> Look {
    // A port or the length of a network may stand behind.
    let address = value.text.split([':', '/']).next().unwrap_or_default();
    let parts: Vec<&str> = address.split('.').collect();
    let number =
        |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() != 4 || !parts.iter().all(number) {
        return Look::Other;
    }
    Look::of(address.parse::<Ipv4Addr>().is_ok())
}

fn against(shape: &Shape) -> Option<&'static str> {
    (shape.share(shape.versions) > 0.7).then_some("their parts are small, as those of versions are")
}
