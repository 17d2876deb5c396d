//! The one thread that changes a storage path: jobs that wait together share one commit.
//!
//! Owns the order of things: files are kept before metadata names them, readers see a change after it is durable, and
//! the last holder of a file deletes it after no metadata names it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::backend::contents::{Contents, Draft};
use crate::backend::error::Error;
use crate::backend::meta::{self, Failed, Meta, Op};
use crate::backend::open;
use crate::backend::path::Shared;

/// Most jobs of one commit.
const GROUP_MAX: usize = 512;

/// Changes a draft, or learns why there is none. Answers nothing when its caller has been refused already.
pub type Job = Box<dyn FnOnce(Result<&mut Draft, Error>) -> Option<Answer> + Send>;

/// Tells the caller of a job how its commit went.
pub type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What the thread is asked for.
pub enum Command {
    /// A change.
    Job(Job),
    /// Reads the path again after a failure. The records are those of a new store, if there is none any more.
    Recover(Vec<Op>, oneshot::Sender<Result<(), Error>>),
}

/// The thread's own things.
pub struct Writer {
    meta: Option<Meta>,
    shared: Arc<Shared>,
}

impl Writer {
    /// Starts the thread; it ends, and closes the store, when the last sender of `commands` is gone.
    pub fn start(
        meta: Meta,
        shared: Arc<Shared>,
        commands: mpsc::Receiver<Command>,
    ) -> std::io::Result<std::thread::JoinHandle<()>> {
        let writer = Writer {
            meta: Some(meta),
            shared,
        };
        std::thread::Builder::new()
            .name("storage-path".to_owned())
            .spawn(move || writer.run(commands))
    }

    fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut jobs = Vec::new();
            let mut next = Some(first);
            while let Some(command) = next.take() {
                match command {
                    Command::Job(job) => jobs.push(job),
                    Command::Recover(first, done) => {
                        self.commit(std::mem::take(&mut jobs));
                        // A caller that went away does not need the answer.
                        let _ = done.send(self.recover(&first));
                    }
                }
                if jobs.len() < GROUP_MAX {
                    next = commands.try_recv().ok();
                }
            }
            self.commit(jobs);
        }
        if let Some(meta) = &mut self.meta
            && self.shared.online().is_ok()
            && let Err(error) = meta.settle()
        {
            // Nothing is lost: who opens the path next reads the log.
            tracing::warn!(dir = %self.shared.dir.display(), %error, "metadata was left in its log");
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        if let Err(error) = self.shared.online() {
            for job in jobs {
                job(Err(error.clone()));
            }
            return;
        }
        let before = self.shared.contents();
        let mut group = Draft::of((*before).clone());
        let mut answers = Vec::new();
        for job in jobs {
            let mut draft = Draft::of(group.contents.clone());
            match (job(Ok(&mut draft)), draft.failed.take()) {
                (Some(answer), None) => {
                    group.absorb(draft);
                    answers.push(answer);
                }
                (Some(answer), Some(failed)) => answer(Err(failed)),
                (None, _) => {}
            }
        }
        let result = self.make_durable(group);
        // Files that only the old contents held are deleted here, so that who is told of an abort finds none.
        drop(before);
        for answer in answers {
            answer(result.clone());
        }
    }

    fn make_durable(&mut self, group: Draft) -> Result<(), Error> {
        if group.ops.is_empty() {
            return Ok(());
        }
        let Some(meta) = &mut self.meta else {
            return Err(Error::Stopping);
        };
        let kept: Vec<bool> = group.fresh.iter().map(|s| s.set_keep(true)).collect();
        match meta.commit(&group.ops) {
            Ok(()) => {
                for segment in &group.gone {
                    segment.set_keep(false);
                }
                self.shared.publish(group.contents, &group.touched);
                Ok(())
            }
            Err(Failed::Undone(error)) => {
                for (segment, kept) in group.fresh.iter().zip(kept) {
                    segment.set_keep(kept);
                }
                Err(error)
            }
            Err(Failed::Unknown(error)) => {
                // What metadata names is not known: no file is deleted until it has been read again.
                self.shared.go_offline(&error);
                Err(error)
            }
        }
    }

    fn recover(&mut self, first: &[Op]) -> Result<(), Error> {
        let Err(_) = self.shared.online() else {
            return Ok(());
        };
        drop(self.meta.take());
        if first.is_empty() && !self.shared.dir.join(meta::FILE).exists() {
            return Err(Error::Damaged {
                dir: self.shared.dir.clone(),
                what: format!("its metadata ({}) is gone", meta::FILE),
            });
        }
        let meta = Meta::open(&self.shared.dir, first)?;
        let contents: Contents = open::load(&meta, &self.shared.shelf)?;
        // Those that are gone as well: the frontend hears that they are.
        let before = self.shared.contents();
        let both = [&before.tablets, &contents.tablets];
        let touched = both.into_iter().flat_map(|t| t.keys().copied()).collect();
        self.meta = Some(meta);
        self.shared.publish(contents, &touched);
        self.shared.go_online();
        Ok(())
    }
}
