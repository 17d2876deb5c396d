//! `GET /api/show_proc?path=/statistic`: a path of the PROC tree as JSON, one object a row, with the names of SHOW PROC
//! and typed values.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::code::{Code, Failure};
use crate::door::{Doors, Guard};
use crate::http::{reply, rules};
use crate::leader::handle::Handle;
use crate::proc;
use crate::rows::{Cell, Column, Row, Rows};
use crate::view::View;

/// The route.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/api/show_proc", rules::USER, get(show_proc))
        .with_state(leader)
}

#[derive(Deserialize)]
struct Params {
    path: Option<String>,
}

async fn show_proc(State(leader): State<Handle>, Query(params): Query<Params>) -> Response {
    let view = leader.view();
    // A partition of many tablets takes a while to print.
    let answer = tokio::task::spawn_blocking(move || answer(&view, params.path)).await;
    match answer {
        Ok(Ok(rows)) => Json(Objects(&rows)).into_response(),
        Ok(Err(failure)) => reply::failure(&failure),
        Err(_) => reply::failure(&Failure::new(Code::UNKNOWN, "reading the path failed")),
    }
}

fn answer(view: &View, path: Option<String>) -> Result<Rows, Failure> {
    let Some(path) = path else {
        let message = "missing parameter: path; for example /api/show_proc?path=/statistic";
        return Err(Failure::new(Code::WRONG_ARGUMENTS, message));
    };
    Ok(proc::open(view, &path)?.rows()?)
}

/// Rows as a list of objects whose fields stand in the order of the columns.
struct Objects<'a>(&'a Rows);

struct Object<'a>(&'a [Column], &'a Row);

impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Rows { columns, rows } = self.0;
        serializer.collect_seq(rows.iter().map(|row| Object(columns, row)))
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let cells = self.0.iter().zip(self.1);
        serializer.collect_map(cells.map(|(column, cell)| (&column.name, value(cell, column))))
    }
}

fn value(cell: &Cell, column: &Column) -> Value {
    match cell {
        // `Total` and the like say something; `N/A` says that there is nothing.
        Cell::Null => match column.null_text {
            None | Some("N/A" | "") => Value::Null,
            Some(text) => text.into(),
        },
        Cell::Text(text) => text.as_ref().into(),
        Cell::Int(n) => (*n).into(),
        Cell::Double(x) => (*x).into(),
        Cell::Bool(truth) => (*truth).into(),
        Cell::Time(at) => at.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row;

    row! {
        struct Line {
            /// D.
            d: &'static str => "D" Text,
            /// A.
            a: Option<u64> => "A" Int or "Total",
            /// B.
            b: Option<bool> => "B" Bool or "N/A",
            /// C.
            c: f64 => "C" Percent,
        }
    }

    #[test]
    fn cells_keep_their_types_and_their_order() {
        let rows = Rows::of([
            Line {
                a: Some(1),
                b: Some(true),
                c: 7.5,
                d: "x",
            },
            Line {
                a: None,
                b: None,
                c: 0.0,
                d: "",
            },
        ]);
        assert_eq!(
            serde_json::to_string(&Objects(&rows)).unwrap(),
            r#"[{"D":"x","A":1,"B":true,"C":7.5},{"D":"","A":"Total","B":null,"C":0.0}]"#
        );
    }
}
