//! From where a request came, as far as the record says it.

use std::fmt;
use std::str::FromStr;

/// The class of the address that a request came from: the address itself may be somebody's home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressClass {
    /// No network: a subcommand, or the hub itself.
    #[default]
    Local,
    /// The machine of the hub (127.0.0.0/8, ::1).
    Loopback,
    /// A private network (RFC 1918, RFC 4193), or one link (RFC 3927, RFC 4291).
    Private,
    /// Any other.
    Public,
}

impl AddressClass {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Local, Self::Loopback, Self::Private, Self::Public];

    /// Returns the class of an address.
    #[must_use]
    pub const fn of(address: std::net::IpAddr) -> Self {
        // An IPv4 address that was written as IPv6 is what it stands for.
        match address.to_canonical() {
            std::net::IpAddr::V4(four) => {
                if four.is_loopback() {
                    Self::Loopback
                } else if four.is_private() || four.is_link_local() {
                    Self::Private
                } else {
                    Self::Public
                }
            }
            std::net::IpAddr::V6(six) => {
                if six.is_loopback() {
                    Self::Loopback
                } else if six.is_unique_local() || six.is_unicast_link_local() {
                    Self::Private
                } else {
                    Self::Public
                }
            }
        }
    }

    /// Returns the word used in the record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AddressClass {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or("expected the class of an address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_class_that_the_rfcs_say() {
        for (address, class) in [
            ("127.0.0.1", "loopback"),
            ("127.9.9.9", "loopback"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("10.1.2.3", "private"),
            ("172.31.0.1", "private"),
            ("192.168.1.1", "private"),
            ("169.254.1.1", "private"),
            ("::ffff:10.0.0.1", "private"),
            ("fd00::1", "private"),
            ("fe80::1", "private"),
            ("172.32.0.1", "public"),
            ("203.0.113.9", "public"),
            ("2001:db8::1", "public"),
        ] {
            assert_eq!(AddressClass::of(address.parse().unwrap()).as_str(), class, "{address}");
        }
    }

    #[test]
    fn a_word_is_read_as_it_is_written() {
        for class in AddressClass::ALL {
            assert_eq!(class.to_string().parse(), Ok(class));
        }
        assert!("10.0.0.1".parse::<AddressClass>().is_err());
    }
}
