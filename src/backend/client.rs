//! Calls to the internal HTTP interface of another node, with a proof that the caller knows the cluster's token, limits of time and
//! of the answer on each, and connections that are used again.
//!
//! Owns how a call is made, how its failure is told, and who is in doubt since (`doubt`). Does not decide whom to call, nor whether
//! to try again.

mod answer;
mod doubt;
mod error;
mod hello;
mod refusal;
mod voice;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::{self, StreamExt};
use reqwest::header::AUTHORIZATION;
use reqwest::{Body, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use self::doubt::Doubts;
pub use self::error::Error;
use self::hello::Hellos;
use self::voice::Voice;
use crate::backend::api::{LEADERSHIP_HEADER, Leadership};

/// How long a connection may take to come about; a node that does not even accept one is taken for dead sooner than
/// one that is slow.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Connections to one node that are kept for later calls.
const IDLE_CONNECTIONS: usize = 16;
/// How long: less than listeners keep connections that are idle.
const IDLE_TIME: Duration = Duration::from_secs(20);
/// Most bytes of an answer, where a call does not say.
const ANSWER_MAX: usize = 64 << 20;

/// Makes calls. Clones share their connections, and what they know of nodes.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    hellos: Hellos,
    doubts: Doubts,
    voice: Voice,
}

/// One call: whom, what, and for how long.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// `host:port` of the node.
    pub address: &'a str,
    /// What stands behind `/api/internal/` in its URL.
    pub name: &'a str,
    /// The whole call, or for a streamed answer each wait for more of it, may take this long.
    pub timeout: Duration,
    /// The `Authorization` header of the client on whose behalf the call is made.
    pub authorization: Option<&'a str>,
    /// Most bytes of an answer that is read whole.
    pub answer_max: usize,
}

impl<'a> Call<'a> {
    /// A call in the cluster's own name.
    pub fn new(address: &'a str, name: &'a str, timeout: Duration) -> Call<'a> {
        Call {
            address,
            name,
            timeout,
            authorization: None,
            answer_max: ANSWER_MAX,
        }
    }
}

impl Client {
    /// A client that knows `token`, and never sends it; fails when TLS can't be set up.
    pub fn new(token: &str) -> Result<Client, Error> {
        let unusable = |cause: String| Error::Client { cause };
        // Nodes speak plain HTTP. TLS is set up all the same, without looking for a process-wide provider.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| unusable(e.to_string()))?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_TIME)
            .build()
            .map_err(|e| unusable(error::with_causes(&e)))?;
        let doubts = Doubts::default();
        let hellos = Hellos::new(http.clone(), token);
        Ok(Client {
            http,
            hellos,
            doubts,
            voice: Voice::default(),
        })
    }

    /// Calls are made for this frontend from now on, those of all clones.
    pub fn speak(&self, leadership: &Leadership) {
        self.voice.speak(leadership);
    }

    /// Follows whether a node has refused the frontend that calls are made for, because it obeys another one; the words say
    /// which. Once it has, that stays so.
    pub fn refused(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.voice.refused()
    }

    /// Sends `body` as JSON and reads a JSON answer.
    pub async fn post_json<Req, Res>(&self, call: &Call<'_>, body: &Req) -> Result<Res, Error>
    where
        Req: Serialize + Sync + ?Sized,
        Res: DeserializeOwned,
    {
        let request = self.request(call).json(body);
        self.read_json(call, request).await
    }

    /// Sends a stream of bytes and reads a JSON answer. The stream is read as fast as the node takes it. The time
    /// limit is of the whole call, so of the whole stream.
    pub async fn post_stream<S, E, Res>(&self, call: &Call<'_>, body: S) -> Result<Res, Error>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
        Res: DeserializeOwned,
    {
        let body = Body::wrap_stream(body);
        let request = self.request(call).body(body);
        self.read_json(call, request).await
    }

    /// Sends `body` as JSON and hands back the answer's bytes as they come. The time limit is of each wait.
    pub async fn open_stream<Req>(
        &self,
        call: &Call<'_>,
        body: &Req,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + Unpin + 'static, Error>
    where
        Req: Serialize + Sync + ?Sized,
    {
        let response = self.opened(call, body).await;
        self.doubts.learn(call.address, &response);
        let response = response?;
        let (late, timeout) = (Error::late(call), call.timeout);
        let (lost, address) = (Error::lost(call), call.address.to_owned());
        let doubts = self.doubts.clone();
        let chunks = stream::try_unfold(response, move |mut response| {
            let (late, lost) = (late.clone(), lost.clone());
            let (doubts, address) = (doubts.clone(), address.clone());
            async move {
                let error = match tokio::time::timeout(timeout, response.chunk()).await {
                    Ok(Ok(chunk)) => return Ok(chunk.map(|bytes| (bytes, response))),
                    Ok(Err(cause)) => lost.because(&cause),
                    Err(_) => late,
                };
                doubts.doubt(&address);
                Err(error)
            }
        });
        Ok(chunks.boxed())
    }

    /// Sends any request, with its proof.
    #[cfg(test)]
    pub(crate) async fn send(
        &self,
        address: &str,
        request: RequestBuilder,
    ) -> Result<Response, Error> {
        let call = Call::new(address, "test", Duration::from_secs(600));
        self.hellos.send(&call, request).await
    }

    fn request(&self, call: &Call<'_>) -> RequestBuilder {
        let url = format!("http://{}/api/internal/{}", call.address, call.name);
        let request = self.http.post(url);
        let request = match self.voice.header() {
            Some(leadership) => request.header(LEADERSHIP_HEADER, leadership),
            None => request,
        };
        match call.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        }
    }

    async fn opened<Req>(&self, call: &Call<'_>, body: &Req) -> Result<Response, Error>
    where
        Req: Serialize + Sync + ?Sized,
    {
        let sent = self.hellos.send(call, self.request(call).json(body));
        match tokio::time::timeout(call.timeout, sent).await {
            Ok(response) => self.accepted(call, response?).await,
            Err(_) => Err(Error::late(call)),
        }
    }

    async fn read_json<Res: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        request: RequestBuilder,
    ) -> Result<Res, Error> {
        let answered = async {
            let response = self.hellos.send(call, request).await?;
            answer::json(call, self.accepted(call, response).await?).await
        };
        let answer = tokio::time::timeout(call.timeout, answered).await;
        let answer = answer.unwrap_or_else(|_| Err(Error::late(call)));
        self.doubts.learn(call.address, &answer);
        answer
    }

    /// Turns an answer that is not a success into the error that its body tells.
    async fn accepted(&self, call: &Call<'_>, response: Response) -> Result<Response, Error> {
        if response.status().is_success() {
            return Ok(response);
        }
        let (error, obeyed) = refusal::read(call, response).await;
        if let (Error::Refused { message, .. }, Some(obeyed)) = (&error, obeyed) {
            self.voice.was_refused(call.address, message, &obeyed);
        }
        Err(error)
    }
}

#[cfg(test)]
mod tests;
