//! Nodes that have proven to know the token, so that calls to them can be made. One that was started again has forgotten its callers,
//! and says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use reqwest::{RequestBuilder, Response, StatusCode};

use crate::backend::client::{Call, Error, answer};
use crate::proof::{AGAIN_HEADER, Answer, Greeting, HELLO_PATH, Head, PROOF_HEADER, Session};

/// Bytes of the answer to a hello, at most.
const ANSWER_MAX: usize = 4096;

/// What is known of a node: one who says hello to it is enough, others wait.
type Met = Arc<tokio::sync::Mutex<Option<Arc<Session>>>>;

/// By address. Clones share what they know.
#[derive(Debug, Clone)]
pub(super) struct Hellos {
    http: reqwest::Client,
    token: Arc<str>,
    nodes: Arc<Mutex<BTreeMap<String, Met>>>,
}

impl Hellos {
    pub(super) fn new(http: reqwest::Client, token: &str) -> Hellos {
        Hellos {
            http,
            token: token.into(),
            nodes: Arc::default(),
        }
    }

    /// Sends a request with its proof. Where the node has forgotten its callers, hello is said again and the request is sent again; to
    /// be on the safe side, what can be sent only once goes to a node that was asked just before.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        request: RequestBuilder,
    ) -> Result<Response, Error> {
        let Some(again) = request.try_clone() else {
            let known = self.node(call).lock().await.clone();
            let session = self.met(call, known.as_ref()).await?;
            return self.proven(call, request, &session).await;
        };
        let session = self.met(call, None).await?;
        let response = self.proven(call, request, &session).await?;
        let forgotten = response.headers().contains_key(AGAIN_HEADER);
        if response.status() != StatusCode::UNAUTHORIZED || !forgotten {
            return Ok(response);
        }
        let session = self.met(call, Some(&session)).await?;
        self.proven(call, again, &session).await
    }

    async fn proven(
        &self,
        call: &Call<'_>,
        request: RequestBuilder,
        session: &Session,
    ) -> Result<Response, Error> {
        let (http, request) = request.build_split();
        let mut request = request.map_err(|e| Error::of(call, &e))?;
        let url = request.url();
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let headers = request.headers().iter();
        let head = Head {
            method: request.method().as_str(),
            path: &path,
            headers: headers
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
                .collect(),
        };
        let proof = session.prove(&head);
        match proof.parse() {
            Ok(proof) => request.headers_mut().insert(PROOF_HEADER, proof),
            // It is made of digits and points.
            Err(_) => None,
        };
        http.execute(request).await.map_err(|e| Error::of(call, &e))
    }

    fn node(&self, call: &Call<'_>) -> Met {
        let mut nodes = self.nodes.lock();
        nodes.entry(call.address.to_owned()).or_default().clone()
    }

    /// What calls to the node are proven by, unless that is `stale`.
    async fn met(
        &self,
        call: &Call<'_>,
        stale: Option<&Arc<Session>>,
    ) -> Result<Arc<Session>, Error> {
        let node = self.node(call);
        let mut met = node.lock().await;
        match &*met {
            Some(session) if !stale.is_some_and(|stale| Arc::ptr_eq(stale, session)) => {
                Ok(session.clone())
            }
            _ => {
                let session = Arc::new(self.hello(call).await?);
                *met = Some(session.clone());
                Ok(session)
            }
        }
    }

    async fn hello(&self, call: &Call<'_>) -> Result<Session, Error> {
        let greeting = Greeting::new(self.token.clone());
        let url = format!("http://{}{HELLO_PATH}", call.address);
        let sent = self.http.post(url).json(&greeting.ask()).send().await;
        let response = sent.map_err(|e| Error::of(call, &e))?;
        let status = response.status();
        let stranger = |why: String| Error::Stranger {
            address: call.address.to_owned(),
            why,
        };
        if !status.is_success() {
            let why = format!("it answers {HELLO_PATH} with status {}", status.as_u16());
            return Err(stranger(why));
        }
        let call = Call {
            answer_max: ANSWER_MAX,
            ..call.clone()
        };
        let read = answer::json::<Answer>(&call, response).await;
        let answer = read.map_err(|e| stranger(e.to_string()))?;
        greeting.met(&answer).ok_or_else(|| {
            stranger("it does not know this cluster's token; start it with the frontend's DIR/cluster.token".to_owned())
        })
    }
}
