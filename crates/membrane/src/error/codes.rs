//! Every code that callers can meet. Codes are stable: one may be added, none changes its meaning.

/// A code of an error answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The word in `error.code`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it means.
    pub meaning: &'static str,
}

const fn code(code: &'static str, status: u16, meaning: &'static str) -> Code {
    Code { code, status, meaning }
}

/// Every code, sorted.
pub const CODES: &[Code] = &[
    code("ambiguous_column", 400, "two columns of that name are in reach"),
    code("bad_request", 400, "the request has not the form that the endpoint takes"),
    code("bearer_expired", 401, "the bearer's time is over"),
    code("busy", 503, "too many requests at once; try again soon"),
    code("cell_unreadable", 500, "a sealed cell did not open"),
    code("evaluation", 400, "an expression could not be computed on a visible row"),
    code("failed", 500, "the query failed for a reason that is not told"),
    code("glass_limit", 429, "as many break-glass requests as one principal makes in a day"),
    code("grant_stands", 409, "the break-glass has come too far for this: open, expired, lapsed or ended"),
    code("in_flight", 409, "the same question is being answered right now; ask again soon"),
    code("in_the_way", 409, "somebody else did the same at the same time"),
    code("input_changed", 409, "the input changed while it was read; nothing was stored"),
    code("input_columns", 400, "the input's columns are not those of the contract"),
    code("input_encoding", 400, "the input is not UTF-8"),
    code("input_malformed", 400, "the input is not of the form that it was said to be"),
    code("input_too_large", 413, "one piece of the input is larger than allowed"),
    code("input_types", 400, "the input's types cannot become those of the contract"),
    code("input_unreadable", 400, "the input could not be read to its end; nothing was stored"),
    code("internal", 500, "a rule of the hub itself did not hold"),
    code("invalid", 400, "the statement does not fit together"),
    code("keys_unavailable", 503, "the keys of sealed cells could not be fetched"),
    code("ledger_failed", 503, "the ledger could not be used"),
    code("limit_bytes", 400, "the answer has more bytes than one answer may have"),
    code("limit_memory", 400, "the query needs more memory than one query may hold"),
    code("limit_rows", 400, "the answer has more rows than one answer may have"),
    code("limit_seconds", 400, "the query took longer than one query may take"),
    code("log_altered", 500, "the record is not what was written"),
    code("lookup_ambiguous", 400, "columns of the name given to member_token have different tokens"),
    code("lookup_limit", 429, "as many values were looked up as one principal may in an hour"),
    code("lookup_refused", 403, "no column of the name given to member_token may have values looked up"),
    code("no_data", 409, "nothing was ever brought into a dataset that the release reads"),
    code("not_acceptable", 406, "the answer cannot be given in a form that the caller accepts"),
    code("not_allowed", 400, "the statement is not one SELECT, WITH or VALUES"),
    code("not_bounded", 400, "a part of the statement by which one member's contribution cannot be bounded"),
    code("not_found", 404, "no such dataset, or none that the caller may know of"),
    code("not_permitted", 403, "policy does not permit this"),
    code("not_proved", 503, "the prover could not decide about the policies"),
    code("over_budget", 403, "the privacy budget does not allow this release"),
    code("own_request", 403, "nobody agrees to the break-glass that they asked for"),
    code("policies_unfit", 400, "the policies cannot be published: the text says why"),
    code("policy_fault", 500, "a policy could not be evaluated; nothing is permitted then"),
    code("policy_mismatch", 500, "what policy asks for cannot be done to the dataset"),
    code("publication_altered", 500, "what was published is not as it was signed"),
    code("record_fault", 503, "the record could not be written; nothing is answered without it"),
    code("release_parameters", 400, "the numbers of the release make no sense: epsilon, delta or bounds"),
    code("requests_limit", 429, "as many requests of one principal are being worked on as may be at once"),
    code("scan_failed", 500, "a dataset could not be read"),
    code("schema_changed", 409, "the table no longer fits its contract"),
    code("scratch_failed", 503, "scratch space could not be used"),
    code("storage_failed", 503, "the storage could not be used"),
    code("storage_full", 507, "no space is left on the storage"),
    code("syntax", 400, "the statement is not valid SQL"),
    code("timed_out", 504, "the request took too long"),
    code("too_complex", 400, "the statement is longer, deeper or wider than allowed"),
    code("too_large", 413, "the body is longer than allowed"),
    code("unauthenticated", 401, "no bearer, or not one of this hub"),
    code("unknown_column", 400, "no such column, or none that the caller may know of"),
    code("unknown_endpoint", 404, "no such endpoint"),
    code("unknown_function", 400, "no such function, or not with these arguments"),
    code("unknown_grant", 404, "no such break-glass"),
    code("unknown_principal", 403, "the caller is not in principals.json"),
    code("unknown_purpose", 400, "no purpose was stated where one is needed, or it is not in purposes.yaml"),
    code("unknown_run", 404, "no such run"),
    code("unknown_table", 404, "no such dataset, or none that the caller may know of"),
    code("unsupported", 400, "valid SQL that this hub does not run"),
    code("unsupported_media", 415, "the body is not in a form that the endpoint takes"),
    code("vault_failed", 500, "a key could not be made or opened"),
    code("wrong_method", 405, "the endpoint takes another method"),
];
