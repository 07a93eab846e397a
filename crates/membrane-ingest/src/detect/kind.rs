//! What can be recognised, and what follows from it.

use membrane_catalog::{FormatCheck, PersonalKind};

/// What can be recognised in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    CnIdentity,
    CnIdentityOld,
    HkIdentity,
    TwIdentity,
    CnPassport,
    UsSsn,
    UkNhs,
    EsDni,
    SgNric,
    PlPesel,
    BrCpf,
    KrRrn,
    FrNir,
    CnMobile,
    CnLandline,
    E164,
    Email,
    BankCard,
    Iban,
    CreditCode,
    Plate,
    Ipv4,
    Ipv6,
    Mac,
    Imei,
    Imsi,
    WechatId,
    Uuid,
    Digest,
    BirthDate,
    NameCn,
    NameLatin,
    AddressCn,
    AddressLatin,
}

/// Kinds that stand in for each other in one column: telephones of several forms, papers of several states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Family {
    Identity,
    Telephone,
    Email,
    Account,
    Business,
    Plate,
    Network,
    Device,
    Channel,
    Birth,
    Name,
    Address,
}

impl Kind {
    /// Returns the name in reports and in the documentation.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::CnIdentity => "cn_identity_18",
            Self::CnIdentityOld => "cn_identity_15",
            Self::HkIdentity => "hk_identity",
            Self::TwIdentity => "tw_identity",
            Self::CnPassport => "cn_passport",
            Self::UsSsn => "us_ssn",
            Self::UkNhs => "uk_nhs",
            Self::EsDni => "es_dni",
            Self::SgNric => "sg_nric",
            Self::PlPesel => "pl_pesel",
            Self::BrCpf => "br_cpf",
            Self::KrRrn => "kr_rrn",
            Self::FrNir => "fr_nir",
            Self::CnMobile => "cn_mobile",
            Self::CnLandline => "cn_landline",
            Self::E164 => "e164",
            Self::Email => "email",
            Self::BankCard => "bank_card",
            Self::Iban => "iban",
            Self::CreditCode => "cn_credit_code",
            Self::Plate => "cn_plate",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Mac => "mac",
            Self::Imei => "imei",
            Self::Imsi => "imsi",
            Self::WechatId => "wechat_id",
            Self::Uuid => "uuid",
            Self::Digest => "digest",
            Self::BirthDate => "birth_date",
            Self::NameCn => "name_cn",
            Self::NameLatin => "name_latin",
            Self::AddressCn => "address_cn",
            Self::AddressLatin => "address_latin",
        }
    }

    /// Returns several of them in words.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::CnIdentity => "Chinese identity numbers (18, with province, day and check digit)",
            Self::CnIdentityOld => "Chinese identity numbers (15, with province and day)",
            Self::HkIdentity => "Hong Kong identity card numbers",
            Self::TwIdentity => "Taiwan identity card numbers",
            Self::CnPassport => "Chinese passport numbers",
            Self::UsSsn => "US social security numbers",
            Self::UkNhs => "UK NHS numbers",
            Self::EsDni => "Spanish DNI or NIE numbers",
            Self::SgNric => "Singapore NRIC or FIN numbers",
            Self::PlPesel => "Polish PESEL numbers",
            Self::BrCpf => "Brazilian CPF numbers",
            Self::KrRrn => "Korean resident registration numbers",
            Self::FrNir => "French NIR numbers",
            Self::CnMobile => "Chinese mobile numbers",
            Self::CnLandline => "Chinese landline numbers",
            Self::E164 => "international telephone numbers",
            Self::Email => "e-mail addresses",
            Self::BankCard => "bank card numbers (issuer, length and Luhn)",
            Self::Iban => "IBANs",
            Self::CreditCode => "Chinese unified social credit codes",
            Self::Plate => "Chinese number plates",
            Self::Ipv4 => "IPv4 addresses",
            Self::Ipv6 => "IPv6 addresses",
            Self::Mac => "MAC addresses",
            Self::Imei => "IMEI numbers",
            Self::Imsi => "IMSI numbers",
            Self::WechatId => "WeChat openids or unionids",
            Self::Uuid => "UUIDs",
            Self::Digest => "hashes in hexadecimal digits",
            Self::BirthDate => "days of birth",
            Self::NameCn => "Chinese names of people",
            Self::NameLatin => "names of people in Latin letters",
            Self::AddressCn => "Chinese addresses",
            Self::AddressLatin => "addresses in Latin letters",
        }
    }

    /// Returns the family.
    pub(crate) const fn family(self) -> Family {
        match self {
            Self::CnIdentity
            | Self::CnIdentityOld
            | Self::HkIdentity
            | Self::TwIdentity
            | Self::CnPassport
            | Self::UsSsn
            | Self::UkNhs
            | Self::EsDni
            | Self::SgNric
            | Self::PlPesel
            | Self::BrCpf
            | Self::KrRrn
            | Self::FrNir => Family::Identity,
            Self::CnMobile | Self::CnLandline | Self::E164 => Family::Telephone,
            Self::Email => Family::Email,
            Self::BankCard | Self::Iban => Family::Account,
            Self::CreditCode => Family::Business,
            Self::Plate => Family::Plate,
            Self::Ipv4 | Self::Ipv6 => Family::Network,
            Self::Mac | Self::Imei | Self::Imsi | Self::Uuid | Self::Digest => Family::Device,
            Self::WechatId => Family::Channel,
            Self::BirthDate => Family::Birth,
            Self::NameCn | Self::NameLatin => Family::Name,
            Self::AddressCn | Self::AddressLatin => Family::Address,
        }
    }

    /// Returns the check of contracts that asks for the same.
    pub(crate) const fn check(self) -> Option<FormatCheck> {
        match self {
            Self::CnIdentity => Some(FormatCheck::ChineseIdentityNumber),
            Self::CnMobile => Some(FormatCheck::MobileChina),
            Self::E164 => Some(FormatCheck::E164),
            Self::Email => Some(FormatCheck::Email),
            Self::BankCard => Some(FormatCheck::Luhn),
            _ => None,
        }
    }
}

impl Family {
    /// Returns the class that such a column has.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Identity => "pii.identity_number",
            Self::Telephone => "pii.phone",
            Self::Email => "pii.email",
            Self::Account => "pii.account",
            Self::Business => "business",
            Self::Plate | Self::Channel => "pii.identifier",
            Self::Network => "pii.ip",
            Self::Device => "pii.device",
            Self::Birth => "pii.birth_date",
            Self::Name => "pii.name",
            Self::Address => "pii.address",
        }
    }

    /// Returns the family that a word in a column's name speaks of.
    pub(crate) const fn of_word(word: PersonalKind) -> Self {
        match word {
            PersonalKind::Telephone => Self::Telephone,
            PersonalKind::Email => Self::Email,
            PersonalKind::Identity => Self::Identity,
            PersonalKind::Birth => Self::Birth,
            PersonalKind::Name => Self::Name,
            PersonalKind::Ip => Self::Network,
            PersonalKind::Address => Self::Address,
            PersonalKind::Device => Self::Device,
            PersonalKind::Channel => Self::Channel,
            PersonalKind::Account => Self::Account,
            PersonalKind::Plate => Self::Plate,
        }
    }
}
