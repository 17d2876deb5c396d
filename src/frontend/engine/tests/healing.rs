//! Statements that wait for the cluster or ask several things of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::frontend::engine::testing::{ask, engine, engine_over, session, view};
use crate::frontend::service::Service;
use crate::view::FrontendInfo;

#[tokio::test]
async fn waiting_for_health_ends_at_once_where_all_is_well() {
    let answer = ask(
        &engine(),
        &mut session(),
        "ADMIN WAIT UNTIL HEALTHY FOR '0s'",
    )
    .await;
    assert_eq!(answer, "done 0");
    let table = "ADMIN WAIT UNTIL HEALTHY TABLE Orders FOR '1h'";
    assert_eq!(ask(&engine(), &mut session(), table).await, "done 0");
}

#[tokio::test]
async fn waiting_for_health_ends_at_its_time_limit_and_by_kill() {
    let mut view = view(Config::default());
    view.frontend = Arc::new(FrontendInfo {
        safe_mode: true,
        ..FrontendInfo::default()
    });
    let engine = engine_over(view);
    let began = Instant::now();
    let text = "ADMIN WAIT UNTIL HEALTHY FOR '1s'";
    assert_eq!(
        ask(&engine, &mut session(), text).await,
        "ERROR 5820: not healthy after 1 s: the frontend is in safe mode until the backends have reported. \
         Next: SHOW FRONTENDS"
    );
    assert!(began.elapsed() >= Duration::from_secs(1));

    let text = "ADMIN WAIT UNTIL HEALTHY TABLE Orders FOR '1h'".to_owned();
    let script = engine.split(text).await.unwrap();
    let cancel = CancellationToken::new();
    let killer = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        killer.cancel();
    });
    let answer = engine.run(&mut session(), &script[0], &[], cancel).await;
    assert_eq!(answer.err().unwrap().code.mysql, 1317);
}
