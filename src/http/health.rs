//! `GET /api/health`: whether this frontend can do its work, for load balancers and readiness probes. Needs no log-in.
//!
//! 200 while clients are served, 503 while they are not: changes are refused, or no backend answers. `status` is `OK` where all
//! is well, `DEGRADED` where clients are served all the same, `FAILED` with 503; `msg` says why. Costs the same at any number
//! of tablets.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::door::{Doors, Guard};
use crate::http::rules;
use crate::leader::handle::Handle;
use crate::view::{Statistic, View};

/// The route.
pub fn routes(leader: Handle, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/api/health", rules::OPEN, get(health))
        .with_state(leader)
}

async fn health(State(leader): State<Handle>) -> Response {
    Health::of(&leader.view()).into_response()
}

/// What is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Health {
    /// Clients are not served.
    fails: Vec<String>,
    /// They are, and it should be looked at.
    lacks: Vec<String>,
}

impl Health {
    fn of(view: &View) -> Health {
        let catalog = &view.catalog;
        let (mut fails, mut lacks) = (Vec::new(), Vec::new());
        if !view.frontend.refused.is_empty() {
            fails.push(view.frontend.refused.clone());
        }
        if !view.frontend.trouble.is_empty() {
            fails.push(format!("changes are refused: {}", view.frontend.trouble));
        }
        let all = catalog.backends.len();
        let alive = catalog.backends.keys().filter(|id| catalog.alive(**id));
        match (alive.count(), all) {
            (_, 0) => lacks.push("the cluster has no backend".to_owned()),
            (0, _) => fails.push(format!("none of {all} backends answers")),
            (alive, _) if alive < all => {
                lacks.push(format!("{} of {all} backends do not answer", all - alive));
            }
            _ => {}
        }
        if view.frontend.safe_mode {
            lacks.push("safe mode: the backends have not reported yet".to_owned());
        }
        let databases = catalog.databases.keys();
        let sum = databases.fold(Statistic::default(), |sum, id| sum + view.statistic(*id));
        if sum.unhealthy > 0 {
            lacks.push(format!("{} tablets are not healthy", sum.unhealthy));
        }
        Health { fails, lacks }
    }
}

impl IntoResponse for Health {
    fn into_response(self) -> Response {
        let (status, word) = match (self.fails.is_empty(), self.lacks.is_empty()) {
            (true, true) => (StatusCode::OK, "OK"),
            (true, false) => (StatusCode::OK, "DEGRADED"),
            (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "FAILED"),
        };
        let why: Vec<String> = self.fails.into_iter().chain(self.lacks).collect();
        let msg = match why.is_empty() {
            true => "Success".to_owned(),
            false => why.join("; "),
        };
        (status, Json(json!({"status": word, "msg": msg}))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::state::Catalog;
    use crate::proc::sample;
    use crate::tablet::census::Census;
    use crate::view::FrontendInfo;

    #[test]
    fn health_says_what_is_wrong_and_fails_where_clients_are_not_served() {
        let mut view = sample::view();
        let found = Health::of(&view);
        assert_eq!(found.fails, Vec::<String>::new());
        assert_eq!(
            found.lacks,
            ["1 of 3 backends do not answer", "4 tablets are not healthy"]
        );
        assert_eq!(found.into_response().status(), StatusCode::OK);
        for id in view.catalog.backends.clone().keys() {
            view.catalog
                .observe_backend(*id, |state| state.alive = false);
        }
        view.frontend = Arc::new(FrontendInfo {
            trouble: "the disk is full".to_owned(),
            ..FrontendInfo::clone(&view.frontend)
        });
        let found = Health::of(&view);
        assert_eq!(
            found.fails,
            [
                "changes are refused: the disk is full",
                "none of 3 backends answers"
            ]
        );
        assert_eq!(
            found.into_response().status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
    }

    #[tokio::test]
    async fn a_cluster_without_a_fault_has_the_answer_that_is_documented() {
        let mut view = sample::view();
        view.catalog = Catalog::new();
        view.census = Census::default();
        assert_eq!(Health::of(&view).lacks, ["the cluster has no backend"]);
        let well = Health {
            fails: Vec::new(),
            lacks: Vec::new(),
        };
        let answer = well.into_response();
        assert_eq!(answer.status(), StatusCode::OK);
        let body = axum::body::to_bytes(answer.into_body(), 1000)
            .await
            .unwrap();
        assert_eq!(body, r#"{"msg":"Success","status":"OK"}"#);
    }
}
