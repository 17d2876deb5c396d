//! What gate and shim tell each other, because the crate between them has no room for it: on the way in the work
//! itself, on the way out everything that its packets leave out.

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::code::Failure;
use crate::frontend::answer::ResultColumn;
use crate::mysql::auth::Plugin;
use crate::sql::script::{Param, Script};
use crate::sql::session::{Session, Warning};

/// Shared by the gate and the shim of one connection. They take turns; the lock is never waited for.
#[derive(Default)]
pub struct Slate(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    plugin: Option<Plugin>,
    job: Option<Job>,
    report: Option<Report>,
    failure: Option<Failure>,
    large: Option<usize>,
    late: Vec<Warning>,
}

/// What the shim is to do at the crate's next call.
pub struct Job {
    /// The connection's session; it comes back in the [`Report`].
    pub session: Session,
    /// The work.
    pub work: Work,
}

/// The kinds of work that pass through the crate.
pub enum Work {
    /// COM_QUERY and COM_STMT_EXECUTE: run a statement.
    Run {
        /// The statement.
        script: Script,
        /// Values of its placeholders.
        params: Vec<Param>,
        /// Ends it.
        cancel: CancellationToken,
    },
    /// COM_STMT_PREPARE: say what its result looks like.
    Describe {
        /// Identity of the prepared statement.
        id: u32,
        /// The statement.
        script: Script,
    },
    /// COM_INIT_DB, and the log-in with a database; the name passes through the crate.
    UseDatabase,
}

/// What the shim did, known before the first packet of the answer.
#[derive(Default)]
pub struct Report {
    /// The session, as the work left it.
    pub session: Session,
    /// The header of the result.
    pub columns: Vec<ResultColumn>,
    /// Parameters of a prepared statement.
    pub params: u16,
    /// Lines that SHOW WARNINGS has.
    pub warnings: u16,
}

impl Slate {
    /// Gate: the plugin that the client's proof is for.
    pub fn choose_plugin(&self, plugin: Plugin) {
        self.0.lock().plugin = Some(plugin);
    }

    /// Shim: the same.
    pub fn plugin(&self) -> Plugin {
        self.0.lock().plugin.unwrap_or(Plugin::CachingSha2)
    }

    /// Gate: what is to be done next.
    pub fn hand(&self, job: Job) {
        let mut notes = self.0.lock();
        notes.failure = None;
        notes.report = None;
        notes.job = Some(job);
    }

    /// Shim: takes the work.
    pub fn take_job(&self) -> Option<Job> {
        self.0.lock().job.take()
    }

    /// Shim: the work is done, or has got as far as its header.
    pub fn report(&self, report: Report) {
        self.0.lock().report = Some(report);
    }

    /// Gate: takes the report.
    pub fn take_report(&self) -> Option<Report> {
        self.0.lock().report.take()
    }

    /// Shim: the error behind the ERR packet that comes next.
    pub fn fail(&self, failure: Failure) {
        self.0.lock().failure = Some(failure);
    }

    /// Shim: the work failed before it had an answer.
    pub fn give_up(&self, session: Session, failure: Failure) {
        self.fail(failure);
        self.report(Report {
            session,
            ..Report::default()
        });
    }

    /// Shim: warnings that came with the rows.
    pub fn warn(&self, warnings: Vec<Warning>) {
        self.0.lock().late = warnings;
    }

    /// Gate: takes them.
    pub fn take_warnings(&self) -> Vec<Warning> {
        std::mem::take(&mut self.0.lock().late)
    }

    /// Gate: takes the error.
    pub fn take_failure(&self) -> Option<Failure> {
        self.0.lock().failure.take()
    }

    /// Shim: the row that comes next has so many bytes, and fills at least one packet. The crate leaves out the
    /// empty packet that ends a row of exactly 16 MiB - 1 bytes, so that its packets don't tell where such a row ends.
    pub fn announce_large(&self, bytes: usize) {
        self.0.lock().large = Some(bytes);
    }

    /// Gate: the size of a large row.
    pub fn large(&self) -> Option<usize> {
        self.0.lock().large
    }

    /// Gate: takes it.
    pub fn take_large(&self) -> Option<usize> {
        self.0.lock().large.take()
    }
}
