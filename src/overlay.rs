//! A view of a file that can be written without changing the file: writes stay in memory.
//!
//! A store that may be damaged is opened over this first. Opening repairs, and repairs write; what turns out
//! to be damaged must stay as it was found.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use parking_lot::Mutex;
use redb::StorageBackend;

const PAGE: u64 = 4096;

/// The file as it is, under pages that were written since.
#[derive(Debug)]
pub struct Overlay {
    file: File,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Length of the view.
    len: u64,
    /// Bytes of the file that still count: less than its length when the view was cut.
    file_len: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    /// A view of `file`, which is only read.
    pub fn new(file: File) -> io::Result<Overlay> {
        let len = file.metadata()?.len();
        Ok(Overlay {
            file,
            state: Mutex::new(State {
                len,
                file_len: len,
                pages: BTreeMap::new(),
            }),
        })
    }

    fn page<'s>(&self, state: &'s mut State, number: u64) -> io::Result<&'s mut Vec<u8>> {
        let from = number.saturating_mul(PAGE);
        let held = state.file_len.saturating_sub(from).min(PAGE) as usize;
        match state.pages.entry(number) {
            std::collections::btree_map::Entry::Occupied(page) => Ok(page.into_mut()),
            std::collections::btree_map::Entry::Vacant(slot) => {
                let mut page = vec![0; PAGE as usize];
                self.file.read_exact_at(&mut page[..held], from)?;
                Ok(slot.insert(page))
            }
        }
    }
}

/// The pieces of `[offset, offset + len)` by page: page, first byte in it, how many bytes.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let mut at = offset;
    let end = offset.saturating_add(len as u64);
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let within = at % PAGE;
        let count = (PAGE - within).min(end - at);
        let piece = (at / PAGE, within as usize, count as usize);
        at += count;
        Some(piece)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state.lock().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state.lock();
        if offset.saturating_add(out.len() as u64) > state.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Most reads meet no written page; those that do are put together piece by piece.
        let in_file = state.file_len.saturating_sub(offset).min(out.len() as u64) as usize;
        let (from_file, beyond) = out.split_at_mut(in_file);
        self.file.read_exact_at(from_file, offset)?;
        beyond.fill(0);
        let mut done = 0;
        for (number, within, count) in pieces(offset, out.len()) {
            if let Some(page) = state.pages.get(&number) {
                out[done..done + count].copy_from_slice(&page[within..within + count]);
            }
            done += count;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        if len < state.len {
            // What is cut off reads as zeros should the view grow again.
            state.file_len = state.file_len.min(len);
            if let Some(page) = state.pages.get_mut(&(len / PAGE)) {
                page[(len % PAGE) as usize..].fill(0);
            }
            state.pages.retain(|number, _| *number <= len / PAGE);
        }
        state.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        let mut done = 0;
        for (number, within, count) in pieces(offset, data.len()) {
            let page = self.page(&mut state, number)?;
            page[within..within + count].copy_from_slice(&data[done..done + count]);
            done += count;
        }
        state.len = state.len.max(offset.saturating_add(data.len() as u64));
        Ok(())
    }
}
