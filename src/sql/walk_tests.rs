//! What operators type, and what they see, over the cluster of `proc::sample`. Times are printed as `T`.

mod content;
mod explain;
mod healing;
mod nodes;
mod refusals;
mod tablets;

use expect_test::Expect;

use crate::proc::sample;
use crate::rows::{Rows, Type};
use crate::sql::cursor::Cursor;
use crate::sql::outcome::Outcome;
use crate::sql::script::{Limits, split};
use crate::sql::session::Session;
use crate::sql::statements::{Context, Statement};
use crate::view::View;

fn check(text: &str, expected: Expect) {
    check_in(&sample::view(), text, expected);
}

fn check_in(view: &View, text: &str, expected: Expect) {
    let shown = match rows_in(view, text) {
        Ok(rows) => print(&rows),
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&shown);
}

fn rows(text: &str) -> Result<Rows, String> {
    rows_in(&sample::view(), text)
}

fn rows_in(view: &View, text: &str) -> Result<Rows, String> {
    let session = Session::default();
    let cx = Context {
        view,
        session: &session,
    };
    let limits = Limits::from(&*view.config);
    let script = split(text, limits).map_err(|e| e.to_string())?.remove(0);
    let statement = Statement::parse(&mut Cursor::new(&script.tokens, &script.source))
        .map_err(|error| error.to_string())?;
    let again = statement.to_string();
    let header = statement.columns(cx);
    match statement
        .run(cx)
        .map_err(|f| format!("{}: {}", f.code.mysql, f.message))?
    {
        Outcome::Rows(rows) => {
            assert_eq!(
                Some(&rows.columns),
                header.as_ref(),
                "{again}: the header is known before"
            );
            assert!(
                rows.rows.iter().all(|row| row.len() == rows.columns.len()),
                "{again}"
            );
            Ok(rows)
        }
        other => panic!("{again}: {other:?}"),
    }
}

fn print(rows: &Rows) -> String {
    let header: Vec<&str> = rows.columns.iter().map(|c| &*c.name).collect();
    let mut text = header.join(" | ") + "\n";
    for row in &rows.rows {
        let cells = row
            .iter()
            .zip(&rows.columns)
            .map(|(cell, column)| match column.kind {
                Type::Time if cell.show(column).as_deref() != Some("N/A") => "T".to_owned(),
                _ => cell
                    .show(column)
                    .map_or_else(|| "NULL".to_owned(), |t| t.into_owned()),
            });
        text.push_str(&(cells.collect::<Vec<_>>().join(" | ") + "\n"));
    }
    text
}
