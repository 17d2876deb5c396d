//! The journal and the data directory under damage, crashes and full disks.

mod damage;
mod directory;

use std::path::Path;

use quorate::store::error::Error;
use quorate::store::journal::{Item, Journal, Record};
use quorate::store::redb::RedbJournal;

/// A record whose content tells its sequence number, so that a mix-up shows.
fn record(seq: u64) -> Record {
    let bytes = format!("record {seq} ").repeat(seq as usize % 20 + 1);
    Record {
        seq,
        bytes: bytes.into_bytes(),
    }
}

fn records(seqs: std::ops::RangeInclusive<u64>) -> Vec<Record> {
    seqs.map(record).collect()
}

/// Everything that a journal holds: the checkpoint's bytes and the records.
fn load(journal: &dyn Journal) -> Result<(Vec<u8>, Vec<Record>), Error> {
    let (mut checkpoint, mut records) = (Vec::new(), Vec::new());
    journal.load(&mut |item| {
        match item {
            Item::Chunk(bytes) => checkpoint.extend_from_slice(bytes),
            Item::Record(seq, bytes) => records.push(Record {
                seq,
                bytes: bytes.to_vec(),
            }),
        }
        Ok(())
    })?;
    Ok((checkpoint, records))
}

/// A closed journal at `path` with a checkpoint up to record 40, and records 41 to 60.
fn sample(path: &Path) {
    let mut journal = RedbJournal::create(path).unwrap();
    journal.append(&records(1..=25)).unwrap();
    journal.append(&records(26..=50)).unwrap();
    journal.write_chunk(40, 0, &[7; 100_000]).unwrap();
    journal.write_chunk(40, 1, b"the end").unwrap();
    journal.finish_checkpoint(40, 2).unwrap();
    while journal.trim(16).unwrap() {}
    for seq in 51..=60 {
        journal.append(&[record(seq)]).unwrap();
    }
}

/// What [`sample`] leaves.
fn sample_content() -> (Vec<u8>, Vec<Record>) {
    let mut checkpoint = vec![7; 100_000];
    checkpoint.extend_from_slice(b"the end");
    (checkpoint, records(41..=60))
}
