use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// Writes down what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!("{field}={value:?} "));
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn logged(act: impl FnOnce(&Place)) -> Vec<String> {
    let run = "018f0000-0000-7000-8000-000000000000".parse().ok();
    let place = Place { dataset: "crm_members".parse().unwrap(), run };
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || act(&place));
    std::mem::take(&mut *log.0.lock().unwrap())
}

#[test]
fn a_fault_is_logged_once_with_its_place_and_without_a_value() {
    for (fault, kind) in
        [(ScanFault::Rule, "row rule"), (ScanFault::Shape, "stored type"), (ScanFault::Cell, "sealed cell")]
    {
        let lines = logged(|place| {
            let error = place.fault(fault);
            // On its way up it passes the scan's own mapping: it is not logged again.
            assert!(matches!(place.inner(&error), DataFusionError::External(_)));
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        for part in ["crm_members", kind, "018f0000-0000-7000-8000-000000000000"] {
            assert!(lines[0].contains(part), "{lines:?}");
        }
    }
}

#[test]
fn errors_of_the_inner_scan_are_logged_by_kind() {
    let lines = logged(|place| {
        let quoting = DataFusionError::Execution("cannot parse 13800138000".to_owned());
        assert!(place.inner(&quoting).to_string().contains("could not be read"));
        let memory = DataFusionError::ResourcesExhausted("13800138000".to_owned());
        assert!(matches!(place.inner(&memory), DataFusionError::ResourcesExhausted(_)));
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("execution") && lines[0].contains("inner scan"), "{lines:?}");
    assert!(!lines[0].contains("13800138000"), "{lines:?}");
}
