//! The gate: what SQL may be asked at all, decided on the text and its syntax tree, before any table
//! or policy is looked at.
//!
//! One statement; SELECT, WITH or VALUES, the plain EXPLAIN of one, or SHOW and DESCRIBE, which stand for one; tables by
//! name, and those of `information_schema`, and of `system` for those who may audit; bounded in length, depth and in what it unfolds to. Everything else is refused
//! with what is allowed. What passes here is planned in a session that holds the permitted tables only
//! ([`crate::session`]) and its plan is walked again ([`crate::plan_check`]): the gate is the first of three fences, not
//! the only one.

mod grouping;
mod listing;
mod lookup;
pub(crate) mod parameter;
mod redact;
mod relation;
mod shape;

use std::fmt;

use datafusion::sql::parser::Statement as PlannedStatement;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};
use membrane_model::{DatasetName, Limits};
use membrane_policy::Lookup;

use crate::error::{Position, QueryError};
use crate::system::SystemTable;
pub use parameter::Parameter;
use relation::Schemas;

/// Tokens other than literals, commas and white space, for each level of nesting that is allowed.
const TOKENS_PER_LEVEL: usize = 128;

/// A statement that passed the gate.
#[derive(Clone)]
pub struct Statement {
    query: Box<ast::Query>,
    explains: bool,
    parameters: Vec<Parameter>,
    tables: Vec<DatasetName>,
    system: Vec<SystemTable>,
    described: Option<DatasetName>,
    lists: bool,
    lookups: Vec<Lookup>,
    /// The parameters whose values are looked up.
    looked_up: Vec<usize>,
    /// How many values its parameters need.
    needed: usize,
    redacted: redact::Redacted,
}

impl Statement {
    /// Parses and checks SQL.
    ///
    /// # Errors
    /// [`QueryError`]: `syntax`, `not_allowed`, `too_complex`, `unknown_table` (a name that no dataset
    /// can have) or `unsupported`.
    pub fn parse(sql: &str, limits: &Limits) -> Result<Self, QueryError> {
        Self::parse_in(Schemas::Data, sql, limits)
    }

    /// Parses and checks SQL of somebody who may look at the record: the tables of `system` are there.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_for_record(sql: &str, limits: &Limits) -> Result<Self, QueryError> {
        Self::parse_in(Schemas::DataAndRecord, sql, limits)
    }

    fn parse_in(schemas: Schemas, sql: &str, limits: &Limits) -> Result<Self, QueryError> {
        if sql.len() > limits.sql_bytes_max {
            return Err(QueryError::TooComplex { reason: "the text is too long" });
        }
        let dialect = PostgreSqlDialect {};
        let tokens = Tokenizer::new(&dialect, sql)
            .tokenize_with_location()
            .map_err(|error| QueryError::Syntax { position: position(error.location) })?;
        check_first_word(&tokens)?;
        check_length(&tokens, limits)?;
        let redacted = redact::Redacted::new(&tokens);
        // The parser reads the very tokens that were redacted: no second opinion on what is a literal.
        let mut parser = Parser::new(&dialect)
            .with_recursion_limit(limits.nesting_max.saturating_mul(2))
            .with_tokens_with_locations(tokens);
        let mut statements = parser.parse_statements().map_err(|error| syntax(&error))?;
        let (mut described, mut described_system) = (None, None);
        let (query, explains) = match (statements.pop(), statements.is_empty()) {
            (Some(ast::Statement::Query(query)), true) => (query, false),
            (Some(explain @ ast::Statement::Explain { .. }), true) => (explained(explain)?, true),
            (Some(other), true) => match listing::read(&other, schemas) {
                Some(listing) => {
                    let listing::Listing { query, dataset, system } = listing?;
                    (described, described_system) = (dataset, system);
                    (query, false)
                }
                None => return Err(QueryError::NotAllowed { reason: "another statement was found" }),
            },
            (Some(_), false) => {
                return Err(QueryError::NotAllowed { reason: "more than one statement was found" });
            }
            (None, _) => return Err(QueryError::Syntax { position: None }),
        };
        let named = shape::check(&query, schemas, limits)?;
        let shape::Named { tables, mut system, lists, lookups, parameters: needed } = named;
        system.extend(described_system);
        let looked_up = lookups.iter().filter_map(|call| call.parameter).collect();
        let lookups = lookups.into_iter().map(|call| call.lookup).collect();
        Ok(Self {
            query,
            explains,
            parameters: Vec::new(),
            tables,
            system: system.into_iter().collect(),
            described,
            lists,
            lookups,
            looked_up,
            needed,
            redacted,
        })
    }

    /// Gives the statement the values of `$1`, `$2` and so on.
    ///
    /// # Errors
    /// [`QueryError`] `too_complex`: too many, or too long together; `unsupported`: one that is looked up is no text;
    /// `invalid`: more or fewer than it has.
    pub fn with_parameters(mut self, values: Vec<Parameter>, limits: &Limits) -> Result<Self, QueryError> {
        parameter::check(&values, limits)?;
        let is_text = |place: &usize| matches!(values.get(*place), Some(Parameter::Text(_)));
        if !self.looked_up.iter().all(is_text) {
            return Err(lookup::no_text());
        }
        match values.len() {
            given if given < self.needed => {
                let what =
                    "a parameter has no value: `$1` is the first of those that are sent beside the statement";
                return Err(QueryError::Invalid { what, position: None });
            }
            given if given > self.needed => {
                let what = "more values were sent than it has parameters (`$1`, `$2`)";
                return Err(QueryError::Invalid { what, position: None });
            }
            _ => {}
        }
        self.parameters = values;
        Ok(self)
    }

    /// Tells whether the plan is asked for and not the answer.
    #[must_use]
    pub const fn explains(&self) -> bool {
        self.explains
    }

    /// Returns the datasets that the statement reads, sorted, each once.
    #[must_use]
    pub fn tables(&self) -> &[DatasetName] {
        &self.tables
    }

    /// Returns the tables of the record that it reads, or asks the columns of, each once. None, unless it was read for somebody who may look.
    #[must_use]
    pub fn system(&self) -> &[SystemTable] {
        &self.system
    }

    /// Returns the dataset that it asks the columns of, by SHOW or DESCRIBE.
    #[must_use]
    pub const fn described(&self) -> Option<&DatasetName> {
        self.described.as_ref()
    }

    /// Tells whether it asks what there is: `information_schema`, SHOW or DESCRIBE.
    #[must_use]
    pub const fn lists(&self) -> bool {
        self.lists
    }

    /// Returns the columns of which it looks exact values up, once for each value.
    #[must_use]
    pub fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    /// Returns the statement as it may be recorded: no literal, no comment, and no name survives that is
    /// neither known (in lower case) nor given by the statement itself; `?` stands in their place.
    #[must_use]
    pub fn redacted(&self, known: impl Fn(&str) -> bool) -> String {
        self.redacted.text(&known)
    }

    /// Returns the values of its parameters.
    pub(crate) fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Returns the statement for DataFusion's planner.
    pub(crate) fn for_planner(&self) -> PlannedStatement {
        PlannedStatement::Statement(Box::new(ast::Statement::Query(self.query.clone())))
    }
}

// PRIVACY: the syntax tree holds literals; only the redacted text is shown.
impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Statement").field(&self.redacted(|_| false)).finish()
    }
}

fn check_first_word(tokens: &[TokenWithSpan]) -> Result<(), QueryError> {
    let first = tokens
        .iter()
        .map(|token| &token.token)
        .find(|token| !matches!(token, Token::Whitespace(_) | Token::SemiColon | Token::EOF));
    match first {
        None => Err(QueryError::Syntax { position: None }),
        Some(Token::LParen) => Ok(()),
        Some(Token::Word(word)) => match word.keyword {
            Keyword::SELECT
            | Keyword::WITH
            | Keyword::VALUES
            | Keyword::EXPLAIN
            | Keyword::SHOW
            | Keyword::DESCRIBE
            | Keyword::DESC => Ok(()),
            _ => Err(QueryError::NotAllowed { reason: "the statement begins with another word" }),
        },
        Some(_) => Err(QueryError::NotAllowed { reason: "the statement begins with something else" }),
    }
}

/// Takes the query out of an EXPLAIN without options: any other form runs the query, or shows more than its plan.
fn explained(explain: ast::Statement) -> Result<Box<ast::Query>, QueryError> {
    let refused =
        QueryError::NotAllowed { reason: "EXPLAIN with options, or of another statement, was found" };
    match explain {
        ast::Statement::Explain {
            describe_alias: ast::DescribeAlias::Explain,
            analyze: false,
            verbose: false,
            query_plan: false,
            estimate: false,
            statement,
            format: None,
            options: None,
        } => match *statement {
            ast::Statement::Query(query) => Ok(query),
            _ => Err(refused),
        },
        _ => Err(refused),
    }
}

/// Bounds the number of operators and words, and with it the depth of the tree that a chain like
/// `a AND b AND c` builds: the parser's own limit counts parentheses and subqueries only.
fn check_length(tokens: &[TokenWithSpan], limits: &Limits) -> Result<(), QueryError> {
    let words = tokens
        .iter()
        .filter(|token| {
            !matches!(
                token.token,
                Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_)
            )
        })
        .count();
    if words > limits.nesting_max.saturating_mul(TOKENS_PER_LEVEL) {
        return Err(QueryError::TooComplex { reason: "it has too many words and operators" });
    }
    Ok(())
}

fn syntax(error: &ParserError) -> QueryError {
    match error {
        ParserError::RecursionLimitExceeded => QueryError::TooComplex { reason: "it nests too deeply" },
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            QueryError::Syntax { position: position_in(text) }
        }
    }
}

/// Reads the position at the end of a parser message, and nothing else of it: the rest quotes the SQL.
fn position_in(message: &str) -> Option<Position> {
    let (_, tail) = message.rsplit_once("Line: ")?;
    let (line, column) = tail.split_once(", Column: ")?;
    Some(Position { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
}

pub(crate) fn position(location: Location) -> Option<Position> {
    (location.line > 0).then_some(Position { line: location.line, column: location.column })
}

#[cfg(test)]
mod tests;
