//! IPv6 addresses.

use std::net::Ipv6Addr;

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::Value;

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::Ipv6,
    // Times such as `12:30:00` have colons too and fail.
    chance: 0.05,
    share_min: 0.3,
    share_hinted_min: 0.05,
    look,
    against: nothing,
};

fn look(value: &Value) -> Look {
    let address = value.text.split(['/', '%']).next().unwrap_or_default();
    let address = address.trim_start_matches('[').trim_end_matches(']');
    if address.matches(':').count() < 2 {
        return Look::Other;
    }
    Look::of(address.parse::<Ipv6Addr>().is_ok())
}
