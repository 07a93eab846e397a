//! Columns that are about nobody, and look as if.

use rand::RngExt as _;

use super::digits::{day, letter, one, random, sum, with_gs1, with_luhn};
use super::{Maker, Rng};

const fn maker(
    what: &'static str,
    names: &'static [&'static str],
    make: fn(&mut Rng, usize) -> String,
) -> Maker {
    Maker { what, kind: None, names, needs_name: false, make }
}

const fn only_named(maker: Maker) -> Maker {
    Maker { needs_name: true, ..maker }
}

const ORDERS: &[&str] = &["order_no", "order_id", "transaction_id"];
const CODES: &[&str] = &["sku", "product_code", "batch_no"];

pub(super) const ALL: [Maker; 52] = [
    maker("orders: day and ten digits", ORDERS, |rng, _| {
        let (year, month, day) = day(rng, 2024, 2026);
        format!("{year}{month:02}{day:02}{}", random(rng, 10))
    }),
    maker("orders: day, time and four digits", ORDERS, |rng, _| {
        let (year, month, day) = day(rng, 2024, 2026);
        format!("{:02}{month:02}{day:02}{:06}{}", year % 100, rng.random_range(0..240_000), random(rng, 4))
    }),
    maker("orders: letters, day, digits", ORDERS, |rng, _| {
        let (year, month, day) = day(rng, 2024, 2026);
        format!("SO{year}{month:02}{day:02}{}", random(rng, 6))
    }),
    maker("10 random digits", CODES, |rng, _| random(rng, 10)),
    maker("11 random digits", CODES, |rng, _| random(rng, 11)),
    maker("12 random digits", CODES, |rng, _| random(rng, 12)),
    maker("13 random digits", CODES, |rng, _| random(rng, 13)),
    maker("15 random digits", CODES, |rng, _| random(rng, 15)),
    maker("16 random digits", CODES, |rng, _| random(rng, 16)),
    maker("18 random digits", CODES, |rng, _| random(rng, 18)),
    maker("19 random digits", CODES, |rng, _| random(rng, 19)),
    maker("16 digits that start as cards do", ORDERS, |rng, _| format!("62{}", random(rng, 14))),
    maker("11 digits that start with 1", ORDERS, |rng, _| format!("1{}", random(rng, 10))),
    maker("orders of 11 digits, counted up", ORDERS, |_, row| {
        format!("{}", 13_000_000_000_u64 + row as u64 * 7)
    }),
    maker("orders of 11 digits, of the time", ORDERS, |rng, _| format!("176{}", random(rng, 8))),
    maker("milliseconds", &["event_ts", "created_ms", "timestamp"], |rng, _| {
        format!("{}", 1_700_000_000_000_u64 + rng.random_range(0..60_000_000_000_u64))
    }),
    maker("seconds", &["event_ts", "created_at", "ts"], |rng, _| {
        format!("{}", 1_700_000_000_u64 + rng.random_range(0..60_000_000_u64))
    }),
    maker("EAN-13", &["barcode", "ean", "gtin"], |rng, _| with_gs1(&format!("69{}", random(rng, 10)))),
    maker("EAN-13 of all countries", &["barcode", "ean"], |rng, _| with_gs1(&random(rng, 12))),
    maker("UPC", &["upc", "barcode"], |rng, _| with_gs1(&random(rng, 11))),
    maker("ISBN-13", &["isbn", "barcode"], |rng, _| with_gs1(&format!("9787{}", random(rng, 8)))),
    maker("ISBN-10", &["isbn", "book_code"], |rng, _| {
        let body = format!("7{}", random(rng, 8));
        match (11 - sum(&body, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 {
            10 => format!("{body}X"),
            digit => format!("{body}{digit}"),
        }
    }),
    maker("counted up", &["id", "row_id", "line_no"], |_, row| format!("{}", 100_001 + row)),
    maker("counted up, far", &["id", "event_id"], |_, row| format!("{}", 4_000_000_000_u64 + row as u64)),
    maker("parcels", &["tracking_no", "waybill"], |rng, _| format!("SF{}", random(rng, 13))),
    maker("parcels of digits", &["tracking_no", "waybill"], |rng, _| format!("77{}", random(rng, 11))),
    maker("parcels of post offices", &["tracking_no", "waybill"], |rng, _| format!("EA{}CN", random(rng, 9))),
    maker("amounts", &["amount", "price"], |rng, _| {
        format!("{}.{:02}", rng.random_range(0..900), rng.random_range(0..100))
    }),
    maker("whole amounts", &["amount", "points"], |rng, _| format!("{}", rng.random_range(1..100_000))),
    maker("numbers with Luhn that are no cards", ORDERS, |rng, _| {
        with_luhn(&format!("9{}", random(rng, 14)))
    }),
    maker("goods", &["product_name", "goods_title"], |rng, _| goods(rng)),
    maker("short goods", &["product_name", "item"], |rng, _| {
        let first = one(
            rng,
            &[
                "红烧", "金牌", "高钙", "黄金", "白桃", "马蹄", "麻辣", "原味", "草莓", "老坛", "冰糖",
                "香草", "海盐", "水晶", "云南",
            ],
        );
        let second = one(
            rng,
            &[
                "牛肉", "豆浆", "奶茶", "酸奶", "饼干", "排骨", "鱼丸", "蛋糕", "面包", "火腿", "拌面",
                "梨汁", "虾片", "米线", "牛奶",
            ],
        );
        format!("{first}{second}")
    }),
    maker("Latin goods", &["product_name", "item_title"], |rng, _| latin_goods(rng)),
    maker("brands", &["brand", "brand_name"], |rng, _| latin_brand(rng)),
    maker("cities", &["city", "province"], |rng, _| {
        one(
            rng,
            &[
                "上海",
                "北京",
                "广州",
                "深圳",
                "杭州",
                "南京",
                "武汉",
                "成都",
                "重庆",
                "西安",
                "苏州",
                "天津",
                "长沙",
                "郑州",
                "青岛",
                "沈阳",
                "宁波",
                "昆明",
                "张家口",
                "马鞍山",
                "黄山",
                "石家庄",
            ],
        )
        .to_owned()
    }),
    maker("districts", &["district", "area"], |rng, _| {
        format!(
            "{}{}",
            letter(rng, "朝海浦徐静虹杨闵宝嘉金松"),
            one(rng, &["阳区", "淀区", "东新区", "汇区", "安区", "口区", "浦区"])
        )
    }),
    maker("shops", &["store_name", "shop"], |rng, _| {
        format!(
            "{}{}店",
            one(rng, &["上海", "北京", "杭州", "苏州"]),
            one(rng, &["南京路", "国贸", "西湖", "中心", "万象城", "大悦城", "机场"])
        )
    }),
    maker("companies", &["supplier_name", "company"], |rng, _| {
        format!(
            "{}{}{}有限公司",
            one(rng, &["上海", "深圳", "北京", "杭州"]),
            one(rng, &["恒通", "华信", "金茂", "天成", "明远", "宏达"]),
            one(rng, &["科技", "贸易", "食品", "物流"])
        )
    }),
    maker("versions", &["app_version", "build"], |rng, _| {
        format!(
            "{}.{}.{}.{}",
            rng.random_range(1..9),
            rng.random_range(0..20),
            rng.random_range(0..30),
            rng.random_range(0..50)
        )
    }),
    maker("postal codes", &["postcode", "zip"], |rng, _| random(rng, 6)),
    maker("articles", CODES, |rng, _| {
        format!("{}{}-{}", letter(rng, "ABCDEFGH"), letter(rng, "KLMN"), random(rng, 5))
    }),
    maker("articles of a letter and 8 digits", CODES, |rng, _| {
        format!("{}{}", letter(rng, "ABCDEFGHPS"), random(rng, 8))
    }),
    maker("days of orders", &["order_date", "shipped_on"], |rng, _| {
        let (year, month, day) = day(rng, 2023, 2026);
        format!("{year}-{month:02}-{day:02}")
    }),
    maker("days of openings", &["opened_on", "store_opened"], |rng, _| {
        let (year, month, day) = day(rng, 2010, 2025);
        format!("{year}-{month:02}-{day:02}")
    }),
    maker("moments", &["updated_at", "event_time"], |rng, _| {
        let (year, month, day) = day(rng, 2024, 2026);
        format!(
            "{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            rng.random_range(0..24),
            rng.random_range(0..60),
            rng.random_range(0..60)
        )
    }),
    maker("times", &["opening_time", "slot"], |rng, _| {
        format!("{:02}:{:02}:00", rng.random_range(0..24), rng.random_range(0..60))
    }),
    only_named(maker("UUIDs of events", &["event_id", "trace_id", "order_uuid"], |rng, _| {
        let hex = format!("{:032x}", rng.random::<u128>());
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    })),
    maker("hashes of rows", &["row_hash", "checksum"], |rng, _| format!("{:032x}", rng.random::<u128>())),
    maker("addresses of pages", &["page_url", "url"], |rng, _| {
        format!("https://shop.example/p/{}?from={}", random(rng, 6), rng.random_range(0..9))
    }),
    maker("models", &["model", "spec"], |rng, _| {
        format!("{}-{}{}", one(rng, &["RTX", "XPS", "EOS", "GT"]), random(rng, 3), letter(rng, "ABCDX"))
    }),
    maker("shares", &["discount_rate", "score"], |rng, _| format!("0.{}", random(rng, 4))),
    maker("words", &["status", "category"], |rng, _| {
        one(rng, &["paid", "shipped", "returned", "cancelled", "open", "closed", "pending"]).to_owned()
    }),
];

fn goods(rng: &mut Rng) -> String {
    let brand = one(
        rng,
        &[
            "金龙鱼",
            "白象",
            "康师傅",
            "李宁",
            "安踏",
            "海天",
            "洽洽",
            "蒙牛",
            "伊利",
            "高露洁",
            "黄金叶",
            "马应龙",
        ],
    );
    let what = one(
        rng,
        &["食用油", "方便面", "运动鞋", "纯牛奶", "牙膏", "酱油", "瓜子", "酸奶", "矿泉水", "洗衣液"],
    );
    format!("{brand}{what}{}", one(rng, &["500ml", "5L装", "大包", "礼盒", "12瓶", ""]))
}

fn latin_goods(rng: &mut Rng) -> String {
    let first = one(
        rng,
        &[
            "Organic", "Classic", "Fresh", "Red", "Blue", "Premium", "Soft", "Extra", "Mini", "Golden",
            "Daily", "Ultra", "Grace",
        ],
    );
    let second = one(
        rng,
        &[
            "Cotton", "Apple", "Leather", "Lemon", "Silk", "Bamboo", "Vanilla", "Rose", "Denim", "Almond",
            "Steel", "Wool",
        ],
    );
    let third = one(
        rng,
        &[
            "Shirt", "Juice", "Bag", "Soap", "Scarf", "Towel", "Candle", "Cream", "Jacket", "Bottle", "Lamp",
            "Socks",
        ],
    );
    format!("{first} {second} {third}")
}

fn latin_brand(rng: &mut Rng) -> String {
    let first = one(
        rng,
        &[
            "Nova", "Lumi", "Terra", "Aqua", "Velo", "Nord", "Zen", "Solar", "Urban", "Alto", "Kinetic",
            "Brio",
        ],
    );
    format!(
        "{first}{}",
        one(
            rng,
            &[
                "tex", "wear", "sport", "lab", "house", " Home", " Co", "ix", "ora", "line", "works",
                " Studio"
            ]
        )
    )
}
