//! Errors over HTTP: the status of their code, and a body that says the same as the MySQL error packet.

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;

use crate::code::Failure;

/// `{"code": 1049, "sqlstate": "42000", "error": "Unknown database 'x'"}`.
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

/// Has a listener say what is wrong with a path that it does not have, or a method that a path does not take.
pub fn with_refusals(router: Router) -> Router {
    router
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
}

async fn no_such_path(uri: Uri) -> Response {
    let path = uri.path();
    let error = format!("there is no path {path} here; README.md lists those that there are");
    (StatusCode::NOT_FOUND, Json(json!({"error": error}))).into_response()
}

async fn wrong_method(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    let error = format!("{path} does not take {method}; the header Allow says what it takes");
    (
        StatusCode::METHOD_NOT_ALLOWED,
        Json(json!({"error": error})),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_path_or_method_that_there_is_not_is_refused_in_words() {
        let put = axum::routing::put(|| async { "taken" });
        let router = with_refusals(Router::new().route("/load", put));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(socket, router).await });
        for (path, status, words) in [
            ("/nothing", 404, "there is no path /nothing here"),
            ("/load", 405, "/load does not take GET"),
        ] {
            let answer = reqwest::get(format!("http://{address}{path}"))
                .await
                .unwrap();
            assert_eq!(answer.status(), status);
            let allow = answer
                .headers()
                .get("allow")
                .map(|allow| allow.to_str().unwrap());
            assert_eq!(allow, (status == 405).then_some("PUT"));
            let text = answer.text().await.unwrap();
            assert!(text.contains(words), "{text}");
        }
    }
}
