//! Whole loads, from the bytes of a CSV file to the replicas of a few tablets.

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use async_trait::async_trait;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use tokio::time::Instant;

use crate::clock::SystemClock;
use crate::code::{Code, Failure};
use crate::ids::TabletId;
use crate::load::block::Assembler;
use crate::load::body::{Body, Compression};
use crate::load::columns::Mapping;
use crate::load::hash;
use crate::load::source::csv::{self, Format};
use crate::load::testing::{Held, Manner, backend, plan};
use crate::load::zone::Zone;

/// A frontend that gives out one plan and remembers what it was told.
#[derive(Default)]
struct Told {
    plan: Option<Arc<LoadPlan>>,
    /// What it says of the label where it has no plan.
    taken: Option<Existing>,
    /// What the wait for that load comes to; without it, it never ends.
    waited: Option<Result<Committed, Error>>,
    commit: Mutex<Option<CommitLoad>>,
    abort: Mutex<Option<String>>,
}

#[async_trait]
impl LoadClient for Told {
    async fn begin(&self, begin: Begin) -> Result<Arc<LoadPlan>, Error> {
        let refused = match self.taken {
            None => Error::Internal("no plan".into()),
            Some(existing) => Error::LabelExists {
                label: begin.label,
                existing,
            },
        };
        self.plan.clone().ok_or(refused)
    }

    async fn wait(&self, txn: TxnId, _: Instant) -> Result<Committed, Error> {
        assert_eq!(txn, TxnId(9));
        match &self.waited {
            Some(waited) => waited.clone(),
            None => std::future::pending().await,
        }
    }

    async fn commit(
        &self,
        _: &LoadPlan,
        commit: CommitLoad,
        _: Instant,
    ) -> Result<Committed, Error> {
        *self.commit.lock() = Some(commit);
        Ok(Committed::Visible)
    }

    async fn prepare(
        &self,
        _: &LoadPlan,
        call: PrepareCall,
        _: Instant,
    ) -> Result<Committed, Error> {
        *self.commit.lock() = Some(call.commit);
        Ok(Committed::Held)
    }

    async fn abort(&self, _: TxnId, reason: String) -> Result<(), Error> {
        *self.abort.lock() = Some(reason);
        Ok(())
    }
}

struct Run {
    result: Result<Committed, Error>,
    told: Arc<Told>,
    held: Vec<Arc<Mutex<Held>>>,
    progress: Arc<Progress>,
}

/// Loads `input` into backends of these manners.
async fn run(
    manners: &[Manner],
    quorum: u16,
    tolerance: Tolerance,
    input: String,
    ends: bool,
) -> Run {
    let mut addresses = Vec::new();
    let mut held = Vec::new();
    for manner in manners {
        let (address, holds) = backend(*manner).await;
        addresses.push(address);
        held.push(holds);
    }
    let told = Arc::new(Told {
        plan: Some(Arc::new(plan(&addresses, quorum))),
        ..Told::default()
    });
    let coordinator = Coordinator {
        client: Client::new("token").unwrap(),
        clock: Arc::new(SystemClock::new()),
        patience: Patience {
            stall: Duration::from_secs(2),
            answer: Duration::from_secs(5),
            straggler: Duration::from_secs(2),
        },
    };
    let (writer, reader) = feed::<Bytes>(4);
    let load = Load {
        begin: Begin {
            db: "d".into(),
            table: "t".into(),
            label: "l".into(),
            timeout_ms: 0,
            coordinator: "test".into(),
            process: None,
            partitions: Vec::new(),
        },
        tolerance,
        hold: None,
        open: Box::new(move |plan| {
            let mapping = Mapping::new(&plan.spec.columns, None, plan.began, Zone::Process)?;
            let assembler = Assembler::new(plan.spec.columns.clone(), mapping);
            let format = Format {
                separator: vec![b','],
                delimiter: None,
                enclose: None,
                escape: None,
                trim_space: false,
                trim_double_quotes: false,
                skip_header: 0,
                null_marker: None,
            };
            let body = Body::new(reader, Compression::None, true)?;
            Ok(csv::open(body, format, assembler))
        }),
        pump: Box::pin(async move {
            for piece in input.as_bytes().chunks(4096) {
                if writer.send(Bytes::copy_from_slice(piece)).await.is_err() {
                    return;
                }
            }
            if ends {
                writer.end().await;
            }
        }),
    };
    let progress = Arc::new(Progress::default());
    let result = coordinator.run(told.clone(), load, progress.clone()).await;
    Run {
        result,
        told,
        held,
        progress,
    }
}

/// Rows of each tablet that a backend got, in order.
fn rows(held: &Mutex<Held>, tablet: u64) -> Vec<i32> {
    let held = held.lock();
    let mine = held
        .segments
        .iter()
        .filter(|(header, _)| header.tablet == TabletId(tablet));
    mine.flat_map(|(_, bytes)| {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
        let batches = reader.build().unwrap().map(Result::unwrap);
        batches
            .flat_map(|b| b.column(0).as_primitive::<Int32Type>().values().to_vec())
            .collect::<Vec<_>>()
    })
    .collect()
}

fn lines(ids: impl Iterator<Item = i32>) -> String {
    ids.map(|id| format!("{id},n{id}\n")).collect()
}

/// What a client is told whose label another load has.
async fn repeat(taken: Existing, waited: Option<Result<Committed, Error>>, ms: u64) -> Error {
    let told = Told {
        taken: Some(taken),
        waited,
        ..Told::default()
    };
    let coordinator = Coordinator {
        client: Client::new("token").unwrap(),
        clock: Arc::new(SystemClock::new()),
        patience: Patience::default(),
    };
    let load = Load {
        begin: Begin {
            db: "d".into(),
            table: "t".into(),
            label: "l".into(),
            timeout_ms: ms,
            coordinator: "test".into(),
            process: None,
            partitions: Vec::new(),
        },
        tolerance: NONE,
        hold: None,
        open: Box::new(|_| Err(Error::Internal("nothing is read".into()))),
        pump: Box::pin(std::future::pending()),
    };
    let run = coordinator.run(Arc::new(told), load, Arc::default());
    run.await.unwrap_err()
}

#[tokio::test]
async fn who_repeats_a_label_waits_for_its_load_to_be_seen() {
    let txn = TxnId(9);
    let left_ms = 3_600_000;
    let committed = Existing::Committed { txn, left_ms };
    let taken = |existing| Error::LabelExists {
        label: "l".into(),
        existing,
    };
    let seen = repeat(committed, Some(Ok(Committed::Visible)), 0).await;
    assert_eq!(seen, taken(Existing::Visible { txn }));
    let later = repeat(committed, Some(Ok(Committed::Later)), 0).await;
    assert_eq!(later, taken(committed));
    assert!(later.to_string().contains("will be visible later"));
    // No longer than he said that his load may take.
    assert_eq!(repeat(committed, None, 50).await, taken(committed));
    let dropped = Error::Refused(Failure::new(Code::TXN, "its table was dropped"));
    assert_eq!(
        repeat(committed, Some(Err(dropped.clone())), 0).await,
        dropped
    );
    for known in [Existing::Running, Existing::Visible { txn }] {
        assert_eq!(repeat(known, None, 0).await, taken(known));
    }
}

const NONE: Tolerance = Tolerance::Ratio(0.0);

#[tokio::test]
async fn every_replica_gets_the_same_rows_each_in_the_bucket_that_its_hash_names() {
    let run = run(&[Manner::Good; 3], 2, NONE, lines(0..200), true).await;
    assert_eq!(run.result, Ok(Committed::Visible));
    for tablet in 10..14 {
        let expected: Vec<i32> = (0..200)
            .filter(|id| {
                let key: arrow::array::ArrayRef =
                    Arc::new(arrow::array::Int32Array::from(vec![*id]));
                let bucket = u64::from(hash::bucket_of(&[key], 0, 2).unwrap());
                10 + u64::from(*id >= 100) * 2 + bucket == tablet
            })
            .collect();
        assert!(!expected.is_empty());
        for held in &run.held {
            assert_eq!(rows(held, tablet), expected);
        }
    }
    let commit = run.told.commit.lock().clone().unwrap();
    assert_eq!((commit.rows, commit.written.len()), (200, 4));
    assert!(
        commit
            .written
            .iter()
            .all(|t| t.backends.len() == 3 && t.failed.is_empty())
    );
    assert_eq!(*run.told.abort.lock(), None);
}

#[tokio::test]
async fn a_load_goes_on_without_a_backend_that_is_broken_stuck_or_lying() {
    for manner in [Manner::Broken, Manner::Stuck, Manner::Lying] {
        let manners = [Manner::Good, manner, Manner::Good];
        let run = run(&manners, 2, NONE, lines(0..50), true).await;
        assert_eq!(run.result, Ok(Committed::Visible), "{manner:?}");
        let commit = run.told.commit.lock().clone().unwrap();
        for tablet in &commit.written {
            assert_eq!(tablet.backends.len(), 2, "{manner:?}");
            assert_eq!(tablet.failed.len(), 1, "{manner:?}");
        }
    }
}

#[tokio::test]
async fn below_the_quorum_the_error_names_tablet_got_and_needed_and_all_is_aborted() {
    let manners = [Manner::Good, Manner::NotTen, Manner::Good];
    let run = run(&manners, 3, NONE, lines(0..200), true).await;
    let error = run.result.unwrap_err();
    let expected = "transaction 7: tablet 10 was written by 2 replicas and its write quorum needs 3: backend 2: no space";
    assert_eq!(error.to_string(), expected);
    assert!(
        run.told
            .abort
            .lock()
            .as_ref()
            .is_some_and(|why| why.contains("tablet 10"))
    );
    assert!(run.told.commit.lock().is_none());
    assert!(run.held.iter().all(|held| held.lock().aborted));
}

#[tokio::test]
async fn rows_that_do_not_fit_are_left_out_as_long_as_they_are_few() {
    let input = || lines(0..8) + "x,bad\n250,nowhere\n";
    let allowed = run(&[Manner::Good], 1, Tolerance::Ratio(0.2), input(), true).await;
    assert_eq!(allowed.result, Ok(Committed::Visible));
    assert_eq!(
        (
            allowed.progress.loaded(),
            allowed.progress.misfits.lock().count
        ),
        (8, 2)
    );
    let refused = run(&[Manner::Good], 1, Tolerance::Ratio(0.1), input(), true).await;
    assert!(matches!(
        refused.result,
        Err(Error::TooManyFiltered {
            filtered: 2,
            total: 10,
            ..
        })
    ));
    assert!(refused.told.commit.lock().is_none());
    let strict = run(&[Manner::Good], 1, Tolerance::Strict, input(), true).await;
    let error = strict.result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 9, column 'id': 'x' is not a value of int"
    );
}

#[tokio::test]
async fn an_input_that_breaks_off_leaves_nothing() {
    let run = run(&[Manner::Good], 1, NONE, lines(0..100), false).await;
    assert!(matches!(run.result, Err(Error::Input(_))));
    assert!(run.told.abort.lock().is_some());
    assert!(run.told.commit.lock().is_none());
    assert!(run.held[0].lock().segments.is_empty());
}

#[tokio::test]
async fn a_load_without_rows_commits_nothing_and_succeeds() {
    let run = run(&[Manner::Broken], 1, NONE, String::new(), true).await;
    assert_eq!(run.result, Ok(Committed::Visible));
    assert!(run.told.commit.lock().clone().unwrap().written.is_empty());
}
