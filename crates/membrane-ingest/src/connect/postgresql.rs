//! A table of PostgreSQL, by `COPY ... TO STDOUT`: the server writes the CSV.

use std::str::FromStr;

use futures::StreamExt as _;
use membrane_model::LogicalType;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::stream::{Bin, Gone, stream};
use super::{ConnectError, Counts, DatabaseUrl, Pair, Piece, Wanted, code};

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// Reads what a table has after a position.
pub(super) async fn read(wanted: &Wanted<'_>, url: &DatabaseUrl) -> Result<Option<Piece>, ConnectError> {
    let mut connection = connect(url).await?;
    begin(&mut connection).await?;
    let table = quoted_all(&wanted.table.table);
    let pairs = wanted.pairs(&columns(&mut connection, &table).await?)?;
    let fields: Vec<String> = pairs.iter().map(field).collect();
    let (after, rest) = match wanted.cursor() {
        None => {
            let order: Vec<String> = wanted.order().into_iter().map(quoted).collect();
            let order =
                if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
            (wanted.next_snapshot(), order)
        }
        Some(cursor) => {
            let counts = counts(&mut connection, &table, &cursor.column).await?;
            let piece = Bounds { column: &cursor.column, counts, settle: cursor.settle_seconds };
            let Some(after) = piece.greatest(&mut connection, &table, wanted.before).await? else {
                return Ok(None);
            };
            let (column, within) = (quoted(&cursor.column), piece.within(wanted.before, Some(after)));
            (after, format!(" WHERE {within} ORDER BY {column}"))
        }
    };
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
    Ok(Some(Piece { reader, position: wanted.position(after) }))
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
async fn begin(connection: &mut PgConnection) -> Result<(), ConnectError> {
    for statement in [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL datestyle = 'ISO, YMD'",
        "SET LOCAL TIME ZONE 'UTC'",
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

async fn counts(connection: &mut PgConnection, table: &str, cursor: &str) -> Result<Counts, ConnectError> {
    let found = columns(connection, table).await?.into_iter().find(|(name, _)| name == cursor);
    match found.map(|(_, found)| found).unwrap_or_default().as_str() {
        "smallint" | "integer" | "bigint" => Ok(Counts::Numbers),
        "timestamp without time zone" | "timestamp with time zone" => Ok(Counts::Instants),
        found => Err(ConnectError::CursorType { found: found.to_owned() }),
    }
}

/// The rows that are new, by a cursor.
struct Bounds<'a> {
    column: &'a str,
    counts: Counts,
    settle: u32,
}

impl Bounds<'_> {
    /// Returns the condition for the rows after one position, up to another.
    fn within(&self, before: Option<i64>, after: Option<i64>) -> String {
        let column = quoted(self.column);
        // A zone-less instant is one in UTC: that is the zone of the session.
        let value = |position: i64| match self.counts {
            Counts::Numbers => position.to_string(),
            Counts::Instants => {
                format!("(TIMESTAMPTZ 'epoch' + {position}::bigint * INTERVAL '1 microsecond')")
            }
        };
        let mut conditions = vec![format!("{column} IS NOT NULL")];
        conditions.extend(before.map(|before| format!("{column} > {}", value(before))));
        match after {
            Some(after) => conditions.push(format!("{column} <= {}", value(after))),
            None if self.counts == Counts::Instants => {
                let settle = self.settle;
                conditions.push(format!("{column} <= now() - {settle}::bigint * INTERVAL '1 second'"));
            }
            None => {}
        }
        conditions.join(" AND ")
    }

    /// Returns the position of the last row that is new; none when no row is.
    async fn greatest(
        &self,
        connection: &mut PgConnection,
        table: &str,
        before: Option<i64>,
    ) -> Result<Option<i64>, ConnectError> {
        let column = quoted(self.column);
        let greatest = match self.counts {
            Counts::Numbers => format!("MAX({column})::bigint"),
            // Rounded: before version 14 it is a float, exact to a microsecond until the year 2255.
            Counts::Instants => format!("ROUND(EXTRACT(epoch FROM MAX({column})) * 1000000)::bigint"),
        };
        let sql = format!("SELECT {greatest} FROM {table} WHERE {}", self.within(before, None));
        let found = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await;
        found.map_err(|error| ConnectError::failed(&error))
    }
}

/// Returns how a column is read, under the name that the contract has for it.
fn field(pair: &Pair<'_>) -> String {
    let column = quoted(pair.name);
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
    format!("{text} AS {}", quoted(pair.of.name.as_str()))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quoted_all(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(".")
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
