//! Where people live: regions, cities and districts with their codes of GB/T 2260, and roads.

use rand::RngExt;

use crate::pick::{pick, pick_weighted};
use crate::seeds::Rng;

/// A district, as the first six digits of the identity numbers issued there say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct District {
    pub(crate) code: u32,
    chinese: &'static str,
    english: &'static str,
}

/// A city.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) chinese: &'static str,
    pub(crate) districts: &'static [District],
}

/// A province, or a city that is one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Region {
    /// The code in the data: `SH`.
    pub(crate) code: &'static str,
    chinese: &'static str,
    pub(crate) cities: &'static [City],
}

/// A dwelling.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home {
    pub(crate) region: Region,
    pub(crate) city: City,
    district: District,
    road: (&'static str, &'static str),
    number: u32,
    building: u32,
    room: u32,
}

impl Home {
    /// Draws a dwelling; more people live in the east.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let region = pick_weighted(rng, REGIONS);
        let city = pick(rng, region.cities);
        Self {
            region,
            city,
            district: pick(rng, city.districts),
            road: pick(rng, ROADS),
            number: rng.random_range(1..=1_999),
            building: rng.random_range(1..=28),
            room: rng.random_range(1..=32) * 100 + rng.random_range(1..=4),
        }
    }

    /// Writes the address as people there do.
    pub(crate) fn chinese(&self) -> String {
        let Self { region, city, district, road, number, building, room } = self;
        let province = if region.chinese == city.chinese { "" } else { region.chinese };
        format!("{province}{}{}{}{number}号{building}栋{room}室", city.chinese, district.chinese, road.0)
    }

    /// Writes the address in English.
    pub(crate) fn english(&self) -> String {
        let Self { city, district, road, number, building, room, .. } = self;
        format!(
            "Room {room}, Building {building}, {number} {} Road, {} District, {}",
            road.1, district.english, city.name
        )
    }
}

/// Draws the code of the district that issued somebody's identity number: mostly of the region of
/// residence, because most people stay where they were born.
pub(crate) fn birthplace(rng: &mut Rng, home: &Home) -> u32 {
    if rng.random_ratio(7, 10) {
        let city = pick(rng, home.region.cities);
        pick(rng, city.districts).code
    } else {
        Home::draw(rng).district.code
    }
}

/// Roads that most cities have.
const ROADS: &[(&str, &str)] = &[
    ("人民路", "Renmin"),
    ("中山路", "Zhongshan"),
    ("解放路", "Jiefang"),
    ("建设路", "Jianshe"),
    ("和平路", "Heping"),
    ("新华路", "Xinhua"),
    ("长江路", "Changjiang"),
    ("黄河路", "Huanghe"),
    ("文化路", "Wenhua"),
    ("胜利路", "Shengli"),
    ("朝阳路", "Chaoyang"),
    ("光明路", "Guangming"),
    ("学府路", "Xuefu"),
    ("滨河路", "Binhe"),
    ("花园路", "Huayuan"),
    ("科技路", "Keji"),
    ("江滨路", "Jiangbin"),
    ("湖滨路", "Hubin"),
    ("南京路", "Nanjing"),
    ("北京路", "Beijing"),
    ("青年路", "Qingnian"),
    ("友谊路", "Youyi"),
    ("迎宾路", "Yingbin"),
    ("凤凰路", "Fenghuang"),
];

/// Regions by the share of members who live there.
pub(crate) const REGIONS: &[(Region, u32)] = &[
    (Region { code: "SH", chinese: "上海市", cities: SH }, 22),
    (Region { code: "BJ", chinese: "北京市", cities: BJ }, 16),
    (Region { code: "GD", chinese: "广东省", cities: GD }, 18),
    (Region { code: "ZJ", chinese: "浙江省", cities: ZJ }, 12),
    (Region { code: "JS", chinese: "江苏省", cities: JS }, 12),
    (Region { code: "SC", chinese: "四川省", cities: SC }, 9),
    (Region { code: "HB", chinese: "湖北省", cities: HB }, 6),
    (Region { code: "SN", chinese: "陕西省", cities: SN }, 5),
];

const fn district(code: u32, chinese: &'static str, english: &'static str) -> District {
    District { code, chinese, english }
}

const SH: &[City] = &[City {
    name: "Shanghai",
    chinese: "上海市",
    districts: &[
        district(310_101, "黄浦区", "Huangpu"),
        district(310_104, "徐汇区", "Xuhui"),
        district(310_105, "长宁区", "Changning"),
        district(310_106, "静安区", "Jing'an"),
        district(310_107, "普陀区", "Putuo"),
        district(310_110, "杨浦区", "Yangpu"),
        district(310_112, "闵行区", "Minhang"),
        district(310_115, "浦东新区", "Pudong"),
    ],
}];

const BJ: &[City] = &[City {
    name: "Beijing",
    chinese: "北京市",
    districts: &[
        district(110_101, "东城区", "Dongcheng"),
        district(110_102, "西城区", "Xicheng"),
        district(110_105, "朝阳区", "Chaoyang"),
        district(110_106, "丰台区", "Fengtai"),
        district(110_108, "海淀区", "Haidian"),
        district(110_112, "通州区", "Tongzhou"),
    ],
}];

const GD: &[City] = &[
    City {
        name: "Guangzhou",
        chinese: "广州市",
        districts: &[
            district(440_103, "荔湾区", "Liwan"),
            district(440_104, "越秀区", "Yuexiu"),
            district(440_105, "海珠区", "Haizhu"),
            district(440_106, "天河区", "Tianhe"),
            district(440_111, "白云区", "Baiyun"),
        ],
    },
    City {
        name: "Shenzhen",
        chinese: "深圳市",
        districts: &[
            district(440_303, "罗湖区", "Luohu"),
            district(440_304, "福田区", "Futian"),
            district(440_305, "南山区", "Nanshan"),
            district(440_306, "宝安区", "Bao'an"),
            district(440_307, "龙岗区", "Longgang"),
        ],
    },
];

const ZJ: &[City] = &[
    City {
        name: "Hangzhou",
        chinese: "杭州市",
        districts: &[
            district(330_102, "上城区", "Shangcheng"),
            district(330_105, "拱墅区", "Gongshu"),
            district(330_106, "西湖区", "Xihu"),
            district(330_108, "滨江区", "Binjiang"),
            district(330_109, "萧山区", "Xiaoshan"),
        ],
    },
    City {
        name: "Ningbo",
        chinese: "宁波市",
        districts: &[
            district(330_203, "海曙区", "Haishu"),
            district(330_205, "江北区", "Jiangbei"),
            district(330_212, "鄞州区", "Yinzhou"),
        ],
    },
];

const JS: &[City] = &[
    City {
        name: "Nanjing",
        chinese: "南京市",
        districts: &[
            district(320_102, "玄武区", "Xuanwu"),
            district(320_104, "秦淮区", "Qinhuai"),
            district(320_105, "建邺区", "Jianye"),
            district(320_106, "鼓楼区", "Gulou"),
            district(320_115, "江宁区", "Jiangning"),
        ],
    },
    City {
        name: "Suzhou",
        chinese: "苏州市",
        districts: &[
            district(320_505, "虎丘区", "Huqiu"),
            district(320_506, "吴中区", "Wuzhong"),
            district(320_507, "相城区", "Xiangcheng"),
            district(320_508, "姑苏区", "Gusu"),
        ],
    },
];

const SC: &[City] = &[
    City {
        name: "Chengdu",
        chinese: "成都市",
        districts: &[
            district(510_104, "锦江区", "Jinjiang"),
            district(510_105, "青羊区", "Qingyang"),
            district(510_106, "金牛区", "Jinniu"),
            district(510_107, "武侯区", "Wuhou"),
            district(510_108, "成华区", "Chenghua"),
        ],
    },
    City {
        name: "Mianyang",
        chinese: "绵阳市",
        districts: &[district(510_703, "涪城区", "Fucheng"), district(510_704, "游仙区", "Youxian")],
    },
];

const HB: &[City] = &[
    City {
        name: "Wuhan",
        chinese: "武汉市",
        districts: &[
            district(420_102, "江岸区", "Jiang'an"),
            district(420_103, "江汉区", "Jianghan"),
            district(420_106, "武昌区", "Wuchang"),
            district(420_111, "洪山区", "Hongshan"),
        ],
    },
    City {
        name: "Yichang",
        chinese: "宜昌市",
        districts: &[district(420_502, "西陵区", "Xiling"), district(420_503, "伍家岗区", "Wujiagang")],
    },
];

const SN: &[City] = &[
    City {
        name: "Xi'an",
        chinese: "西安市",
        districts: &[
            district(610_102, "新城区", "Xincheng"),
            district(610_103, "碑林区", "Beilin"),
            district(610_104, "莲湖区", "Lianhu"),
            district(610_112, "未央区", "Weiyang"),
            district(610_113, "雁塔区", "Yanta"),
        ],
    },
    City {
        name: "Xianyang",
        chinese: "咸阳市",
        districts: &[district(610_402, "秦都区", "Qindu"), district(610_404, "渭城区", "Weicheng")],
    },
];

#[cfg(test)]
mod tests;
