//! One core at work: the loop that feeds it, from its recovery until the process stops or the journal fails.

use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backend::api::Leadership;
use crate::clock;
use crate::code::Failure;
use crate::fault;
use crate::ids::BackendId;
use crate::leader::action::{Action, Token};
use crate::leader::core::Core;
use crate::leader::event::Event;
use crate::leader::handle::{Asked, stopping};
use crate::leader::heartbeat::Watch;
use crate::leader::notice::{Notice, Weight};
use crate::leader::request::Reply;
use crate::leader::run::calls::{Calls, Wanted};
use crate::leader::run::checkpoint::Checkpointer;
use crate::leader::run::trouble::Trouble;
use crate::leader::run::{Shell, recover};
use crate::store::error::Error;
use crate::store::journal::Journal;

/// Between two ticks.
const TICK: Duration = Duration::from_millis(100);
/// How long requests wait at most until each backend has said whether it obeys this frontend.
const GREETING_WAIT: Duration = Duration::from_secs(1);
/// Answers of backends that wait for the leader's task; more wait with their senders.
const EVENTS_MAX: usize = 4096;
/// Events of each kind between two snapshots.
const BATCH: usize = 256;
/// Requests that wait for their answer at once; more are not taken.
const WAITING_MAX: usize = 20_000;
/// Records and bytes that wait for the journal at once; with more, requests are not taken.
const BACKLOG_MAX: (usize, usize) = (10_000, 64 << 20);

type Answer = Result<Reply, Failure>;

/// Why a core's work ended.
pub(super) enum End {
    /// The process stops.
    Stopped,
    /// The journal failed, or the core; what the core has decided since is void.
    Troubled(Trouble),
}

/// A core and all that works for it.
pub(super) struct Term<'s, J: Journal> {
    shell: &'s mut Shell<J>,
    core: Core,
    events: mpsc::Receiver<Event>,
    calls: Calls,
    checkpoints: Checkpointer,
    waiting: HashMap<Token, oneshot::Sender<Answer>>,
    /// Answers that go out once the snapshot shows what they speak of.
    ready: Vec<(Token, Answer)>,
    /// Nodes that the core was told to be in doubt.
    doubted: Option<BTreeSet<String>>,
    /// This frontend at work, as backends are told with each call.
    leadership: Leadership,
    /// Why backends do not obey it any more.
    refused: watch::Receiver<Option<Arc<str>>>,
    /// Backends that have not said yet whether they obey it, and how long requests wait for them.
    unheard: BTreeSet<BackendId>,
    greeted: Instant,
    /// Ends what works for this core.
    ends: CancellationToken,
    tasks: TaskTracker,
}

impl<'s, J: Journal> Term<'s, J> {
    /// Starts the heartbeats; `covered` is the last record that the journal's checkpoint covers.
    pub(super) fn new(
        shell: &'s mut Shell<J>,
        core: Core,
        epoch: u64,
        covered: u64,
    ) -> Term<'s, J> {
        let (happened, events) = mpsc::channel(EVENTS_MAX);
        let (ends, tasks) = (CancellationToken::new(), TaskTracker::new());
        shell.publisher.publish(&core, shell.clock.now());
        let frontend = shell.publisher.frontend();
        let leadership = Leadership {
            cluster: frontend.cluster_id,
            takeovers: frontend.takeovers,
            journal: core.durable(),
            epoch,
            start: frontend.start,
            name: frontend.name.clone(),
            address: address(&frontend.host, frontend.http_port),
        };
        shell.client.speak(&leadership);
        let watch = Watch {
            client: shell.client.clone(),
            wanted: shell.publisher.wanted(),
            events: happened.clone(),
            cluster_id: frontend.cluster_id,
            epoch,
            frontend: leadership.address.clone(),
            clock: shell.clock.clone(),
        };
        tasks.spawn(watch.run(ends.clone(), tasks.clone()));
        let client = shell.client.clone();
        Term {
            leadership,
            refused: shell.client.refused(),
            unheard: core.snapshot().0.backends.keys().copied().collect(),
            greeted: Instant::now() + GREETING_WAIT,
            core,
            events,
            calls: Calls::new(client, happened, ends.clone(), tasks.clone()),
            checkpoints: Checkpointer::new(covered),
            waiting: HashMap::new(),
            ready: Vec::new(),
            doubted: None,
            ends,
            tasks,
            shell,
        }
    }

    /// Works until there is a reason to end.
    pub(super) async fn run(mut self) -> (Core, End) {
        let end = match self.work().await {
            Ok(()) => End::Stopped,
            Err(trouble) => End::Troubled(trouble),
        };
        // Nothing is acknowledged any more once backends obey another frontend.
        if !matches!(end, End::Troubled(Trouble::Refused(_))) {
            self.answer();
        }
        for (_, reply) in self.waiting.drain() {
            let told = match &end {
                End::Stopped => stopping(),
                End::Troubled(trouble) => trouble.in_doubt(),
            };
            let _ = reply.send(Err(told));
        }
        self.checkpoints.abandon();
        self.ends.cancel();
        // Nobody reads the events any more: tasks that wait to send one end by the token.
        self.tasks.close();
        self.tasks.wait().await;
        (self.core, end)
    }

    /// Again and again: waits for something to happen, takes in what else has happened by then, publishes, answers.
    async fn work(&mut self) -> Result<(), Trouble> {
        let mut status = self.shell.writer.status();
        let mut wall = clock::Watch::new(self.shell.clock.now());
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut refused = self.refused.clone();
        loop {
            self.obeyed()?;
            let takes = self.takes_requests();
            tokio::select! {
                () = self.shell.stop.cancelled() => return Ok(()),
                Ok(_) = refused.wait_for(Option::is_some) => {}
                changed = status.changed() => {
                    let now = status.borrow_and_update().clone();
                    if changed.is_err() {
                        return Err(ended());
                    }
                    // First what did become durable.
                    self.step(Event::Appended { seq: now.durable })?;
                    if let Some(error) = now.failed {
                        self.settle();
                        return Err(error.into());
                    }
                }
                Some(event) = self.events.recv() => self.step(event)?,
                Some(asked) = self.shell.requests.recv(), if takes => self.ask(asked)?,
                () = self.checkpoints.finished() => {}
                _ = ticks.tick() => {
                    self.tell_doubts()?;
                    if let Some(jump) = wall.look(self.shell.clock.now()) {
                        tracing::warn!("{jump}");
                        self.shell.publisher.jumped(jump);
                    }
                    self.step(Event::Tick)?;
                    self.checkpoint_if_due();
                }
            }
            self.take_more()?;
            self.obeyed()?;
            self.settle();
        }
    }

    /// Tells the core who is in doubt, where that has changed.
    fn tell_doubts(&mut self) -> Result<(), Trouble> {
        let doubted = self.shell.client.doubted();
        if self.doubted.as_ref() != Some(&doubted) {
            let wanted = self.shell.publisher.wanted();
            let backends = wanted.borrow().backends.clone();
            let known = backends
                .values()
                .filter(|of| doubted.contains(&of.address()));
            self.step(Event::Doubts(known.map(|of| of.id).collect()))?;
            self.doubted = Some(doubted);
        }
        Ok(())
    }

    /// Fails once a backend obeys another frontend.
    fn obeyed(&self) -> Result<(), Trouble> {
        match &*self.refused.borrow() {
            Some(why) => Err(Trouble::Refused(why.clone())),
            None => Ok(()),
        }
    }

    fn takes_requests(&self) -> bool {
        // An old copy is refused before it has acknowledged anything.
        if !self.unheard.is_empty() && Instant::now() < self.greeted {
            return false;
        }
        let (records, bytes) = self.shell.writer.backlog();
        self.waiting.len() < WAITING_MAX && records < BACKLOG_MAX.0 && bytes < BACKLOG_MAX.1
    }

    fn take_more(&mut self) -> Result<(), Trouble> {
        for _ in 0..BATCH {
            let Ok(event) = self.events.try_recv() else {
                break;
            };
            self.step(event)?;
        }
        for _ in 0..BATCH {
            if !self.takes_requests() {
                break;
            }
            let Ok(asked) = self.shell.requests.try_recv() else {
                break;
            };
            self.ask(asked)?;
        }
        Ok(())
    }

    fn ask(&mut self, asked: Asked) -> Result<(), Trouble> {
        self.shell.tokens += 1;
        let token = Token(self.shell.tokens);
        self.waiting.insert(token, asked.reply);
        let request = asked.request;
        self.step(Event::Request { token, request })
    }

    fn step(&mut self, event: Event) -> Result<(), Trouble> {
        if let Event::Heartbeat { backend, .. } = &event {
            self.unheard.remove(backend);
        }
        let now = self.shell.clock.now();
        // A core that has panicked is not asked again.
        let actions = catch_unwind(AssertUnwindSafe(|| {
            fault::hit("leader::before_step").map(|()| self.core.step(now, event))
        }))
        .map_err(|panic| Trouble::of_panic(panic.as_ref()))?
        .map_err(|fault| Trouble::Defect(fault.to_string()))?;
        for action in actions {
            match action {
                Action::Append { seq, changes } => {
                    let record = recover::record(seq, &changes).map_err(|cause| Error::Io {
                        doing: "encoding a record for",
                        path: "journal".into(),
                        cause,
                    })?;
                    self.shell.writer.append(record);
                }
                Action::Reply { token, result } => self.ready.push((token, result)),
                Action::Call {
                    call,
                    backend,
                    address,
                    timeout_ms,
                    request,
                } => self.calls.start(Wanted {
                    call,
                    backend,
                    address,
                    timeout: Duration::from_millis(timeout_ms),
                    silent_wait: Duration::from_millis(self.core.config().silent_backend_wait_ms),
                    request,
                }),
                Action::Say(notice) => say(&notice),
            }
        }
        Ok(())
    }

    /// Publishes, then answers: who has an answer finds its effect in the next snapshot that he takes.
    fn settle(&mut self) {
        let durable = self.core.durable();
        if self.leadership.journal != durable {
            self.leadership.journal = durable;
            self.shell.client.speak(&self.leadership);
        }
        self.shell
            .publisher
            .publish(&self.core, self.shell.clock.now());
        self.answer();
    }

    fn answer(&mut self) {
        for (token, result) in self.ready.drain(..) {
            let Some(reply) = self.waiting.remove(&token) else {
                tracing::error!(?token, "an answer to nobody");
                continue;
            };
            if fault::hit("leader::before_reply").is_ok() {
                // Who asked may have gone away.
                let _ = reply.send(result);
            }
        }
    }

    fn checkpoint_if_due(&mut self) {
        let seq = self.core.durable();
        if self.checkpoints.due(seq, &self.core.config()) {
            let (catalog, _) = self.core.snapshot();
            self.checkpoints
                .start(seq, catalog, self.shell.writer.checkpoints());
        }
    }
}

fn say(notice: &Notice) {
    match notice.weight() {
        Weight::Warning => tracing::warn!("{notice}"),
        Weight::News => tracing::info!("{notice}"),
        Weight::Detail => tracing::debug!("{notice}"),
    }
}

fn ended() -> Trouble {
    Trouble::Journal(Error::Poisoned {
        path: "journal".into(),
        cause: "its thread has ended".to_owned(),
    })
}

fn address(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}
