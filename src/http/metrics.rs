//! `GET /metrics`: numbers of the cluster for Prometheus. Needs no log-in, as scrapers expect, and names nothing but
//! backends.
//!
//! Read from the census and other counts that are kept up to date, so a scrape costs the same at any number of tablets.

use std::fmt;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::catalog::backend::PathState;
use crate::catalog::txn::TxnState;
use crate::code::{Code, Failure};
use crate::door::{Doors, Guard};
use crate::frontend::sessions::Sessions;
use crate::http::{reply, rules};
use crate::leader::handle::Handle;
use crate::tablet::room;
use crate::view::{Statistic, View};

/// The route.
pub fn routes(leader: Handle, sessions: Sessions, guard: &Guard) -> Router {
    Doors::new(guard)
        .route("/metrics", rules::OPEN, get(metrics))
        .with_state((leader, sessions))
}

async fn metrics(State((leader, sessions)): State<(Handle, Sessions)>) -> Response {
    const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match text(&leader.view(), sessions.logged_in()) {
        Ok(text) => ([(CONTENT_TYPE, KIND)], text).into_response(),
        Err(_) => reply::failure(&Failure::new(Code::UNKNOWN, "encoding the metrics failed")),
    }
}

/// The numbers in the OpenMetrics text format.
pub fn text(view: &View, connections: u64) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("quorate");
    cluster(&mut registry, view);
    content(&mut registry, view);
    backends(&mut registry, view);
    transactions(&mut registry, view);
    let frontend = &view.frontend;
    gauge(
        &mut registry,
        "connections",
        "Clients that are connected",
        connections,
    );
    gauge(
        &mut registry,
        "journal_sequence",
        "Last record of the journal",
        frontend.journal_seq,
    );
    gauge(
        &mut registry,
        "safe_mode",
        "1 while nothing is cloned or dropped because backends have not reported",
        frontend.safe_mode.into(),
    );
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn cluster(registry: &mut Registry, view: &View) {
    let databases = view.catalog.databases.keys();
    let sum = databases.fold(Statistic::default(), |sum, id| sum + view.statistic(*id));
    gauge(
        registry,
        "databases",
        "Databases",
        view.catalog.databases.len() as u64,
    );
    gauge(registry, "tables", "Tables", sum.tables);
    gauge(registry, "partitions", "Partitions", sum.partitions);
    gauge(registry, "tablets", "Tablets", sum.tablets);
    gauge(registry, "replicas", "Replicas that exist", sum.replicas);
    gauge(
        registry,
        "unhealthy_tablets",
        "Tablets that are not healthy",
        sum.unhealthy,
    );
    gauge(
        registry,
        "inconsistent_tablets",
        "Tablets whose replicas differ in content",
        sum.inconsistent,
    );
    gauge(
        registry,
        "cloning_tablets",
        "Tablets being cloned",
        sum.cloning,
    );
}

fn content(registry: &mut Registry, view: &View) {
    gauge(
        registry,
        "content_checks_running",
        "Tablets whose replicas are being compared",
        view.healing.checking.len() as u64,
    );
    gauge(
        registry,
        "content_repairs_queued",
        "Tablets in the queue of content repairs",
        view.catalog.repairs.len() as u64,
    );
    gauge(
        registry,
        "content_repairs_running",
        "Tablets of that queue whose content is being repaired",
        view.healing.repairing.len() as u64,
    );
}

fn backends(registry: &mut Registry, view: &View) {
    let catalog = &view.catalog;
    let alive = catalog
        .backends
        .keys()
        .filter(|id| catalog.alive(**id))
        .count();
    gauge(
        registry,
        "backends",
        "Backends of the cluster",
        catalog.backends.len() as u64,
    );
    gauge(
        registry,
        "backends_alive",
        "Backends whose heartbeats arrive",
        alive as u64,
    );
    let up = family(
        registry,
        "backend_up",
        "1 while heartbeats of the backend arrive",
    );
    let used = family(
        registry,
        "backend_reported_used_bytes",
        "Bytes of tablets' files, as the backend last reported; those of its trash are not among them",
    );
    let available = family(
        registry,
        "backend_reported_available_bytes",
        "Bytes that may still be written, as the backend last reported",
    );
    let trash = family(
        registry,
        "backend_reported_trash_bytes",
        "Bytes of dropped replicas, as the backend last reported",
    );
    let full = family(
        registry,
        "backend_paths_in_trouble",
        "Storage paths that are full or do not work",
    );
    for backend in catalog.backends.values() {
        let set = |family: &Numbers, value| {
            let labels = vec![("backend", backend.address())];
            family.get_or_create(&labels).set(whole(value));
        };
        set(&up, catalog.alive(backend.id).into());
        // What is not known is left out: 0 bytes would look like a full disk.
        let state = catalog.backend_states.get(&backend.id);
        if let Some(state) = state.filter(|state| state.alive) {
            let sum =
                |of: fn(&PathState) -> u64| state.paths.iter().map(of).fold(0, u64::saturating_add);
            set(&used, sum(|path| path.data_used));
            set(&available, sum(|path| path.available));
            set(&trash, sum(|path| path.trash_used));
            let trouble = |path: &&PathState| !path.online || room::full(&view.config, path);
            set(&full, state.paths.iter().filter(trouble).count() as u64);
        }
    }
}

fn transactions(registry: &mut Registry, view: &View) {
    const STATES: [TxnState; 5] = [
        TxnState::Prepare,
        TxnState::Prepared,
        TxnState::Committed,
        TxnState::Visible,
        TxnState::Aborted,
    ];
    let labels = |state: TxnState| vec![("state", state.word().to_owned())];
    let counts = family(
        registry,
        "transactions",
        "Loads that run, and those that ended and are remembered",
    );
    for state in STATES {
        counts.get_or_create(&labels(state)).set(0);
    }
    for txn in view.catalog.txns.values() {
        counts.get_or_create(&labels(txn.state)).inc();
    }
}

type Numbers = Family<Vec<(&'static str, String)>, Gauge>;

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(whole(value));
    registry.register(name, help, gauge);
}

fn family(registry: &mut Registry, name: &str, help: &str) -> Numbers {
    let family = Numbers::default();
    registry.register(name, help, family.clone());
    family
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::sample;

    #[test]
    fn a_scrape_has_each_number_once() {
        let text = text(&sample::view(), 3).unwrap();
        for line in [
            "quorate_databases 2",
            "quorate_tables 1",
            "quorate_tablets 4",
            "quorate_replicas 12",
            "quorate_unhealthy_tablets 4",
            "quorate_content_repairs_queued 0",
            "quorate_backends 3",
            "quorate_backends_alive 2",
            "quorate_backend_up{backend=\"127.0.0.1:8040\"} 1",
            "quorate_backend_up{backend=\"127.0.0.1:8042\"} 0",
            "quorate_backend_reported_available_bytes{backend=\"127.0.0.1:8040\"} 6291456",
            "quorate_transactions{state=\"PREPARE\"} 1",
            "quorate_transactions{state=\"VISIBLE\"} 1",
            "quorate_connections 3",
            "# EOF",
        ] {
            assert_eq!(
                text.lines().filter(|l| *l == line).count(),
                1,
                "{line}\n{text}"
            );
        }
        // Nothing is said of the disks of a backend that does not answer.
        let silent = |line: &str| line.contains("_bytes{backend=\"127.0.0.1:8042\"}");
        assert!(!text.lines().any(silent), "{text}");
    }
}
