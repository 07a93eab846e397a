//! The recognisers, one a file.

mod address_cn;
mod address_latin;
mod bank_card;
pub(crate) mod birth;
mod br_cpf;
mod cn_identity;
mod cn_identity_old;
mod cn_landline;
mod cn_mobile;
mod cn_passport;
pub(crate) mod credit_code;
mod digest;
mod e164;
mod email;
mod es_dni;
mod fr_nir;
mod hk_identity;
mod iban;
mod imei;
mod imsi;
mod ipv4;
mod ipv6;
mod kr_rrn;
mod lists;
mod mac;
mod name_cn;
mod name_latin;
mod pl_pesel;
mod plate;
mod sg_nric;
mod tw_identity;
mod uk_nhs;
mod us_ssn;
mod uuid;
mod wechat_id;

use super::recogniser::Recogniser;

/// How many there are.
pub(crate) const COUNT: usize = 34;

/// Every recogniser.
pub(crate) static ALL: [Recogniser; COUNT] = [
    cn_identity::RECOGNISER,
    cn_identity_old::RECOGNISER,
    hk_identity::RECOGNISER,
    tw_identity::RECOGNISER,
    cn_passport::RECOGNISER,
    us_ssn::RECOGNISER,
    uk_nhs::RECOGNISER,
    es_dni::RECOGNISER,
    sg_nric::RECOGNISER,
    pl_pesel::RECOGNISER,
    br_cpf::RECOGNISER,
    kr_rrn::RECOGNISER,
    fr_nir::RECOGNISER,
    cn_mobile::RECOGNISER,
    cn_landline::RECOGNISER,
    e164::RECOGNISER,
    email::RECOGNISER,
    bank_card::RECOGNISER,
    iban::RECOGNISER,
    credit_code::RECOGNISER,
    plate::RECOGNISER,
    ipv4::RECOGNISER,
    ipv6::RECOGNISER,
    mac::RECOGNISER,
    imei::RECOGNISER,
    imsi::RECOGNISER,
    wechat_id::RECOGNISER,
    uuid::RECOGNISER,
    digest::RECOGNISER,
    birth::RECOGNISER,
    name_cn::RECOGNISER,
    name_latin::RECOGNISER,
    address_cn::RECOGNISER,
    address_latin::RECOGNISER,
];

#[cfg(test)]
mod tests;
