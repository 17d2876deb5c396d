//! What a node says that refuses a call.

use reqwest::Response;
use serde::Deserialize;

use crate::backend::api::Leadership;
use crate::backend::client::{Call, Error};

/// Bytes of an answer's error text that are kept.
const ERROR_TEXT_MAX: usize = 4000;

#[derive(Deserialize)]
struct Told {
    error: String,
    /// The frontend that the node obeys instead of the one that the call was made for.
    #[serde(default)]
    obeys: Option<Leadership>,
}

/// The error that the body of a refusal tells, and whom the node obeys where it refuses for another's sake.
pub(super) async fn read(call: &Call<'_>, mut response: Response) -> (Error, Option<Leadership>) {
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while body.len() < ERROR_TEXT_MAX {
        match tokio::time::timeout(call.timeout, response.chunk()).await {
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            _ => break,
        }
    }
    let told = serde_json::from_slice(&body).unwrap_or_else(|_| {
        body.truncate(ERROR_TEXT_MAX);
        let text = String::from_utf8_lossy(&body).trim().to_owned();
        let silent = text.is_empty();
        Told {
            error: if silent {
                "it gave no reason".to_owned()
            } else {
                text
            },
            obeys: None,
        }
    });
    (Error::refused(call, status, told.error), told.obeys)
}
