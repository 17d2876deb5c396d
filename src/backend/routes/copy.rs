//! The calls by which a replica is copied: the frontend's order, and what the copier asks of the source.

use axum::Json;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::backend::api::{
    CloneAnswer, CloneTablet, DescribeReplica, ReadSegment, ReleaseReplica, ReplicaRowsets,
};
use crate::backend::clone::{self, source};
use crate::backend::error::Error;
use crate::backend::publish::interrupted;
use crate::backend::routes::internal::{Answer, Asked, body};
use crate::backend::state::State;
use crate::fault;

pub(super) async fn clone(
    Shared(state): Shared<State>,
    request: Asked<CloneTablet>,
) -> Answer<CloneAnswer> {
    Ok(Json(clone::clone(&state, body(request)?).await?))
}

pub(super) async fn describe_replica(
    Shared(state): Shared<State>,
    request: Asked<DescribeReplica>,
) -> Answer<ReplicaRowsets> {
    let answer = source::describe(&state, body(request)?).await?;
    fault::hit("backend::before_describe_answer").map_err(interrupted)?;
    Ok(Json(answer))
}

pub(super) async fn read_segment(
    Shared(state): Shared<State>,
    request: Asked<ReadSegment>,
) -> Result<Response, Error> {
    let (bytes, chunks) = source::read(&state, body(request)?).await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, bytes.to_string()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

pub(super) async fn release_replica(
    Shared(state): Shared<State>,
    request: Asked<ReleaseReplica>,
) -> Answer<()> {
    state.copying().holds.release(body(request)?.copier);
    Ok(Json(()))
}
