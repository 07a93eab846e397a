//! Chinese addresses: divisions from wide to narrow, and a road, a house, a room.

use crate::detect::Kind;
use crate::detect::recogniser::{Look, Recogniser, nothing};
use crate::detect::value::{Value, is_han};

pub(crate) const RECOGNISER: Recogniser = Recogniser {
    kind: Kind::AddressCn,
    chance: 0.05,
    share_min: 0.4,
    share_hinted_min: 0.1,
    look,
    against: nothing,
};

const DIVISIONS: [&str; 9] = ["省", "自治区", "市", "自治州", "区", "县", "旗", "镇", "乡"];
const ROADS: [&str; 11] = ["路", "街", "道", "巷", "弄", "胡同", "大厦", "小区", "花园", "村", "广场"];
const HOUSES: [&str; 9] = ["号", "栋", "幢", "单元", "室", "楼", "座", "组", "层"];

fn look(value: &Value) -> Look {
    let text = value.text.as_str();
    let han = text.chars().filter(|letter| is_han(*letter)).count();
    if han < 5 || text.chars().count() > 120 {
        return Look::Other;
    }
    let count = |words: &[&str]| words.iter().filter(|word| text.contains(**word)).count();
    let (divisions, roads, houses) = (count(&DIVISIONS), count(&ROADS), count(&HOUSES));
    let number = text.chars().any(|letter| letter.is_ascii_digit());
    Look::of((roads >= 1 && houses >= 1 && number) || (divisions >= 2 && roads + houses >= 1))
}
