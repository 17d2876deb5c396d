//! The thread that writes the journal. Everything queued while one write is in progress goes into the next one.
//!
//! After a failed write it drops what is queued and takes nothing until [`Writer::reopen`] succeeds: a record is either
//! durable at its place or refused, never written later than those who wait for it were told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{oneshot, watch};

use crate::store::error::Error;
use crate::store::journal::{Journal, Record};

/// Bytes of records that one write takes at most.
const BATCH_BYTES: usize = 8 << 20;
/// Records that one write removes after a checkpoint.
const TRIM_LIMIT: usize = 1000;

/// How far the journal is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The last record that is durable.
    pub durable: u64,
    /// Why nothing is written any more.
    pub failed: Option<Error>,
}

type Call<J> = Box<dyn FnOnce(&mut J) -> Result<(), Error> + Send>;

/// Something other than records that the thread does for somebody who waits.
struct Task<J> {
    call: Call<J>,
    /// Whether it may run after a failure, and ends it by succeeding.
    mends: bool,
    tell: oneshot::Sender<Result<(), Error>>,
}

/// A handle to the thread. Dropping it lets the thread write what is queued and end.
pub struct Writer<J: Journal> {
    shared: Arc<Shared<J>>,
    status: watch::Receiver<Status>,
    thread: Option<JoinHandle<()>>,
}

struct Shared<J> {
    queue: Mutex<Queue<J>>,
    wake: Condvar,
}

struct Queue<J> {
    records: VecDeque<Record>,
    bytes: usize,
    /// Done between writes, one at a time.
    tasks: VecDeque<Task<J>>,
    stop: bool,
}

impl<J: Journal> Writer<J> {
    /// Starts the thread.
    pub fn start(journal: J) -> std::io::Result<Writer<J>> {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                records: VecDeque::new(),
                bytes: 0,
                tasks: VecDeque::new(),
                stop: false,
            }),
            wake: Condvar::new(),
        });
        let (told, status) = watch::channel(Status {
            durable: journal.extent().last,
            failed: None,
        });
        let mine = shared.clone();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_until_stopped(journal, &mine, &told))?;
        Ok(Writer {
            shared,
            status,
            thread: Some(thread),
        })
    }

    /// Queues a record. The caller bounds what is queued, by [`Writer::backlog`].
    pub fn append(&self, record: Record) {
        let mut queue = self.shared.queue.lock();
        queue.bytes += record.bytes.len();
        queue.records.push_back(record);
        drop(queue);
        self.shared.wake.notify_one();
    }

    /// Records and bytes that wait for the write in progress.
    pub fn backlog(&self) -> (usize, usize) {
        let queue = self.shared.queue.lock();
        (queue.records.len(), queue.bytes)
    }

    /// Watches how far the journal is.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// A way to write checkpoints that does not hold up appends for long.
    pub fn checkpoints(&self) -> Checkpoints<J> {
        Checkpoints(self.shared.clone())
    }

    /// Opens the journal again after a failure and hands it to `load`. When both succeed, records are taken again.
    pub async fn reopen(
        &self,
        load: impl FnOnce(&J) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let call: Call<J> = Box::new(|journal| {
            journal.reopen()?;
            load(journal)
        });
        self.shared.run(call, true).await
    }

    /// Writes what is queued, closes the journal and ends the thread; says how far it got. Blocks.
    pub fn stop(mut self) -> Status {
        self.end();
        self.status.borrow().clone()
    }

    fn end(&mut self) {
        self.shared.queue.lock().stop = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread ended by a panic");
        }
    }
}

impl<J: Journal> Drop for Writer<J> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<J: Journal> Shared<J> {
    /// Runs `call` on the thread between two writes and waits for it.
    async fn run(&self, call: Call<J>, mends: bool) -> Result<(), Error> {
        let (tell, answer) = oneshot::channel();
        let task = Task { call, mends, tell };
        self.queue.lock().tasks.push_back(task);
        self.wake.notify_one();
        answer.await.unwrap_or_else(|_| {
            Err(Error::Poisoned {
                path: "journal".into(),
                cause: "its thread has ended".to_owned(),
            })
        })
    }
}

/// Writes checkpoints piece by piece, each between two writes of records.
pub struct Checkpoints<J>(Arc<Shared<J>>);

impl<J: Journal> Checkpoints<J> {
    /// Adds a chunk of the checkpoint that covers records up to `seq`; durable when it returns.
    pub async fn chunk(&self, seq: u64, index: u32, bytes: Vec<u8>) -> Result<(), Error> {
        let call = Box::new(move |journal: &mut J| journal.write_chunk(seq, index, &bytes));
        self.0.run(call, false).await
    }

    /// Puts the checkpoint in force and removes, bit by bit, what it replaces.
    pub async fn finish(&self, seq: u64, chunks: u32) -> Result<(), Error> {
        let call = Box::new(move |journal: &mut J| journal.finish_checkpoint(seq, chunks));
        self.0.run(call, false).await?;
        loop {
            let (tell, more) = oneshot::channel();
            let call = Box::new(move |journal: &mut J| {
                let _ = tell.send(journal.trim(TRIM_LIMIT)?);
                Ok(())
            });
            self.0.run(call, false).await?;
            if !more.await.unwrap_or(false) {
                return Ok(());
            }
        }
    }
}

enum Work<J> {
    Records(Vec<Record>),
    Task(Task<J>),
    Stop,
}

fn write_until_stopped<J: Journal>(
    mut journal: J,
    shared: &Shared<J>,
    told: &watch::Sender<Status>,
) {
    loop {
        let failed = told.borrow().failed.clone();
        let mut tell = None;
        let done = match (shared.next(), failed) {
            (Work::Stop, _) => return,
            // What was queued before a failure was noticed must not be written after it is mended.
            (Work::Records(_), Some(_)) => continue,
            (Work::Records(records), None) => journal.append(&records),
            (Work::Task(task), Some(failed)) if !task.mends => {
                let _ = task.tell.send(Err(failed));
                continue;
            }
            (Work::Task(task), _) => {
                tell = Some(task.tell);
                (task.call)(&mut journal)
            }
        };
        let now = Status {
            durable: journal.extent().last,
            failed: done.clone().err(),
        };
        told.send_if_modified(|status| {
            let changed = *status != now;
            *status = now;
            changed
        });
        // Only now, so that who hears of it finds the status changed. Nobody waiting any more is no failure.
        let _ = tell.map(|tell| tell.send(done));
    }
}

impl<J> Shared<J> {
    fn next(&self) -> Work<J> {
        let mut queue = self.queue.lock();
        loop {
            if !queue.records.is_empty() {
                return Work::Records(queue.take_batch());
            }
            if let Some(task) = queue.tasks.pop_front() {
                return Work::Task(task);
            }
            if queue.stop {
                return Work::Stop;
            }
            self.wake.wait(&mut queue);
        }
    }
}

impl<J> Queue<J> {
    fn take_batch(&mut self) -> Vec<Record> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(record) = self.records.front() {
            if bytes > 0 && bytes + record.bytes.len() > BATCH_BYTES {
                break;
            }
            bytes += record.bytes.len();
            batch.extend(self.records.pop_front());
        }
        self.bytes = self.bytes.saturating_sub(bytes);
        batch
    }
}

#[cfg(test)]
mod tests;
