//! `quorate sql`: runs statements against a frontend one by one, and stops at the first error.
//!
//! The script is cut by the same tokenizer as the server's, so that an error names its line and its statement.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Row};

use crate::cli::args::Sql;
use crate::cli::print::{self, Table};
use crate::cli::progress::watched;
use crate::sql::script::{self, Limits, Script};

/// Why the client ended early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The script can't be read.
    #[error("can't read {0}: {1}")]
    Read(String, std::io::Error),
    /// The script can't be cut into statements.
    #[error("{0}")]
    Script(#[from] crate::sql::error::SyntaxError),
    /// No connection.
    #[error("can't connect to {0}: {1}")]
    Connect(String, String),
    /// Output is gone.
    #[error("can't write: {0}")]
    Write(#[from] std::io::Error),
    /// At least one statement failed; it has been printed.
    #[error("{0} of {1} statements failed")]
    Failed(usize, usize),
}

/// Runs the client to its end.
pub async fn run(args: &Sql) -> Result<(), Error> {
    let text = read(args)?;
    let limits = Limits {
        tokens: u64::MAX,
        chain: u64::MAX,
    };
    let scripts = script::split(&text, limits)?;
    let options: Opts = OptsBuilder::default()
        .ip_or_hostname(&args.host)
        .tcp_port(args.port)
        .user(Some(&args.user))
        .pass(Some(&args.password))
        .db_name(args.database.as_ref())
        .prefer_socket(false)
        .into();
    let address = format!("{}:{}", args.host, args.port);
    let mut conn = Conn::new(options.clone())
        .await
        .map_err(|e| Error::Connect(address, described(&e)))?;
    let mut failed = 0;
    for script in &scripts {
        let (Some(first), Some(last)) = (script.tokens.first(), script.tokens.last()) else {
            continue;
        };
        let statement = script.text(first.span.start, last.span.end);
        let look_with = waits(script).then_some(&options);
        if let Err(error) = one(&mut conn, statement, args.batch, look_with).await? {
            failed += 1;
            eprintln!(
                "ERROR {error}\nat line {}: {}",
                first.span.start.line,
                shortened(statement)
            );
            if !args.force {
                break;
            }
        }
    }
    let _ = conn.disconnect().await;
    if failed > 0 {
        Err(Error::Failed(failed, scripts.len()))
    } else {
        Ok(())
    }
}

/// Runs one statement and prints its results. The inner error is the server's.
async fn one(
    conn: &mut Conn,
    statement: &str,
    batch: bool,
    look_with: Option<&Opts>,
) -> Result<Result<(), String>, Error> {
    let started = Instant::now();
    let running = async {
        let mut result = conn.query_iter(statement).await?;
        let mut tables = Vec::new();
        let mut affected = 0;
        while !result.is_empty() {
            affected += result.affected_rows();
            let columns = result.columns();
            let rows: Vec<Row> = result.collect().await?;
            if let Some(columns) = columns.filter(|c| !c.is_empty()) {
                tables.push(Table::new(&columns, rows));
            }
        }
        Ok::<_, mysql_async::Error>((tables, affected))
    };
    let (tables, affected) = match watched(running, started, look_with).await {
        Ok(done) => done,
        Err(error) => return Ok(Err(described(&error))),
    };
    let mut out = std::io::stdout().lock();
    for table in &tables {
        if batch {
            print::tabs(&mut out, table)?
        } else {
            print::boxed(&mut out, table, started.elapsed())?
        }
    }
    if tables.is_empty() && !batch {
        writeln!(
            out,
            "Query OK, {affected} rows affected ({:.2} sec)\n",
            started.elapsed().as_secs_f64()
        )?;
    }
    out.flush()?;
    Ok(Ok(()))
}

/// Whether it is ADMIN WAIT, whose progress is worth a second connection.
fn waits(script: &Script) -> bool {
    let mut words = script.tokens.iter().map(|token| token.token.to_string());
    ["ADMIN", "WAIT"]
        .iter()
        .all(|word| words.next().is_some_and(|w| w.eq_ignore_ascii_case(word)))
}

fn read(args: &Sql) -> Result<String, Error> {
    if let Some(text) = &args.execute {
        return Ok(text.clone());
    }
    match args.file.as_deref() {
        None => input(),
        Some(path) if path == Path::new("-") => input(),
        Some(path) => {
            std::fs::read_to_string(path).map_err(|e| Error::Read(path.display().to_string(), e))
        }
    }
}

fn input() -> Result<String, Error> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| Error::Read("standard input".to_owned(), e))?;
    Ok(text)
}

/// `1146 (42S02): text`, as the mysql client prints a server's error.
fn described(error: &mysql_async::Error) -> String {
    match error {
        mysql_async::Error::Server(server) => {
            format!("{} ({}): {}", server.code, server.state, server.message)
        }
        other => other.to_string(),
    }
}

fn shortened(statement: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    match statement.char_indices().nth(CHARACTERS_MAX) {
        Some((at, _)) => format!("{} ...", &statement[..at]),
        None => statement.to_owned(),
    }
}
