//! Errors over HTTP: the status of their code, and a body that says the same as the MySQL error packet.

use axum::Json;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::code::Failure;

/// `{"code": 1049, "sqlstate": "42000", "error": "unknown database 'x'"}`.
pub fn failure(failure: &Failure) -> Response {
    let code = failure.code;
    let status = StatusCode::from_u16(code.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({
        "code": code.mysql,
        "sqlstate": code.sqlstate,
        "error": failure.message,
    });
    let mut response = (status, Json(body)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"quorate\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, ask);
    }
    response
}
