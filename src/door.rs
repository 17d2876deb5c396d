//! Who may call a route, and how much is taken from the caller: decided before a byte of the body is read.
//!
//! Routes are made by [`Doors`] alone, each with its [`Rule`], so that there is none without. Owns the order of the checks and the
//! reading of bodies; who the users are is told by [`Users`], who the nodes are by [`Proofs`]. Knows nothing of what routes do.

mod body;
mod origin;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use axum::{Json, Router};
use serde_json::json;

pub use self::body::drain;
use crate::code::{Code, Failure};
use crate::listener::Standing;
use crate::memory::Account;
use crate::proof::{AGAIN_HEADER, Ask, HELLO_PATH, Head, PROOF_HEADER, Proofs, Refusal};

/// What a caller must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// The proof of a node.
    Node,
    /// The log-in of a user.
    User,
    /// The log-in of a user; none where `root` has no password.
    UserOrRoot,
    /// The proof of a node, or what [`Needs::UserOrRoot`] says.
    NodeOrUser,
    /// The log-in of a user, which the frontend checks when the call is passed on to it; nothing is read before.
    Frontend,
}

/// What is taken of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// None. What is sent all the same is read for a while and thrown away, so that the sender gets to the answer.
    Nothing,
    /// So many bytes, read as a whole before the route begins.
    Bytes(usize),
    /// A stream, which the route reads and bounds.
    Stream,
}

/// How a refusal is told.
pub type Refused = fn(&HeaderMap, Failure) -> Response;

/// What a route asks of its callers.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What they must show.
    pub needs: Needs,
    /// What is taken of them.
    pub takes: Takes,
    /// Whether GET changes something as well, so that another site's page must not make a browser call it.
    pub changes: bool,
    /// How a log-in that fails is told.
    pub refused: Refused,
}

/// Who calls, as far as it is known before a log-in.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The headers of the call.
    pub headers: &'a HeaderMap,
    /// The machine or network that it comes from; unspecified where no listener says.
    pub peer: IpAddr,
}

/// Checks log-ins.
pub trait Users: Send + Sync + 'static {
    /// Whether the user who calls may come in; with `or_root`, who names nobody as long as `root` has no password.
    ///
    /// # Errors
    /// Why not.
    fn check<'a>(&'a self, caller: Caller<'a>, or_root: bool) -> Checked<'a>;
}

/// What becomes of a check.
pub type Checked<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// There are no users: for listeners that only nodes call.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl Users for Nobody {
    fn check<'a>(&'a self, _: Caller<'a>, _: bool) -> Checked<'a> {
        let why = "there are no users here";
        Box::pin(async move { Err(Failure::new(Code::ACCESS_DENIED, why)) })
    }
}

/// What every route of a listener shares.
#[derive(Clone)]
pub struct Guard(Arc<Parts>);

struct Parts {
    proofs: Proofs,
    users: Box<dyn Users>,
    memory: Account,
    body_idle: Duration,
}

impl Guard {
    /// A guard who knows the cluster's token. Bodies are charged to `memory`; one that does not grow for `body_idle` ends its call.
    pub fn new(token: &str, users: impl Users, memory: Account, body_idle: Duration) -> Guard {
        Guard(Arc::new(Parts {
            proofs: Proofs::new(token),
            users: Box::new(users),
            memory,
            body_idle,
        }))
    }
}

/// Routes, each with its rule.
pub struct Doors<S = ()> {
    router: Router<S>,
    guard: Guard,
    under: &'static str,
    inside: Box<Inside<S>>,
}

/// What a route goes through once its rule is kept.
type Inside<S> = dyn Fn(MethodRouter<S>) -> MethodRouter<S> + Send;

impl<S: Clone + Send + Sync + 'static> Doors<S> {
    /// No routes.
    pub fn new(guard: &Guard) -> Doors<S> {
        Doors::under("", guard)
    }

    /// No routes; the paths of all begin with `under`. (A router that is nested would see the rest of a path only, and proofs are made
    /// of whole ones.)
    pub fn under(under: &'static str, guard: &Guard) -> Doors<S> {
        Doors {
            router: Router::new(),
            guard: guard.clone(),
            under,
            inside: Box::new(|methods| methods),
        }
    }

    /// Requests to the routes that follow go through `layers` once their rules are kept.
    pub fn inside(
        mut self,
        layers: impl Fn(MethodRouter<S>) -> MethodRouter<S> + Send + 'static,
    ) -> Doors<S> {
        self.inside = Box::new(layers);
        self
    }

    /// One more.
    pub fn route(mut self, path: &str, rule: Rule, methods: MethodRouter<S>) -> Doors<S> {
        let state = (self.guard.clone(), rule);
        let admitted = (self.inside)(methods).layer(middleware::from_fn_with_state(state, admit));
        let path = format!("{}{path}", self.under);
        self.router = self.router.route(&path, admitted);
        self
    }

    /// All of them, as axum knows them.
    pub fn with_state(self, state: S) -> Router {
        self.router.with_state(state)
    }
}

/// The most bytes of a hello.
const HELLO_BYTES_MAX: usize = 1024;

/// The route by which callers learn that this node knows the token.
pub fn hello(guard: &Guard) -> Router {
    let rule = Rule {
        needs: Needs::Nothing,
        takes: Takes::Bytes(HELLO_BYTES_MAX),
        changes: false,
        refused: refused_in_short,
    };
    let answer = |State(guard): State<Guard>, Json(ask): Json<Ask>| async move {
        match guard.0.proofs.hello(&ask) {
            Some(answer) => Json(answer).into_response(),
            None => told(StatusCode::BAD_REQUEST, "this is not a hello"),
        }
    };
    let doors = Doors::new(guard).route(HELLO_PATH, rule, post(answer));
    doors.with_state(guard.clone())
}

/// A node that proves the token and has no users: what tests put beside a node's routes that they play.
pub fn hello_of(token: &str) -> Router {
    let idle = Duration::from_secs(60);
    hello(&Guard::new(token, Nobody, Account::new(u64::MAX), idle))
}

/// Lets a request in, or says why not.
async fn admit(
    State((guard, rule)): State<(Guard, Rule)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, stream) = request.into_parts();
    if let Err(refused) = guard.check(&rule, &parts).await {
        body::drain(stream, &parts.headers);
        return *refused;
    }
    if rule.needs != Needs::Nothing
        && rule.needs != Needs::Frontend
        && let Some(standing) = parts.extensions.get::<Standing>()
    {
        standing.is_known(parts.headers.contains_key(PROOF_HEADER));
    }
    match rule.takes {
        Takes::Stream => next.run(Request::from_parts(parts, stream)).await,
        Takes::Nothing => {
            let headers = parts.headers.clone();
            let response = next
                .run(Request::from_parts(parts, Default::default()))
                .await;
            body::drain(stream, &headers);
            response
        }
        Takes::Bytes(most) => {
            let read = body::read(stream, most, &guard.0.memory, guard.0.body_idle).await;
            match read {
                Ok((bytes, charge)) => {
                    // It is whole now, whatever it was before.
                    parts.headers.remove(axum::http::header::TRANSFER_ENCODING);
                    let response = next.run(Request::from_parts(parts, bytes.into())).await;
                    drop(charge);
                    response
                }
                Err(error) => told(error.status(), &error.to_string()),
            }
        }
    }
}

impl Guard {
    async fn check(
        &self,
        rule: &Rule,
        parts: &axum::http::request::Parts,
    ) -> Result<(), Box<Response>> {
        let headers = &parts.headers;
        let proof = || self.0.proofs.admit(proof(headers), &head(parts));
        let standing = parts.extensions.get::<Standing>();
        let peer = standing.map_or(Ipv4Addr::UNSPECIFIED.into(), Standing::peer);
        let user = |or_root| async move {
            let caller = Caller { headers, peer };
            let checked = self.0.users.check(caller, or_root).await;
            checked.map_err(|failure| Box::new((rule.refused)(headers, failure)))
        };
        if rule.needs != Needs::Node && origin::is_foreign(parts, rule.changes) {
            let why = "a page of another site made this call; it would change something here";
            return Err(Box::new(told(StatusCode::FORBIDDEN, why)));
        }
        match rule.needs {
            Needs::Nothing | Needs::Frontend => Ok(()),
            Needs::Node => proof().map_err(not_a_node),
            Needs::User => user(false).await,
            Needs::UserOrRoot => user(true).await,
            Needs::NodeOrUser if headers.contains_key(PROOF_HEADER) => proof().map_err(not_a_node),
            Needs::NodeOrUser => user(true).await,
        }
    }
}

fn proof(headers: &HeaderMap) -> Option<&[u8]> {
    Some(headers.get(PROOF_HEADER)?.as_bytes())
}

fn head(parts: &axum::http::request::Parts) -> Head<'_> {
    Head {
        method: parts.method.as_str(),
        path: parts.uri.path_and_query().map_or("/", |p| p.as_str()),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect(),
    }
}

fn not_a_node(refusal: Refusal) -> Box<Response> {
    Box::new(match refusal {
        Refusal::Stranger => {
            let why = format!(
                "the header {PROOF_HEADER} is missing or does not prove this cluster's token"
            );
            told(StatusCode::FORBIDDEN, &why)
        }
        Refusal::Again => {
            let mut response = told(StatusCode::UNAUTHORIZED, "say hello again");
            let again = HeaderValue::from_static("again");
            response.headers_mut().insert(AGAIN_HEADER, again);
            response
        }
    })
}

fn told(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({"error": why}))).into_response()
}

/// A refusal in the words of its failure.
pub fn refused_in_short(_: &HeaderMap, failure: Failure) -> Response {
    let status = StatusCode::from_u16(failure.code.http).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = told(status, &failure.message);
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"quorate\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, ask);
    }
    response
}

#[cfg(test)]
mod tests;
