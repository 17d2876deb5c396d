//! Answers, read whole up to a limit: a node that is not what it should be must not fill this one's memory.

use reqwest::Response;
use serde::de::DeserializeOwned;

use crate::backend::client::{Call, Error};

/// Reads an answer as JSON.
///
/// # Errors
/// It is longer than the call allows, breaks off, or is not what was asked for.
pub(super) async fn json<T: DeserializeOwned>(
    call: &Call<'_>,
    mut response: Response,
) -> Result<T, Error> {
    let long = || Error::Long {
        address: call.address.to_owned(),
        call: call.name.to_owned(),
        most: call.answer_max,
    };
    let told = response.content_length().unwrap_or(0);
    if told > call.answer_max as u64 {
        return Err(long());
    }
    let mut whole = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|e| Error::of(call, &e))? {
        if whole.len().saturating_add(piece.len()) > call.answer_max {
            return Err(long());
        }
        whole.extend_from_slice(&piece);
    }
    serde_json::from_slice(&whole).map_err(|e| Error::Lost {
        address: call.address.to_owned(),
        call: call.name.to_owned(),
        cause: format!("its answer can't be read: {e}"),
    })
}
