//! The listener's paths: who may call them, and how an error is answered.

use axum::Json;
use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::backend::api::{LEADERSHIP_HEADER, Leadership};
use crate::backend::error::Error;
use crate::backend::state::State;
use crate::code::Coded;
use crate::door::{self, Doors, Guard, Needs, Rule, Takes, refused_in_short};

mod copy;
mod health;
mod inspect;
mod internal;

/// Largest JSON body: a hundred thousand tablets are about 15 MB.
const JSON_BYTES_MAX: usize = 64 << 20;

/// A call of a node.
const NODE: Rule = Rule {
    needs: Needs::Node,
    takes: Takes::Bytes(JSON_BYTES_MAX),
    changes: false,
    refused: refused_in_short,
};
/// Rows of a load.
const ROWS: Rule = Rule {
    takes: Takes::Stream,
    ..NODE
};
/// Everybody may look.
const OPEN: Rule = Rule {
    needs: Needs::Nothing,
    takes: Takes::Nothing,
    ..NODE
};
/// An operator looks at tablets.
const OPERATOR: Rule = Rule {
    needs: Needs::NodeOrUser,
    ..OPEN
};
/// The same, where looking may set replicas bad.
const CHECK: Rule = Rule {
    changes: true,
    ..OPERATOR
};

/// Every path of a backend of its own.
pub fn routes(state: State, guard: &Guard) -> Router {
    let obeying = middleware::from_fn_with_state(state.clone(), obey);
    let internal = Doors::under("/api/internal", guard)
        .inside(move |methods| methods.layer(obeying.clone()))
        .route("/ping", NODE, post(internal::ping))
        .route("/heartbeat", NODE, post(internal::heartbeat))
        .route("/identify", NODE, post(internal::identify))
        .route("/report", NODE, post(internal::report))
        .route("/create_tablets", NODE, post(internal::create_tablets))
        .route("/drop_tablets", NODE, post(internal::drop_tablets))
        .route("/adopt_tablets", NODE, post(internal::adopt_tablets))
        .route("/cut_tablets", NODE, post(internal::cut_tablets))
        .route("/salvage_tablets", NODE, post(internal::salvage_tablets))
        .route("/publish", NODE, post(internal::publish))
        .route("/abort", NODE, post(internal::abort))
        .route("/scan", NODE, post(internal::scan))
        .route("/clone", NODE, post(copy::clone))
        .route("/digest", NODE, post(health::digest))
        .route("/check_segments", NODE, post(health::check_segments))
        .route("/describe_replica", NODE, post(copy::describe_replica))
        .route("/read_segment", NODE, post(copy::read_segment))
        .route("/release_replica", NODE, post(copy::release_replica))
        .route("/load/{txn}", ROWS, post(internal::load))
        .with_state(state.clone());
    let lost = get(health::segment_lost).post(health::segment_lost);
    Doors::new(guard)
        .route("/api/meta/header/{tablet}", OPERATOR, get(inspect::header))
        .route("/api/compaction/show", OPERATOR, get(inspect::compaction))
        .route("/api/check_tablet_segment_lost", CHECK, lost)
        .route("/api/health", OPEN, get(inspect::health))
        .route("/metrics", OPEN, get(inspect::metrics))
        .with_state(state)
        .merge(internal)
        .merge(door::hello(guard))
}

/// Refuses the calls of a frontend that another has taken the place of. A call that comes here has been proven.
async fn obey(Shared(state): Shared<State>, request: Request, next: Next) -> Response {
    let obeyed = match made_for(request.headers()) {
        Ok(Some(frontend)) => state.obey(&frontend).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match obeyed {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The frontend that a call is made for. Calls of tools are made for none.
fn made_for(headers: &HeaderMap) -> Result<Option<Leadership>, Error> {
    let said = headers.get(LEADERSHIP_HEADER);
    let read = said.map(|said| serde_json::from_slice(said.as_bytes()));
    read.transpose().map_err(|error| {
        let what = format!("the header {LEADERSHIP_HEADER} can't be read: {error}");
        Error::Request(what)
    })
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = serde_json::json!({
            "error": self.to_string(),
            "code": self.code().mysql,
        });
        if let Error::Fenced { obeyed, .. } = &self {
            body["obeys"] = serde_json::json!(obeyed);
        }
        (status, Json(body)).into_response()
    }
}
