//! Log-ins of those who call a backend: it knows no users, so it asks the frontend.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};

use crate::backend::client::Call;
use crate::backend::state::State;
use crate::code::{Code, Failure};
use crate::door::{Caller, Checked, Users};
use crate::load::client::Told;

/// How long the frontend may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `POST /api/internal/login`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Who names nobody is `root`, as long as that has no password.
    pub or_root: bool,
    /// Where the user called from: wrong passwords are slowed down for each address of their own.
    #[serde(default)]
    pub peer: Option<IpAddr>,
}

/// The users of the cluster, as its frontend knows them.
#[derive(Debug)]
pub struct AskFrontend(pub State);

impl Users for AskFrontend {
    fn check<'a>(&'a self, caller: Caller<'a>, or_root: bool) -> Checked<'a> {
        let given = caller.headers.get(AUTHORIZATION);
        let given = given.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Box::pin(async move {
            let unknown = |why: &str| {
                let why = format!("this backend can't check log-ins: {why}");
                Failure::new(Code::NOT_READY, why)
            };
            let Some(address) = self.0.frontend() else {
                return Err(unknown("it has not heard of its frontend yet"));
            };
            let call = Call {
                authorization: given.as_deref(),
                ..Call::new(&address, "login", TIMEOUT)
            };
            let client = &self.0.copying().client;
            let asked = Login {
                or_root,
                peer: Some(caller.peer),
            };
            let told: Result<Told<()>, _> = client.post_json(&call, &asked).await;
            told.map_err(|error| unknown(&error.to_string()))?.done()
        })
    }
}
