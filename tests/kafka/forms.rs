//! What messages are: records of Avro, by a schema in a file.

use serde_json::json;

use super::{Hub, wait_until};
use crate::kafka::broker::Broker;

const TOPIC: &str = "products";

/// A product in the binary encoding of Avro: four texts and a double, each text behind its length.
fn product(number: u32, price: f64) -> Vec<u8> {
    let mut out = Vec::new();
    for text in [&format!("P{number:05}"), "Tea", "tea_coffee", "Leaf"] {
        out.push(u8::try_from(text.len() * 2).unwrap());
        out.extend(text.as_bytes());
    }
    out.extend(price.to_le_bytes());
    out
}

fn with_schema(id: u32, record: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], record].concat()
}

fn follow(schema_id: Option<u32>, messages: &[Vec<u8>]) -> (u64, Vec<(String, u64)>) {
    let mut broker = Broker::start(TOPIC, 1);
    let schema = tempfile::NamedTempFile::new().unwrap();
    let text = |name: &str| json!({ "name": name, "type": "string" });
    let fields = [text("product_id"), text("name"), text("category"), text("brand")];
    let price = json!({ "name": "price", "type": "double" });
    let fields: Vec<_> = fields.into_iter().chain([price]).collect();
    let record = json!({ "type": "record", "name": "product", "fields": fields });
    std::fs::write(schema.path(), record.to_string()).unwrap();
    let id = schema_id.map_or_else(String::new, |id| format!("schema_id: {id}\n"));
    let source = format!(
        "description: Products.\ndataset: dim_products\nkind: kafka\nbrokers: ['{}']\ntopic: {TOPIC}\nformat: avro\nschema: {}\n{id}",
        broker.address(),
        schema.path().display()
    );
    let hub = Hub::with(("products", &source), 1);
    let all: Vec<_> = messages.iter().map(|message| (0, Some(message.clone()))).collect();
    broker.send(TOPIC, &all);
    let served = hub.program.serve();
    wait_until(|| hub.stands(), |source| source["waiting"] == 0 && source["last_run"].is_string());
    let sql = "SELECT count(*) AS n FROM dim_products";
    let rows = hub.ask(&served, sql)[0]["n"].as_u64().unwrap();
    served.stop();
    (rows, hub.aside("dim_products"))
}

#[test]
fn records_of_avro_are_taken_in_and_what_is_none_is_set_aside() {
    let mut messages: Vec<Vec<u8>> = (0..40).map(|number| product(number, 1.25)).collect();
    messages.insert(7, b"\xff\xff\xff\xff".to_vec());
    messages.insert(20, [product(90, 1.25), b"more".to_vec()].concat());
    messages.push(product(91, -1.0));
    messages.push(Vec::new());
    let (rows, aside) = follow(None, &messages);
    assert_eq!(rows, 40);
    assert_eq!(aside, [("malformed".to_owned(), 3), ("out_of_range:price".to_owned(), 1)]);
}

#[test]
fn a_message_of_another_schema_is_set_aside() {
    let mut messages: Vec<Vec<u8>> = (0..10).map(|number| with_schema(7, &product(number, 1.25))).collect();
    messages.insert(3, with_schema(8, &product(90, 1.25)));
    messages.push(product(91, 1.25));
    let (rows, aside) = follow(Some(7), &messages);
    assert_eq!(rows, 10);
    assert_eq!(aside, [("malformed".to_owned(), 2)]);
}
