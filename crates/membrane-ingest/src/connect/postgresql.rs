//! A table of PostgreSQL, by `COPY ... TO STDOUT`: the server writes the CSV.

use std::str::FromStr;

use futures::StreamExt as _;
use membrane_model::LogicalType;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::dialect::{Bounds, Dialect};
use super::stream::{Bin, Gone, stream};
use super::{ConnectError, Counts, DatabaseUrl, Pair, Piece, Wanted, code};
use crate::ControlTotals;

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// PostgreSQL's words.
struct Words;

impl Dialect for Words {
    fn quoted(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn instant(micros: i64) -> String {
        // A zone-less column is in UTC: that is the zone of the session.
        format!("(TIMESTAMPTZ 'epoch' + {micros}::bigint * INTERVAL '1 microsecond')")
    }

    fn seconds_ago(seconds: u32) -> String {
        format!("now() - {seconds}::bigint * INTERVAL '1 second'")
    }

    fn text(number: &str) -> String {
        format!("({number})::text")
    }

    fn greatest(column: &str, counts: Counts) -> String {
        match counts {
            Counts::Numbers => format!("MAX({column})::bigint"),
            // Rounded: before version 14 it is a float, exact to a microsecond until the year 2255.
            Counts::Instants => format!("ROUND(EXTRACT(epoch FROM MAX({column})) * 1000000)::bigint"),
        }
    }
}

/// Reads what a table has after a position.
pub(super) async fn read(wanted: &Wanted<'_>, url: &DatabaseUrl) -> Result<Option<Piece>, ConnectError> {
    let mut connection = connect(url).await?;
    begin(&mut connection).await?;
    let table = Words::quoted_all(&wanted.table.table);
    let found = columns(&mut connection, &table).await?;
    let pairs = wanted.pairs(&found)?;
    let fields: Vec<String> = pairs.iter().map(field).collect();
    let (after, which, rest) = match wanted.cursor() {
        None => (wanted.next_snapshot(), String::new(), Words::in_order_of(&wanted.order())),
        Some(cursor) => {
            let bounds = Bounds { cursor, counts: counts(&found, &cursor.column)?, before: wanted.before };
            let greatest = sqlx::query_scalar(AssertSqlSafe(bounds.greatest::<Words>(&table)));
            let greatest: Option<i64> =
                greatest.fetch_one(&mut connection).await.map_err(|error| ConnectError::failed(&error))?;
            let Some(after) = greatest else { return Ok(None) };
            (after, bounds.condition::<Words>(after), bounds.rows::<Words>(after))
        }
    };
    let totals = totals(&mut connection, wanted, &table, &which).await?;
    let copy = format!(
        "COPY (SELECT {} FROM {table}{rest}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')",
        fields.join(", ")
    );
    let (bin, reader) = stream();
    tokio::spawn(async move {
        // What goes wrong ends the stream with an error, and the delivery with it.
        if let Err(error) = copy_out(connection, &copy, bin).await {
            tracing::warn!(code = code(&error), "a source broke off");
        }
    });
    Ok(Some(Piece { reader, position: wanted.position(after), totals }))
}

/// Lets the database count and add up the rows that are read, where the source asks for it.
async fn totals(
    connection: &mut PgConnection,
    wanted: &Wanted<'_>,
    table: &str,
    which: &str,
) -> Result<Option<ControlTotals>, ConnectError> {
    let Some(sums) = wanted.sums() else { return Ok(None) };
    let columns: Vec<&str> = sums.iter().map(|(_, name)| *name).collect();
    let statement = Words::totals(table, &columns, which);
    let read = async {
        let row = sqlx::query(AssertSqlSafe(statement)).fetch_one(connection).await?;
        (0..=columns.len()).map(|at| row.try_get(at)).collect::<Result<Vec<Option<String>>, _>>()
    };
    let row = read.await.map_err(|error| ConnectError::failed(&error))?;
    wanted.totals(row).map(Some).ok_or(ConnectError::Failed { code: None })
}

async fn connect(url: &DatabaseUrl) -> Result<PgConnection, ConnectError> {
    let wrong = || ConnectError::Url { database: "PostgreSQL", scheme: "postgres" };
    if !SCHEMES.iter().any(|scheme| url.as_str().starts_with(scheme)) {
        return Err(wrong());
    }
    let options = PgConnectOptions::from_str(url.as_str()).map_err(|_| wrong())?;
    let options = options.application_name("membrane").disable_statement_logging();
    let connected = PgConnection::connect_with(&options).await;
    connected.map_err(|error| ConnectError::Unreachable { code: code(&error) })
}

/// Begins a transaction that sees one state, and writes dates in one way.
///
/// PRIVACY: what a function behind a view tells as a notice may be a value, and notices are logged.
async fn begin(connection: &mut PgConnection) -> Result<(), ConnectError> {
    for statement in [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL datestyle = 'ISO, YMD'",
        "SET LOCAL TIME ZONE 'UTC'",
        "SET LOCAL client_min_messages = 'error'",
    ] {
        sqlx::query(statement)
            .execute(&mut *connection)
            .await
            .map_err(|error| ConnectError::failed(&error))?;
    }
    Ok(())
}

/// Returns names and types of the columns of a table; none when there is no such table.
async fn columns(connection: &mut PgConnection, table: &str) -> Result<Vec<(String, String)>, ConnectError> {
    let rows = sqlx::query(
        "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    )
    .bind(table)
    .fetch_all(connection)
    .await
    .map_err(|error| ConnectError::failed(&error))?;
    let read = |row: &sqlx::postgres::PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
    let found: Result<Vec<_>, sqlx::Error> = rows.iter().map(read).collect();
    found.map_err(|error| ConnectError::failed(&error))
}

fn counts(found: &[(String, String)], cursor: &str) -> Result<Counts, ConnectError> {
    match super::type_of(found, cursor) {
        "smallint" | "integer" | "bigint" => Ok(Counts::Numbers),
        "timestamp without time zone" | "timestamp with time zone" => Ok(Counts::Instants),
        found => Err(ConnectError::CursorType { found: found.to_owned() }),
    }
}

/// Returns how a column is read, under the name that the contract has for it.
fn field(pair: &Pair<'_>) -> String {
    let column = Words::quoted(pair.name);
    let text = match (pair.of.logical_type, pair.found.as_str()) {
        (LogicalType::Timestamp, "timestamp without time zone" | "timestamp with time zone" | "date") => {
            let zoned = format!("{column}::timestamptz AT TIME ZONE 'UTC'");
            format!("to_char({zoned}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        }
        (_, "boolean") => format!("CASE WHEN {column} THEN 'true' WHEN NOT {column} THEN 'false' END"),
        // Fixed-width text is filled up with spaces that nobody wrote.
        (_, "character") => format!("rtrim({column}::text)"),
        _ => format!("{column}::text"),
    };
    format!("{text} AS {}", Words::quoted(pair.of.name.as_str()))
}

/// Hands the server's CSV on.
async fn copy_out(mut connection: PgConnection, copy: &str, bin: Bin) -> Result<(), sqlx::Error> {
    let mut chunks = connection.copy_out_raw(copy).await?;
    while let Some(chunk) = chunks.next().await {
        if let Err(Gone) = bin.put(chunk?).await {
            // Dropping the connection ends the statement on the server.
            return Ok(());
        }
    }
    drop(chunks);
    bin.end().await;
    connection.close().await
}
