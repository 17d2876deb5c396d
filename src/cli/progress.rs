//! What a person, or the log of a runbook, sees while a statement runs: that it does, and for ADMIN WAIT what is left.
//!
//! Goes to standard error, so that standard output holds results only.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Row};
use tokio::sync::watch;

/// How long a statement runs before the client says that it is still running.
const SAYS_AFTER: Duration = Duration::from_secs(2);
/// Between two changes of the line that a person sees.
const REDRAW_EVERY: Duration = Duration::from_millis(500);
/// Between two looks at what is left.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Waits for `running`, which began at `started`. With `look_with`, a second connection asks what the cluster has left
/// to do meanwhile: a person sees it in the line, anybody else gets a line whenever it changes.
pub async fn watched<T>(
    running: impl Future<Output = T>,
    started: Instant,
    look_with: Option<&Opts>,
) -> T {
    let mut running = std::pin::pin!(running);
    let mut tick = tokio::time::interval_at((started + SAYS_AFTER).into(), REDRAW_EVERY);
    let person = std::io::stderr().is_terminal();
    let (said, mut left) = watch::channel(String::new());
    let mut looking = std::pin::pin!(async {
        match look_with {
            Some(opts) => look(opts.clone(), said, started + SAYS_AFTER).await,
            None => std::future::pending().await,
        }
    });
    let mut looks = true;
    let mut shown = false;
    loop {
        tokio::select! {
            done = &mut running => {
                if shown {
                    eprint!("\r\x1b[K");
                }
                return done;
            }
            () = &mut looking, if looks => looks = false,
            _ = tick.tick(), if person => {
                let (seconds, left) = (started.elapsed().as_secs(), left.borrow().clone());
                eprint!("\rrunning for {seconds} s{left}\x1b[K");
                shown = true;
            }
            Ok(()) = left.changed(), if !person => {
                eprintln!("running for {} s{}", started.elapsed().as_secs(), *left.borrow());
            }
        }
    }
}

/// Asks again and again, and says what has changed; ends when the frontend can't be asked.
async fn look(opts: Opts, said: watch::Sender<String>, from: Instant) {
    tokio::time::sleep_until(from.into()).await;
    let Ok(mut conn) = Conn::new(opts).await else {
        return;
    };
    while let Some(text) = left(&mut conn).await {
        said.send_if_modified(|old| {
            let new = *old != text;
            *old = text;
            new
        });
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What the cluster has left to do.
async fn left(conn: &mut Conn) -> Option<String> {
    let databases: Vec<Row> = conn.query("SHOW PROC '/statistic'").await.ok()?;
    let total = databases.last();
    let unhealthy: Option<String> = total.and_then(|row| row.get("UnhealthyTabletNum"));
    let items: Vec<(String, u64)> = conn.query("SHOW PROC '/cluster_balance'").await.ok()?;
    let number = |name: &str| {
        let item = items.iter().find(|(item, _)| item == name);
        item.map_or(0, |(_, number)| *number)
    };
    Some(format!(
        ": {} unhealthy tablets in the cluster, {} tasks pending, {} running",
        unhealthy.as_deref().unwrap_or("0"),
        number("pending_tablets"),
        number("running_tablets"),
    ))
}
