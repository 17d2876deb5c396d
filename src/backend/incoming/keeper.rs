//! Small files of one storage path are made durable together, whoever writes them: what comes while a flush runs waits for
//! the next one, which serves all of it.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::backend::error::Error;
use crate::backend::incoming::{Written, keep_all};
use crate::backend::segment::Segment;

/// What became of a file.
pub type Kept = Result<Arc<Segment>, Error>;

/// The files of one path that wait for a flush.
#[derive(Debug, Default)]
pub struct Keeper(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    asked: Vec<Asked>,
    /// Somebody flushes, and looks again afterwards.
    busy: bool,
}

#[derive(Debug)]
struct Asked {
    files: Vec<Written>,
    done: oneshot::Sender<Vec<Kept>>,
}

impl Keeper {
    /// Makes files of this path durable, and tells of each.
    pub async fn keep(self: &Arc<Self>, files: Vec<Written>) -> Vec<Kept> {
        let count = files.len();
        let (done, answer) = oneshot::channel();
        let first = {
            let mut waiting = self.0.lock();
            waiting.asked.push(Asked { files, done });
            !std::mem::replace(&mut waiting.busy, true)
        };
        if first {
            let turn = Turn(self.clone());
            tokio::task::spawn_blocking(move || turn.flush());
        }
        let kept = answer.await;
        kept.unwrap_or_else(|_| (0..count).map(|_| Err(Error::Stopping)).collect())
    }
}

/// Whose turn it is to flush. When it ends, however it does, nobody waits for it.
struct Turn(Arc<Keeper>);

impl Turn {
    fn flush(self) {
        loop {
            let asked = {
                let mut waiting = self.0.0.lock();
                if waiting.asked.is_empty() {
                    waiting.busy = false;
                    return;
                }
                std::mem::take(&mut waiting.asked)
            };
            let mut files = Vec::new();
            let mut askers = Vec::new();
            for Asked { files: own, done } in asked {
                askers.push((own.len(), done));
                files.extend(own);
            }
            let mut kept = keep_all(files).into_iter();
            for (count, done) in askers {
                let own = kept.by_ref().take(count).collect();
                // Of one that went away, nothing stays: nobody names its files.
                let _ = done.send(own);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let asked = {
                let mut waiting = self.0.0.lock();
                waiting.busy = false;
                std::mem::take(&mut waiting.asked)
            };
            drop(asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use arrow::datatypes::{DataType, Field, Schema};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::backend::incoming::{self, Incoming};
    use crate::backend::shelf::{Limits, Shelf};
    use crate::ids::TabletId;

    fn written(shelf: &Arc<Shelf>, tablet: u64) -> Written {
        let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, false)]));
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), None).unwrap();
        let bytes = writer.into_inner().unwrap();
        let mut file = Incoming::begin(shelf, TabletId(tablet), bytes.len() as u64).unwrap();
        file.write_all(&bytes).unwrap();
        file.end(0, &schema).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_of_many_are_kept_together_and_each_gets_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            capacity: None,
            reserve: 0,
        };
        let shelf = Arc::new(Shelf::new(dir.path(), limits));
        std::fs::create_dir(shelf.data_dir()).unwrap();
        let mut askers = Vec::new();
        for asker in 0..50 {
            let tablets = [asker * 2, asker * 2 + 1];
            let files: Vec<_> = tablets.iter().map(|id| written(&shelf, *id)).collect();
            let kept = tokio::spawn(incoming::keep(files));
            if asker % 5 == 4 {
                // It goes away: nothing of its files stays.
                kept.abort();
            }
            askers.push((tablets, kept));
        }
        let mut whole = Vec::new();
        for (tablets, kept) in askers {
            let Ok(kept) = kept.await else { continue };
            for (tablet, kept) in tablets.into_iter().zip(kept) {
                let segment = kept.unwrap();
                let directory = shelf.tablet_dir(TabletId(tablet));
                assert_eq!(segment.path().parent(), Some(directory.as_path()));
                assert!(segment.open().is_ok() && !shelf.is_fresh(TabletId(tablet)));
                whole.push(segment);
            }
        }
        assert!(whole.len() >= 80);
        // Those of askers that went away are deleted by the flush that kept them in vain.
        while shelf.keeper.0.lock().busy {
            tokio::task::yield_now().await;
        }
        let left = (0..100).filter(|id| {
            let mut entries = std::fs::read_dir(shelf.tablet_dir(TabletId(*id))).unwrap();
            entries.next().is_some()
        });
        assert_eq!(left.count(), whole.len());
    }
}
