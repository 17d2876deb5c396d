//! What `/shard-repair` answers: the seed's bodies, and errors in InfluxDB's form: `{"error":".."}`, the same text in
//! the header `X-InfluxDB-Error` except where a log-in is asked for, and no other status than 400, 401, 404, 405 and 500.

use std::borrow::Cow;

use axum::http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::status::Status;
use crate::code::Failure;
use crate::ids::TabletId;

const ERROR_HEADER: &str = "x-influxdb-error";
/// Bytes of the header that repeats an error (InfluxDB).
const ERROR_HEADER_MAX: usize = 1024;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// 200 with the list.
    Status(Status),
    /// 204.
    Done,
    /// 405.
    Method {
        /// The method that is taken.
        allowed: Cow<'static, str>,
    },
    /// Any other error.
    Refused {
        /// HTTP status.
        status: u16,
        /// What was wrong.
        message: String,
    },
}

impl Answer {
    /// An error.
    pub fn refused(status: u16, message: impl Into<String>) -> Answer {
        let message = message.into();
        Answer::Refused { status, message }
    }

    /// The id is none of a tablet. The contract knows no 404.
    pub fn unknown(tablet: TabletId) -> Answer {
        Answer::refused(400, format!("shard not found: {tablet}"))
    }

    /// The leader, or the log-in, has refused.
    pub fn failed(failure: &Failure) -> Answer {
        let status = match failure.code.http {
            401 => 401,
            400..500 => 400,
            _ => 500,
        };
        Answer::refused(status, failure.message.clone())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Answer::Done => StatusCode::NO_CONTENT.into_response(),
            Answer::Status(status) => match serde_json::to_string_pretty(&status) {
                Ok(body) => (json_type(), body).into_response(),
                Err(cause) => error(500, &cause.to_string()),
            },
            Answer::Method { allowed } => {
                let mut response = error(405, &format!("method not allowed: use {allowed}"));
                if let Ok(allowed) = HeaderValue::from_str(&allowed) {
                    response.headers_mut().insert(ALLOW, allowed);
                }
                response
            }
            Answer::Refused { status, message } => error(status, &message),
        }
    }
}

fn json_type() -> [(axum::http::HeaderName, &'static str); 1] {
    [(CONTENT_TYPE, "application/json")]
}

fn error(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "error": message }).to_string();
    let mut response = (status, json_type(), body).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"quorate\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, ask);
    } else {
        // A header holds no line breaks, and no text beyond ASCII that every client reads.
        let plain = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
        let text: String = message.chars().map(plain).take(ERROR_HEADER_MAX).collect();
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(ERROR_HEADER, value);
        }
    }
    response
}
