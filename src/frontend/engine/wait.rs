//! ADMIN WAIT UNTIL HEALTHY: looks again and again, and holds nothing meanwhile.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::code::{Code, Failure};
use crate::frontend::engine::Engine;
use crate::sql::outcome::Wait;
use crate::tablet::unsettled::{Scope, Unsettled};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    /// Answers when nothing is left to be done; KILL ends it by dropping the future.
    ///
    /// # Errors
    /// The time limit, with what is left; the table is gone.
    pub(super) async fn wait(&self, wait: Wait) -> Result<(), Failure> {
        let began = Instant::now();
        let limit = Duration::from_millis(wait.limit_ms);
        let since = self.leader.view().now;
        loop {
            let view = self.leader.view();
            if let Scope::Table(_, table) = wait.scope
                && !view.catalog.tables.contains_key(&table)
            {
                let message = "the table was dropped while it was waited for".to_owned();
                return Err(Failure::new(Code::NO_SUCH_TABLE, message));
            }
            // A large cluster takes some milliseconds to look through, which connections must not wait for.
            let look = move || Unsettled::of(&view, wait.scope, since);
            let left = self.threads.run(self.queries.lanes(), look).await?;
            if left.is_nothing() {
                return Ok(());
            }
            let over = limit.saturating_sub(began.elapsed());
            if over.is_zero() {
                return Err(too_late(wait.limit_ms, &left));
            }
            sleep(LOOK_EVERY.min(over)).await;
        }
    }
}

fn too_late(limit_ms: u64, left: &Unsettled) -> Failure {
    let seconds = limit_ms / 1000;
    let next = left.next_command();
    let message = format!("not healthy after {seconds} s: {left}. Next: {next}");
    Failure::new(Code::NOT_HEALTHY, message)
}
