//! A journal in memory, for tests and for what may be forgotten. It survives its handle, as a disk does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::store::epochs::Epochs;
use crate::store::error::Error;
use crate::store::journal::{Extent, Item, Journal, Record};

/// A journal in memory. Clones are handles to the same content.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal {
    content: Arc<Mutex<Content>>,
}

#[derive(Debug, Default)]
struct Content {
    extent: Extent,
    records: BTreeMap<u64, Vec<u8>>,
    chunks: BTreeMap<(u64, u32), Vec<u8>>,
    chunk_count: u32,
    full: bool,
}

impl MemoryJournal {
    /// From now on every write finds the disk full, or no longer.
    pub fn set_full(&self, full: bool) {
        self.content.lock().full = full;
    }
}

/// Epochs in memory: 1, 2, 3.
#[derive(Debug, Clone, Default)]
pub struct MemoryEpochs {
    last: Arc<Mutex<u64>>,
}

impl Epochs for MemoryEpochs {
    fn begin(&mut self, _last: u64) -> Result<u64, Error> {
        let mut last = self.last.lock();
        *last += 1;
        Ok(*last)
    }

    fn rest(&mut self, _last: u64) -> Result<(), Error> {
        Ok(())
    }
}

impl Content {
    fn writable(&self) -> Result<(), Error> {
        if self.full {
            let path = PathBuf::from("memory");
            return Err(Error::Full { path });
        }
        Ok(())
    }
}

impl Journal for MemoryJournal {
    fn place(&self) -> &Path {
        Path::new("memory")
    }

    fn extent(&self) -> Extent {
        self.content.lock().extent
    }

    fn append(&mut self, records: &[Record]) -> Result<(), Error> {
        let mut content = self.content.lock();
        content.writable()?;
        let first = content.extent.last.saturating_add(1);
        for (wanted, record) in (first..).zip(records) {
            if record.seq != wanted {
                let got = record.seq;
                return Err(Error::Order { wanted, got });
            }
        }
        for record in records {
            content.records.insert(record.seq, record.bytes.clone());
            content.extent.last = record.seq;
        }
        Ok(())
    }

    fn write_chunk(&mut self, seq: u64, index: u32, chunk: &[u8]) -> Result<(), Error> {
        let mut content = self.content.lock();
        content.writable()?;
        content.chunks.insert((seq, index), chunk.to_vec());
        Ok(())
    }

    fn finish_checkpoint(&mut self, seq: u64, chunks: u32) -> Result<(), Error> {
        let mut content = self.content.lock();
        content.writable()?;
        if seq <= content.extent.checkpoint || seq > content.extent.last {
            let wanted = content.extent.last;
            return Err(Error::Order { wanted, got: seq });
        }
        content.extent.checkpoint = seq;
        content.chunk_count = chunks;
        Ok(())
    }

    fn trim(&mut self, _limit: usize) -> Result<bool, Error> {
        let mut content = self.content.lock();
        let (checkpoint, count) = (content.extent.checkpoint, content.chunk_count);
        content.records.retain(|seq, _| *seq > checkpoint);
        content
            .chunks
            .retain(|(seq, index), _| *seq == checkpoint && *index < count);
        Ok(false)
    }

    fn load(&self, visit: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let content = self.content.lock();
        let checkpoint = content.extent.checkpoint;
        for (_, chunk) in content
            .chunks
            .range((checkpoint, 0)..(checkpoint, content.chunk_count))
        {
            visit(Item::Chunk(chunk))?;
        }
        for (seq, bytes) in content.records.range(checkpoint.saturating_add(1)..) {
            visit(Item::Record(*seq, bytes))?;
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
