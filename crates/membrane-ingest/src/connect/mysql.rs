//! A table of MySQL or MariaDB: each row a text of the server's, written down as CSV here.

use std::str::FromStr;

use bytes::Bytes;
use futures::StreamExt as _;
use membrane_model::LogicalType;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

use super::csv::CsvText;
use super::dialect::{Bounds, Dialect};
use super::stream::{Bin, Gone, stream};
use super::{ConnectError, Counts, DatabaseUrl, Pair, Piece, Wanted, code};
use crate::ControlTotals;

const SCHEMES: [&str; 2] = ["mysql://", "mariadb://"];
/// Bytes that are handed on together.
const CHUNK: usize = 64 << 10;

/// MySQL's words.
struct Words;

impl Dialect for Words {
    fn quoted(name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn instant(micros: i64) -> String {
        format!("(CAST('1970-01-01' AS DATETIME(6)) + INTERVAL {micros} MICROSECOND)")
    }

    fn seconds_ago(seconds: u32) -> String {
        format!("UTC_TIMESTAMP(6) - INTERVAL {seconds} SECOND")
    }

    fn text(number: &str) -> String {
        format!("CAST({number} AS CHAR)")
    }

    fn greatest(column: &str, counts: Counts) -> String {
        match counts {
            Counts::Numbers => format!("CAST(MAX({column}) AS SIGNED)"),
            Counts::Instants => format!(
                "CAST(TIMESTAMPDIFF(MICROSECOND, CAST('1970-01-01' AS DATETIME(6)), MAX({column})) AS SIGNED)"
            ),
        }
    }
}

/// Reads what a table has after a position.
pub(super) async fn read(wanted: &Wanted<'_>, url: &DatabaseUrl) -> Result<Option<Piece>, ConnectError> {
    let mut connection = connect(url).await?;
    begin(&mut connection).await?;
    let table = Words::quoted_all(&wanted.table.table);
    let found = columns(&mut connection, &wanted.table.table).await?;
    let pairs = wanted.pairs(&found)?;
    let names: Vec<String> = pairs.iter().map(|pair| pair.of.name.to_string()).collect();
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
    let select = format!("SELECT {} FROM {table}{rest}", fields.join(", "));
    let (bin, reader) = stream();
    tokio::spawn(async move {
        // What goes wrong ends the stream with an error, and the delivery with it.
        if let Err(error) = select_out(connection, select, names, bin).await {
            tracing::warn!(code = code(&error), "a source broke off");
        }
    });
    Ok(Some(Piece { reader, position: wanted.position(after), totals }))
}

/// Lets the database count and add up the rows that are read, where the source asks for it.
async fn totals(
    connection: &mut MySqlConnection,
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

async fn connect(url: &DatabaseUrl) -> Result<MySqlConnection, ConnectError> {
    let wrong = || ConnectError::Url { database: "MySQL", scheme: "mysql" };
    if !SCHEMES.iter().any(|scheme| url.as_str().starts_with(scheme)) {
        return Err(wrong());
    }
    let options = MySqlConnectOptions::from_str(url.as_str()).map_err(|_| wrong())?;
    let options = options.charset("utf8mb4").timezone(Some("+00:00".to_owned())).disable_statement_logging();
    let connected = MySqlConnection::connect_with(&options).await;
    connected.map_err(|error| ConnectError::Unreachable { code: code(&error) })
}

/// Begins a transaction that sees one state.
async fn begin(connection: &mut MySqlConnection) -> Result<(), ConnectError> {
    for statement in [
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ] {
        let done = sqlx::raw_sql(statement).execute(&mut *connection).await;
        done.map_err(|error| ConnectError::failed(&error))?;
    }
    Ok(())
}

/// Returns names and types of the columns of a table; none when there is no such table.
async fn columns(
    connection: &mut MySqlConnection,
    table: &[String],
) -> Result<Vec<(String, String)>, ConnectError> {
    let (schema, name) = match table {
        [schema, name] => (Some(schema), Some(name)),
        [name] => (None, Some(name)),
        _ => (None, None),
    };
    // Text, whatever the collation of the server's own tables is.
    let rows = sqlx::query(
        "SELECT CAST(column_name AS CHAR), CAST(column_type AS CHAR) FROM information_schema.columns \
         WHERE table_schema = COALESCE(?, DATABASE()) AND table_name = ? ORDER BY ordinal_position",
    )
    .bind(schema)
    .bind(name)
    .fetch_all(connection)
    .await
    .map_err(|error| ConnectError::failed(&error))?;
    let read = |row: &MySqlRow| Ok((row.try_get(0)?, row.try_get::<String, _>(1)?.to_ascii_lowercase()));
    let found: Result<Vec<_>, sqlx::Error> = rows.iter().map(read).collect();
    found.map_err(|error| ConnectError::failed(&error))
}

fn counts(found: &[(String, String)], cursor: &str) -> Result<Counts, ConnectError> {
    match base(super::type_of(found, cursor)) {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Ok(Counts::Numbers),
        "datetime" | "timestamp" => Ok(Counts::Instants),
        found => Err(ConnectError::CursorType { found: found.to_owned() }),
    }
}

/// Returns the word of a type, without what stands in brackets and after it.
fn base(found: &str) -> &str {
    found.split(['(', ' ']).next().unwrap_or(found)
}

/// Returns how a column is read: as text, in a form that the contract's type takes.
fn field(pair: &Pair<'_>) -> String {
    let column = Words::quoted(pair.name);
    match (pair.of.logical_type, base(&pair.found)) {
        (LogicalType::Timestamp, "datetime" | "timestamp" | "date") => {
            format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%fZ')")
        }
        (LogicalType::Boolean, "tinyint" | "bit") => {
            format!("CASE WHEN {column} IS NULL THEN NULL WHEN {column} = 0 THEN 'false' ELSE 'true' END")
        }
        _ => format!("CAST({column} AS CHAR)"),
    }
}

/// Writes the rows down and hands them on.
async fn select_out(
    mut connection: MySqlConnection,
    select: String,
    names: Vec<String>,
    bin: Bin,
) -> Result<(), sqlx::Error> {
    let mut text = CsvText::default();
    text.row(names.iter().map(|name| Some(name.as_bytes())));
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(&mut connection);
    while let Some(row) = rows.next().await {
        let row = row?;
        let mut fields = Vec::with_capacity(names.len());
        for at in 0..names.len() {
            fields.push(row.try_get_unchecked::<Option<&[u8]>, _>(at)?);
        }
        text.row(fields);
        if text.len() >= CHUNK
            && let Err(Gone) = bin.put(Bytes::from(text.take())).await
        {
            // Dropping the connection ends the statement on the server.
            return Ok(());
        }
    }
    drop(rows);
    if let Err(Gone) = bin.put(Bytes::from(text.take())).await {
        return Ok(());
    }
    bin.end().await;
    connection.close().await
}
