//! `GET /api/{db}/get_load_state?label=..`: what became of a load, for a client that lost its answer.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::code::{Code, Failure};
use crate::door::{Doors, Guard};
use crate::http::{reply, rules};
use crate::leader::handle::Handle;
use crate::load::label;
use crate::view::View;

/// The route.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/api/{db}/get_load_state", rules::USER, get(state))
        .with_state(leader)
}

#[derive(Deserialize)]
struct Params {
    label: Option<String>,
}

async fn state(
    State(leader): State<Handle>,
    Path(db): Path<String>,
    Query(params): Query<Params>,
) -> Response {
    match answer(&leader.view(), &db, params.label.as_deref()) {
        Ok(found) => Json(found).into_response(),
        Err(failure) => reply::failure(&failure),
    }
}

fn answer(view: &View, db: &str, label: Option<&str>) -> Result<Value, Failure> {
    let Some(label) = label.filter(|label| !label.is_empty()) else {
        let message = "missing parameter: label; for example /api/db/get_load_state?label=x";
        return Err(Failure::new(Code::WRONG_ARGUMENTS, message));
    };
    if view.catalog.database(db).is_none() {
        return Err(Failure::new(
            Code::BAD_DB,
            format!("Unknown database '{db}'"),
        ));
    }
    // A load that was never begun, or was forgotten, has no state; the field calls it so.
    let state = label::newest(&view.catalog, db, label).map_or("UNKNOWN", |txn| txn.state.word());
    Ok(json!({"state": state, "status": "OK", "code": "0", "msg": "Success", "message": "OK"}))
}
