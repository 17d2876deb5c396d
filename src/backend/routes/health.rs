//! Whether replicas are whole: the frontend's digests and checks, and the check that operators call.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State as Shared};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;

use crate::backend::api::{BadSegment, CheckSegments, DigestTablets, Digests, SegmentsAnswer};
use crate::backend::error::Error;
use crate::backend::routes::internal::{Answer, Asked, body, host};
use crate::backend::state::State;
use crate::backend::{check, digest as digests};
use crate::ids::TabletId;

pub(super) async fn digest(
    Shared(state): Shared<State>,
    request: Asked<DigestTablets>,
) -> Answer<Digests> {
    Ok(Json(digests::digest(&state, body(request)?).await))
}

pub(super) async fn check_segments(
    Shared(state): Shared<State>,
    request: Asked<CheckSegments>,
) -> Answer<SegmentsAnswer> {
    let found = check::check(&state, body(request)?).await;
    Ok(Json(Arc::unwrap_or_clone(found)))
}

/// The answer of `check_tablet_segment_lost`: the seed's keys in its order, then ours.
#[derive(Debug, Serialize)]
struct SegmentLost {
    status: &'static str,
    msg: String,
    num: usize,
    bad_tablets: Vec<TabletId>,
    /// A text, as Doris sends it; its documents print it bare.
    set_bad: &'static str,
    host: String,
    /// Replicas that were not set bad although that was asked; absent when there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept_tablets: Vec<TabletId>,
}

/// The answer to a call that makes no sense; the status is 200 all the same, as Doris has it.
#[derive(Debug, Serialize)]
struct Fail {
    status: &'static str,
    msg: &'static str,
}

/// `GET` and `POST /api/check_tablet_segment_lost?repair={bool}` (seed 000; Doris registers POST, its documents say GET).
pub(super) async fn segment_lost(
    Shared(state): Shared<State>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let query = query.unwrap_or_default();
    let repair = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("repair="))
        .next_back();
    let repair = match repair {
        None | Some("" | "false") => false,
        Some("true") => true,
        Some(_) => {
            return pretty(&Fail {
                status: "Fail",
                msg: "Parameter 'repair' must be set to 'true' or 'false'",
            });
        }
    };
    let request = CheckSegments {
        repair,
        checksum: false,
    };
    let found = check::check(&state, request).await;
    let told = state.host().or_else(|| host(&headers).map(str::to_owned));
    pretty(&answer(repair, &found.bad, told.unwrap_or_default()))
}

fn answer(repair: bool, found: &[BadSegment], host: String) -> SegmentLost {
    let kept: Vec<_> = found.iter().filter(|b| b.kept).collect();
    let mut msg = "Succeed to check all tablet segment".to_owned();
    if let Some(first) = kept.first() {
        msg.push_str(&format!(
            "; {} of {} bad tablets kept and not set bad, tablet {}: {}",
            kept.len(),
            found.len(),
            first.tablet,
            first.why
        ));
    }
    SegmentLost {
        status: "Success",
        msg,
        num: found.len(),
        bad_tablets: found.iter().map(|b| b.tablet).collect(),
        // What was asked for, unless nothing at all could be done of it.
        set_bad: match repair && (kept.is_empty() || kept.len() < found.len()) {
            true => "true",
            false => "false",
        },
        host,
        kept_tablets: kept.iter().map(|b| b.tablet).collect(),
    }
}

/// Indented by four, as the seed prints it.
fn pretty(value: &impl Serialize) -> Result<Response, Error> {
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let mut out = serde_json::Serializer::with_formatter(&mut text, formatter);
    value
        .serialize(&mut out)
        .map_err(|e| Error::Request(e.to_string()))?;
    Ok(([(CONTENT_TYPE, "application/json")], text).into_response())
}
