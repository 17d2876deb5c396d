//! What is asked of `/shard-repair`: the seed's three calls, read from their URLs.

use std::borrow::Cow;

use axum::extract::Query;
use axum::http::{Method, Uri};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use crate::ids::{BackendId, TabletId};

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// `GET /shard-repair/status`.
    Status {
        /// Only tablets with a replica on this backend.
        on: Option<BackendId>,
    },
    /// `POST /shard-repair/repair?id=`.
    Repair {
        /// The tablet.
        tablet: TabletId,
    },
    /// `POST /shard-repair/cancel-repair?id=`.
    Cancel {
        /// The tablet.
        tablet: TabletId,
        /// Only if it has a replica on this backend.
        on: Option<BackendId>,
    },
}

impl Call {
    /// The call that a request makes; `local=true` limits it to `here`, the backend that takes it.
    ///
    /// # Errors
    /// 405 for another method, 400 for a bad parameter, 404 for another path: the answer to give.
    pub fn read(method: &Method, uri: &Uri, here: Option<BackendId>) -> Result<Call, Answer> {
        let name = uri.path().rsplit('/').next().unwrap_or_default();
        let wanted = match name {
            "status" => "GET",
            "repair" | "cancel-repair" => "POST",
            _ => return Err(Answer::refused(404, "not found")),
        };
        // HEAD is GET without the body.
        if method.as_str() != wanted && (method != Method::HEAD || wanted != "GET") {
            let allowed = Cow::Borrowed(wanted);
            return Err(Answer::Method { allowed });
        }
        let Ok(Query(given)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
            return Err(Answer::refused(400, "the query of the URL can't be read"));
        };
        let first = |name: &str| {
            let mut named = given.iter().filter(|(key, _)| key == name);
            named.next().map(|(_, value)| value.as_str())
        };
        let tablet = || tablet(first("id").unwrap_or_default());
        let on = || Ok(if local(first("local"))? { here } else { None });
        match name {
            "status" => Ok(Call::Status { on: on()? }),
            "repair" => Ok(Call::Repair { tablet: tablet()? }),
            _ => Ok(Call::Cancel {
                tablet: tablet()?,
                on: on()?,
            }),
        }
    }
}

/// An id is a whole number and nothing else.
fn tablet(text: &str) -> Result<TabletId, Answer> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(id) if plain => Ok(TabletId(id)),
        _ => Err(Answer::refused(400, format!("invalid shard id: {text:?}"))),
    }
}

/// The words that InfluxDB takes for yes and no.
fn local(text: Option<&str>) -> Result<bool, Answer> {
    match text {
        None => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some(text) => Err(Answer::refused(400, format!("invalid local: {text:?}"))),
    }
}
