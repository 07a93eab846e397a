//! How operations that need a bearer describe the errors that all of them can answer.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::wire::ErrorBody;

/// What any operation that needs a bearer can answer. An operation that has more to say of a status says it after this.
pub(super) struct Faults;

const FAULTS: [(&str, &str); 7] = [
    ("401", "No valid bearer."),
    ("403", "Policy refuses."),
    ("406", "No acceptable form."),
    ("429", "As many requests of the principal are being worked on as may be at once."),
    ("500", "The hub failed."),
    ("503", "Too busy, or the record cannot be used."),
    ("504", "It took too long."),
];

impl IntoResponses for Faults {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = |description: &str| {
            let schema = Ref::from_schema_name(ErrorBody::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            ResponseBuilder::new().description(description).content("application/json", content).build()
        };
        FAULTS.iter().map(|(status, told)| ((*status).to_owned(), response(told).into())).collect()
    }
}
