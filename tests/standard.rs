//! Channels that spell differently what they deliver: tokens join, originals are kept and sealed, and what cannot be read is
//! set aside.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use membrane::flow::Ingested;
use membrane_model::Transformation;

use crate::canary::decoded;
use crate::world::{World, files_with, repository};

const SHOP: &str = "\
member_no,phone,email,name,id_no,address,joined_on,points
m001,138 0013 8001, Li.Wei@例子.cn ,张　伟,110105491231002,浙江杭州 西湖区文三路 １ 号,2026年3月1日,5
m002,0086-13800138002,A@B.CN,迪丽热巴•迪力木拉提,330106 19900307 1236,上海市浦东新区世纪大道1号,2026/3/2,10
Ｍ００３,＋86 13800138003,,Li  Lei,,幸福小区3栋,20260303,
m004,,,张伟,11010519491231002x,,2026-03-04,15
";

/// Rows that break the contract, each in its way.
const BAD: &str = "\
m001,13800138009,,,,,,
M005,nobody,,,,,,
m006,,nobody@,,,,,
m007,,,12345,,,,
m008,,,,110105491331002,,,
m009,,,,,---,,
m010,,,,,,2026-02-30,
m011,,,,,,,0
m012,,,,,,,7
m013,010-6552-9988 转 801,,,,,,
";

const APP: &str = "phone,device\n+86 138 0013 8001,ios\n13800138002,android\n86-138-0013-8003,web\n";
const ORDERS: &str = "phone,amount\n138-0013-8001,10\n+8613800138002,20\n";

/// Opens a hub with the three channels.
pub(crate) async fn world() -> World {
    let world = empty().await;
    for (dataset, text) in [("shop_members", SHOP), ("app_signups", APP), ("old_orders", ORDERS)] {
        let done = ingest(&world, dataset, text).await;
        assert_eq!(done.report.rows_quarantined, 0, "{dataset}: {:?}", done.report.reasons);
    }
    world
}

async fn empty() -> World {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("standard");
    let policies = tempfile::tempdir().unwrap();
    for from in [
        here.join("policies/standard.cedar"),
        here.join("policies/principals.json"),
        repository().join("policies/membrane.cedarschema"),
    ] {
        fs::copy(&from, policies.path().join(from.file_name().unwrap())).unwrap();
    }
    World::with(|config| {
        config.catalog.dir = here.join("catalog").display().to_string();
        config.policies.dir = policies.path().display().to_string();
    })
    .await
}

async fn ingest(world: &World, dataset: &str, text: &str) -> Ingested {
    let path = world.write(&format!("{dataset}.csv"), text);
    let done = world.ingest(dataset, &path).await.unwrap();
    fs::remove_file(path).unwrap();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_standard_is_set_aside() {
    let world = empty().await;
    let done = ingest(&world, "shop_members", &format!("{SHOP}{BAD}")).await;
    let expected = [
        ("duplicate:member_no", 1),
        ("failed_check:phone", 1),
        ("not_multiple:points", 1),
        ("not_standard:address", 1),
        ("not_standard:email", 1),
        ("not_standard:id_no", 1),
        ("not_standard:joined_on", 1),
        ("not_standard:name", 1),
        ("not_standard:phone", 1),
        ("out_of_range:points", 1),
    ];
    let expected: BTreeMap<String, u64> =
        expected.into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect();
    assert_eq!(done.report.reasons, expected);
    assert_eq!((done.report.rows_accepted, done.report.rows_quarantined), (4, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_originals_nor_what_is_standard_lie_in_clear() {
    let world = empty().await;
    let done = ingest(&world, "shop_members", &format!("{SHOP}{BAD}")).await;
    assert_eq!(done.report.rows_accepted, 4);
    let mut all = String::new();
    decoded(world.dir.path(), &mut all);
    assert!(all.contains("杭州市"), "what is clear can be read");
    for text in [
        "138 0013 8001",
        "13800138001",
        "0086-13800138002",
        "Li.Wei",
        "li.wei@",
        "张伟",
        "迪丽热巴",
        "110105491231002",
        "11010519491231002",
        "文三路",
        "浙江杭州",
        "世纪大道",
        "1949-12-31",
        "010-6552",
    ] {
        assert!(!all.contains(text), "{text}");
        assert!(files_with(world.dir.path(), text).is_empty(), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lineage_says_what_columns_are_made_of() {
    let world = empty().await;
    let done = ingest(&world, "shop_members", SHOP).await;
    let of = |name: &str| {
        let edge = done.report.edges.iter().find(|edge| edge.to.field == name).unwrap();
        (edge.from.field.as_str(), edge.transformation, edge.masking)
    };
    assert_eq!(of("city"), ("address", Transformation::Transformation, true));
    assert_eq!(of("phone_original"), ("phone", Transformation::Transformation, true));
    // A standard changes what is stored in clear as well.
    assert_eq!(of("joined_on"), ("joined_on", Transformation::Transformation, false));
    assert_eq!(of("points"), ("points", Transformation::Identity, false));
}
