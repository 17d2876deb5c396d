//! `GET /api/_load_error_log?file=..`: rows that did not fit. Owns how they are asked for, not what is kept of them.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Shared;
use crate::clock::Timestamp;
use crate::load::coordinator::Progress;

#[derive(Deserialize)]
pub(super) struct Params {
    file: Option<String>,
}

pub(super) async fn error_log(
    State(shared): State<Arc<Shared>>,
    Query(params): Query<Params>,
) -> Response {
    let now = shared.node.coordinator.clock.now();
    let name = params.file.unwrap_or_default();
    match shared.reports.get(&name, now) {
        Some(text) => text.into_response(),
        None => {
            let message = "no such error report; reports are kept for two days, on the backend that ran the load\n";
            (StatusCode::NOT_FOUND, message).into_response()
        }
    }
}

impl Shared {
    /// Where the rows of a load that do not fit can be read.
    pub(super) fn error_url(
        &self,
        label: &str,
        progress: &Progress,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<String> {
        let misfits = progress.misfits.lock().clone();
        if misfits.count == 0 {
            return None;
        }
        let name = self.reports.add(label, &misfits, now);
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = host.unwrap_or(&self.node.host);
        Some(format!("http://{host}/api/_load_error_log?file={name}"))
    }
}
