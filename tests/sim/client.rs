//! A model client and its coordinator: begins a load, has rows written on every replica, commits, and asks again with
//! the same label until it has a clear answer, or dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate::code::{Code, Failure};
use quorate::ids::{BackendId, TabletId, TxnId};
use quorate::leader::request::{BeginLoad, CommitLoad, Reply, Request, TabletWritten};
use quorate::load::plan::{LoadPlan, TabletPlan};

use crate::backend::LoadNo;
use crate::marks::Marks;

/// Times that a client begins with one label.
const BEGINS_MAX: u32 = 10;
/// Times that it asks for one commit.
const COMMITS_MAX: u32 = 3;

/// What a client knows of its load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Success, or the label was found visible.
    Acknowledged,
    /// It was told that it will be visible.
    Promised,
    /// Surely given up.
    Refused,
    /// It was prepared, and the frontend knows nothing of it any more.
    Forgotten,
    /// Nothing for sure: it died, lost patience, or its table was dropped.
    Unknown,
}

/// Where a load is.
#[derive(Debug, Clone)]
enum Stage {
    Begin,
    Write {
        plan: Arc<LoadPlan>,
        waiting: BTreeSet<BackendId>,
        failed: BTreeMap<BackendId, Vec<TabletId>>,
    },
    Commit {
        commit: CommitLoad,
        tries: u32,
    },
    /// Prepared, and to be committed or given up by a second call.
    Decide {
        txn: TxnId,
        commit: bool,
        sure: bool,
    },
    Done(Fate),
}

/// A load in progress.
#[derive(Debug, Clone)]
pub struct Load {
    /// Its number, which its rows carry.
    pub no: LoadNo,
    /// Table that it goes to.
    pub table: String,
    /// The token that its answer will carry; older ones are ignored.
    pub token: u64,
    /// Tablets that each of its transactions wrote to.
    pub attempts: BTreeMap<TxnId, Vec<TabletId>>,
    /// The transaction that its fate speaks of.
    pub txn: Option<TxnId>,
    /// How often it was told that too few replicas can be written, or were.
    pub short: u32,
    /// Its commit is a call of its own; `false` gives it up instead.
    pub second: Option<bool>,
    begins: u32,
    stage: Stage,
}

/// What a client sends.
#[derive(Debug, Clone)]
pub enum Sent {
    /// To the frontend.
    Request(Request),
    /// Rows to a backend.
    Write(BackendId, TxnId, Vec<TabletId>),
}

impl Load {
    /// A load that has not begun.
    pub fn new(no: LoadNo, table: String) -> Load {
        Load {
            no,
            table,
            token: 0,
            attempts: BTreeMap::new(),
            txn: None,
            short: 0,
            second: None,
            begins: 0,
            stage: Stage::Begin,
        }
    }

    /// What is known, once it is.
    pub fn fate(&self) -> Option<Fate> {
        match self.stage {
            Stage::Done(fate) => Some(fate),
            _ => None,
        }
    }

    /// Whether it has asked for its commit.
    pub fn commits(&self) -> bool {
        matches!(self.stage, Stage::Commit { .. })
    }

    /// Its tablets, once it is acknowledged or promised.
    pub fn tablets(&self) -> &[TabletId] {
        let of = self.txn.and_then(|txn| self.attempts.get(&txn));
        of.map_or(&[], Vec::as_slice)
    }

    /// The coordinator dies.
    pub fn die(&mut self) {
        self.stage = Stage::Done(Fate::Unknown);
    }

    /// Begins, or begins again with the same label.
    pub fn begin(&mut self) -> Vec<Sent> {
        self.begins += 1;
        if self.begins > BEGINS_MAX {
            self.die();
            return Vec::new();
        }
        self.stage = Stage::Begin;
        vec![Sent::Request(Request::BeginLoad(BeginLoad {
            db: "d".to_owned(),
            table: self.table.clone(),
            label: format!("load_{}", self.no),
            timeout_ms: 20_000,
            coordinator: "BE: model".to_owned(),
            process: None,
            source: "BACKEND_STREAMING",
            partitions: Vec::new(),
        }))]
    }

    /// The frontend answered.
    pub fn answered(&mut self, answer: Result<Reply, Failure>) -> Vec<Sent> {
        let few = |failure: &Failure| failure.code == Code::QUORUM;
        self.short += u32::from(answer.as_ref().is_err_and(few));
        match (&self.stage, answer) {
            (Stage::Begin, Ok(Reply::Begun(plan))) => self.write(plan),
            (Stage::Begin, Err(failure)) => self.not_begun(&failure),
            (Stage::Commit { commit, .. }, Ok(Reply::Prepared)) => {
                let (txn, commit) = (commit.txn, self.second == Some(true));
                self.stage = Stage::Decide {
                    txn,
                    commit,
                    sure: true,
                };
                Vec::new()
            }
            (Stage::Decide { txn, commit, sure }, answer) => {
                let (txn, commit, sure) = (*txn, *commit, *sure);
                self.decided(txn, commit, sure, answer)
            }
            (Stage::Commit { commit, .. }, Ok(Reply::Visible { .. })) => {
                self.end(Fate::Acknowledged, Some(commit.txn))
            }
            (Stage::Commit { commit, .. }, Ok(Reply::Committed)) => {
                self.end(Fate::Promised, Some(commit.txn))
            }
            (Stage::Commit { .. }, Err(failure)) => match failure.code {
                Code::QUORUM | Code::UNKNOWN_PARTITION => self.end(Fate::Refused, None),
                Code::NO_SUCH_TABLE => self.end(Fate::Unknown, None),
                // Forgotten by a restart, or past its time: with the same label again.
                Code::TXN => self.begin(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn not_begun(&mut self, failure: &Failure) -> Vec<Sent> {
        match failure.code {
            Code::LABEL_EXISTS if failure.message.contains("VISIBLE") => {
                self.end(Fate::Acknowledged, transaction_in(&failure.message))
            }
            // A load that it does not know to be prepared is given up, and another begun (Flink's way).
            Code::LABEL_EXISTS if failure.message.contains("PREPARED") => {
                if let Some(txn) = transaction_in(&failure.message) {
                    self.stage = Stage::Decide {
                        txn,
                        commit: false,
                        sure: false,
                    };
                }
                Vec::new()
            }
            // No transaction of this label lives, else the label would be refused.
            Code::QUORUM if self.begins > 2 => self.end(Fate::Refused, None),
            Code::NO_SUCH_TABLE => self.end(Fate::Unknown, None),
            _ => Vec::new(),
        }
    }

    /// The second call was answered.
    fn decided(
        &mut self,
        txn: TxnId,
        commit: bool,
        sure: bool,
        answer: Result<Reply, Failure>,
    ) -> Vec<Sent> {
        match answer {
            Ok(Reply::Visible { .. }) => self.end(Fate::Acknowledged, Some(txn)),
            Ok(Reply::Committed) => self.end(Fate::Promised, Some(txn)),
            Ok(Reply::Done) if !commit => self.end(Fate::Refused, None),
            Err(failure) => match failure.code {
                Code::UNKNOWN_PARTITION => self.end(Fate::Refused, None),
                Code::NO_SUCH_TABLE => self.end(Fate::Unknown, None),
                // Its time was over, or its table is gone.
                Code::TXN if failure.message.contains("ABORTED") => self.end(Fate::Refused, None),
                Code::TXN if sure => self.end(Fate::Forgotten, None),
                Code::TXN => self.end(Fate::Unknown, None),
                _ => Vec::new(),
            },
            Ok(_) => Vec::new(),
        }
    }

    fn end(&mut self, fate: Fate, txn: Option<TxnId>) -> Vec<Sent> {
        self.txn = txn;
        self.stage = Stage::Done(fate);
        Vec::new()
    }

    /// A backend has written, or not; `missed` are the tablets that it did not write.
    pub fn written(&mut self, from: BackendId, txn: TxnId, missed: Vec<TabletId>) -> Vec<Sent> {
        let Stage::Write {
            plan,
            waiting,
            failed,
        } = &mut self.stage
        else {
            return Vec::new();
        };
        if plan.txn != txn || !waiting.remove(&from) {
            return Vec::new();
        }
        failed.insert(from, missed);
        if waiting.is_empty() {
            self.commit()
        } else {
            Vec::new()
        }
    }

    /// It has waited long enough: commits with who has answered, or asks again.
    pub fn impatient(&mut self) -> Vec<Sent> {
        match &mut self.stage {
            Stage::Write { .. } => self.commit(),
            Stage::Commit { commit, tries } if *tries < COMMITS_MAX => {
                *tries += 1;
                vec![ending(commit, self.second)]
            }
            Stage::Decide { txn, commit, .. } => {
                vec![Sent::Request(match commit {
                    true => Request::CommitPrepared { txn: *txn },
                    false => Request::AbortLoad {
                        txn: *txn,
                        reason: "rolled back".to_owned(),
                    },
                })]
            }
            Stage::Begin | Stage::Commit { .. } => self.begin(),
            Stage::Done(_) => Vec::new(),
        }
    }

    fn write(&mut self, plan: Arc<LoadPlan>) -> Vec<Sent> {
        let mut by_backend: BTreeMap<BackendId, Vec<TabletId>> = BTreeMap::new();
        let mut tablets = Vec::new();
        for tablet in rows_go_to(&plan, self.no) {
            tablets.push(tablet.id);
            for backend in &tablet.backends {
                by_backend.entry(*backend).or_default().push(tablet.id);
            }
        }
        let txn = plan.txn;
        self.attempts.insert(txn, tablets);
        let waiting = by_backend.keys().copied().collect();
        let failed = BTreeMap::new();
        self.stage = Stage::Write {
            plan,
            waiting,
            failed,
        };
        let write = |(backend, tablets)| Sent::Write(backend, txn, tablets);
        by_backend.into_iter().map(write).collect()
    }

    fn commit(&mut self) -> Vec<Sent> {
        let Stage::Write {
            plan,
            waiting,
            failed,
        } = &self.stage
        else {
            return Vec::new();
        };
        let written = rows_go_to(plan, self.no).map(|tablet| {
            let wrote = |backend: &BackendId| {
                let missed = failed.get(backend).filter(|_| !waiting.contains(backend));
                missed.is_some_and(|missed| !missed.contains(&tablet.id))
            };
            let (backends, missed): (Vec<BackendId>, Vec<BackendId>) =
                tablet.backends.iter().partition(|backend| wrote(backend));
            let failed = missed
                .into_iter()
                .map(|backend| (backend, "model".to_owned()));
            TabletWritten {
                tablet: tablet.id,
                backends,
                failed: failed.collect(),
                rows: 1,
            }
        });
        let commit = CommitLoad {
            txn: plan.txn,
            written: written.collect(),
            rows: 1,
            bytes: 1,
        };
        let sent = ending(&commit, self.second);
        self.stage = Stage::Commit { commit, tries: 1 };
        vec![sent]
    }

    /// What the load has come across.
    pub fn marks(&self, marks: &mut Marks) {
        match (self.second, &self.stage) {
            (Some(true), Stage::Done(Fate::Acknowledged)) => marks.hit("prepared load committed"),
            (Some(false), Stage::Done(Fate::Refused)) => marks.hit("prepared load given up"),
            _ => {}
        }
        let begun_again = self.begins > 1 && matches!(self.stage, Stage::Done(Fate::Acknowledged));
        if begun_again && self.attempts.len() < self.begins as usize {
            marks.hit("label found visible");
        }
        if matches!(&self.stage, Stage::Commit { tries, .. } if *tries > 1) {
            marks.hit("commit asked for again");
        }
    }
}

/// The call that ends the writing.
fn ending(commit: &CommitLoad, second: Option<bool>) -> Sent {
    let commit = commit.clone();
    Sent::Request(match second {
        None => Request::CommitLoad(commit),
        Some(_) => Request::PrepareLoad {
            commit,
            timeout_ms: 0,
        },
    })
}

/// The tablets that get rows: the first of each partition always, the others by the load's number.
fn rows_go_to(plan: &LoadPlan, no: LoadNo) -> impl Iterator<Item = &TabletPlan> {
    let partitions = plan.partitions.iter();
    partitions.flat_map(move |partition| {
        let tablets = partition.tablets.iter().enumerate();
        tablets
            .filter(move |(at, _)| *at == 0 || (no >> at) & 1 == 1)
            .map(|(_, tablet)| tablet)
    })
}

/// The transaction that an error text names.
pub fn transaction_in(text: &str) -> Option<TxnId> {
    let (_, rest) = text.split_once("transaction ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
