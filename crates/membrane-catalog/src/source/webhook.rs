//! Events that somebody else's service sends to the hub, as sources.

use std::collections::BTreeMap;

use membrane_model::ColumnName;

use super::Secret;

/// Requests that a service makes to `/hooks/NAME` of a hub that serves, each signed with what it shares with the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSource {
    /// How a request is known to be the service's.
    pub signature: Signature,
    /// Where in the body the event is, or the list of events: a JSON Pointer (RFC 6901). The body itself when it is not stated.
    pub events: Option<String>,
    /// What the service calls columns, and where in an event they are.
    pub columns: BTreeMap<ColumnName, HookField>,
}

/// How a request is known to be the service's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// HMAC-SHA-256 of the body, in a header.
    Hmac {
        /// The header with the signature.
        header: String,
        /// What stands in front of it there, such as `sha256=`.
        prefix: String,
        /// How it is written.
        encoding: TagEncoding,
        /// The header with the name of the request: one that comes again has the same.
        id_header: Option<String>,
        /// Where the secret is found.
        secret: Secret,
    },
    /// As the Standard Webhooks specification has it: over id, time and body.
    Standard {
        /// Where the secret is found: `whsec_` and base64.
        secret: Secret,
    },
    /// As WeChat has it in its safe mode (official accounts, mini-programs), and WeCom: encrypted, and signed.
    Weixin {
        /// Which of the two.
        platform: Weixin,
        /// Where the token is found.
        token: Secret,
        /// Where the `EncodingAESKey` is found.
        aes_key: Secret,
        /// The id of the account that messages are for.
        receiver: String,
    },
}

impl Signature {
    /// The words that files of the catalog use.
    pub const WORDS: [&str; 4] = ["hmac-sha256", "standard-webhooks", "wechat", "wecom"];
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TagEncoding {
    /// Hexadecimal digits.
    #[default]
    Hex,
    /// Base64 (RFC 4648, section 4).
    Base64,
}

impl TagEncoding {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Hex, Self::Base64];

    /// Returns the word that files of the catalog use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}

/// The platforms that encrypt messages alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weixin {
    /// Official accounts and mini-programs.
    WeChat,
    /// Corporations.
    WeCom,
}

/// Where in an event a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookField {
    /// A name, or a JSON Pointer (RFC 6901).
    pub at: String,
    /// It is an instant, as a number of these since 1970 in UTC.
    pub unix: Option<UnixUnit>,
    /// It is a text also where the service writes it as a number.
    pub text: bool,
}

/// In what instants are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnixUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

impl UnixUnit {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Seconds, Self::Milliseconds];

    /// Returns the word that files of the catalog use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
        }
    }
}
