//! What people are called.
//!
//! Chinese names are drawn from syllables with their reading, because e-mail addresses are made of
//! the reading; English ones come from the crate `fake`.

use fake::Fake;
use fake::faker::name::raw::{FirstName, LastName};
use fake::locales::EN;

use crate::pick::{chance, pick, pick_weighted};
use crate::seeds::Rng;

/// In which language a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Chinese,
    English,
}

/// For the name and the identity number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sex {
    Female,
    Male,
}

/// A name in writing and, for e-mail addresses, in lower-case Latin letters.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Surname {
    pub(crate) written: &'static str,
    latin: &'static str,
}

/// A whole name.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) written: String,
    pub(crate) latin_given: String,
    pub(crate) latin_family: String,
}

impl Surname {
    /// Draws a family name, in China by frequency.
    pub(crate) fn draw(rng: &mut Rng, language: Language) -> Self {
        match language {
            Language::Chinese => {
                let (written, latin) = pick_weighted(rng, SURNAMES);
                Self { written, latin }
            }
            Language::English => {
                let written: &'static str = LastName(EN).fake_with_rng(rng);
                Self { written, latin: written }
            }
        }
    }
}

impl Name {
    /// Draws the given name.
    pub(crate) fn draw(rng: &mut Rng, language: Language, sex: Sex, surname: Surname) -> Self {
        let latin_family = latin(surname.latin);
        match language {
            Language::Chinese => {
                let table = match sex {
                    Sex::Female => FEMALE,
                    Sex::Male => MALE,
                };
                let (first, first_latin) = pick(rng, table);
                let (second, second_latin) = if chance(rng, 0.75) { pick(rng, table) } else { ("", "") };
                Self {
                    written: format!("{}{first}{second}", surname.written),
                    latin_given: format!("{first_latin}{second_latin}"),
                    latin_family,
                }
            }
            Language::English => {
                let given: &'static str = FirstName(EN).fake_with_rng(rng);
                Self {
                    written: format!("{given} {}", surname.written),
                    latin_given: latin(given),
                    latin_family,
                }
            }
        }
    }
}

fn latin(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Family names with their reading, by people in ten thousand.
const SURNAMES: &[((&str, &str), u32)] = &[
    (("王", "wang"), 725),
    (("李", "li"), 719),
    (("张", "zhang"), 683),
    (("刘", "liu"), 538),
    (("陈", "chen"), 453),
    (("杨", "yang"), 308),
    (("黄", "huang"), 223),
    (("赵", "zhao"), 206),
    (("吴", "wu"), 205),
    (("周", "zhou"), 205),
    (("徐", "xu"), 166),
    (("孙", "sun"), 152),
    (("马", "ma"), 139),
    (("朱", "zhu"), 125),
    (("胡", "hu"), 116),
    (("郭", "guo"), 115),
    (("何", "he"), 113),
    (("高", "gao"), 110),
    (("林", "lin"), 110),
    (("罗", "luo"), 105),
    (("郑", "zheng"), 96),
    (("梁", "liang"), 84),
    (("谢", "xie"), 76),
    (("宋", "song"), 70),
    (("唐", "tang"), 69),
    (("许", "xu"), 66),
    (("韩", "han"), 65),
    (("冯", "feng"), 64),
    (("邓", "deng"), 62),
    (("曹", "cao"), 60),
    (("彭", "peng"), 58),
    (("曾", "zeng"), 57),
    (("肖", "xiao"), 56),
    (("田", "tian"), 55),
    (("董", "dong"), 53),
    (("袁", "yuan"), 49),
    (("潘", "pan"), 48),
    (("于", "yu"), 46),
    (("蒋", "jiang"), 46),
    (("蔡", "cai"), 45),
    (("余", "yu"), 44),
    (("杜", "du"), 44),
    (("叶", "ye"), 43),
    (("程", "cheng"), 43),
    (("苏", "su"), 42),
    (("魏", "wei"), 41),
    (("吕", "lv"), 41),
    (("丁", "ding"), 40),
    (("任", "ren"), 39),
    (("沈", "shen"), 38),
    (("姚", "yao"), 37),
    (("卢", "lu"), 36),
    (("姜", "jiang"), 36),
    (("崔", "cui"), 35),
    (("钟", "zhong"), 35),
    (("谭", "tan"), 34),
    (("欧阳", "ouyang"), 7),
    (("司马", "sima"), 1),
    (("诸葛", "zhuge"), 1),
    (("上官", "shangguan"), 1),
];

/// Syllables of women's given names.
const FEMALE: &[(&str, &str)] = &[
    ("芳", "fang"),
    ("娜", "na"),
    ("敏", "min"),
    ("静", "jing"),
    ("丽", "li"),
    ("艳", "yan"),
    ("娟", "juan"),
    ("霞", "xia"),
    ("玲", "ling"),
    ("燕", "yan"),
    ("雪", "xue"),
    ("梅", "mei"),
    ("婷", "ting"),
    ("慧", "hui"),
    ("莹", "ying"),
    ("倩", "qian"),
    ("欣", "xin"),
    ("怡", "yi"),
    ("佳", "jia"),
    ("琪", "qi"),
    ("涵", "han"),
    ("梓", "zi"),
    ("诗", "shi"),
    ("雨", "yu"),
    ("萱", "xuan"),
    ("悦", "yue"),
    ("彤", "tong"),
    ("璐", "lu"),
    ("蕾", "lei"),
    ("洁", "jie"),
    ("颖", "ying"),
    ("琳", "lin"),
    ("晶", "jing"),
    ("茜", "qian"),
    ("秋", "qiu"),
    ("兰", "lan"),
    ("凤", "feng"),
    ("英", "ying"),
    ("红", "hong"),
    ("云", "yun"),
    ("月", "yue"),
    ("思", "si"),
    ("可", "ke"),
    ("嘉", "jia"),
    ("语", "yu"),
    ("瑶", "yao"),
    ("薇", "wei"),
    ("菲", "fei"),
];

/// Syllables of men's given names.
const MALE: &[(&str, &str)] = &[
    ("伟", "wei"),
    ("强", "qiang"),
    ("磊", "lei"),
    ("军", "jun"),
    ("洋", "yang"),
    ("勇", "yong"),
    ("杰", "jie"),
    ("涛", "tao"),
    ("明", "ming"),
    ("超", "chao"),
    ("刚", "gang"),
    ("平", "ping"),
    ("辉", "hui"),
    ("鹏", "peng"),
    ("华", "hua"),
    ("飞", "fei"),
    ("鑫", "xin"),
    ("波", "bo"),
    ("斌", "bin"),
    ("宇", "yu"),
    ("浩", "hao"),
    ("凯", "kai"),
    ("健", "jian"),
    ("俊", "jun"),
    ("帆", "fan"),
    ("帅", "shuai"),
    ("旭", "xu"),
    ("宁", "ning"),
    ("龙", "long"),
    ("林", "lin"),
    ("阳", "yang"),
    ("晨", "chen"),
    ("泽", "ze"),
    ("轩", "xuan"),
    ("博", "bo"),
    ("睿", "rui"),
    ("志", "zhi"),
    ("建", "jian"),
    ("国", "guo"),
    ("文", "wen"),
    ("海", "hai"),
    ("东", "dong"),
    ("峰", "feng"),
    ("新", "xin"),
    ("天", "tian"),
    ("家", "jia"),
    ("子", "zi"),
    ("皓", "hao"),
];

#[cfg(test)]
mod tests;
