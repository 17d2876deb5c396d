//! Calls that a page of another site makes a browser send: it adds the log-in that it remembers, and where none is needed, it reaches
//! nodes that the page's owner can't.

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};

/// Where a browser says that a call came from.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether another site's page made a call that changes something: any but GET and HEAD, and with `always` those as well.
pub fn is_foreign(parts: &Parts, always: bool) -> bool {
    let reads = parts.method == Method::GET || parts.method == Method::HEAD;
    if reads && !always {
        return false;
    }
    let text = |name: HeaderName| header(&parts.headers, name);
    let site = text(SITE).is_some_and(|site| site == "cross-site" || site == "same-site");
    let origin = text(ORIGIN).is_some_and(|origin| {
        let host = origin.split_once("://").map(|(_, host)| host);
        host.is_none() || host != text(HOST)
    });
    site || origin
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
