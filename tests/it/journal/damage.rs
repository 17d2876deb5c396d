//! A damaged journal is refused with its name, and is not touched; an intact one is read whole.

use std::fs;
use std::path::Path;

use quorate::code::{Code, Coded};
use quorate::store::error::Error;
use quorate::store::journal::Journal;
use quorate::store::redb::RedbJournal;

use super::{load, record, sample, sample_content};
use crate::seeded::{Seeded, number};

/// Opens what `bytes` make as a journal: everything that was written, or an error that leaves the file as it is.
fn whole_or_refused(path: &Path, bytes: &[u8], what: &str) -> Result<(), Error> {
    fs::write(path, bytes).unwrap();
    let opened = RedbJournal::open(path, 60);
    if let Err(error) = &opened {
        assert!(fs::read(path).unwrap() == bytes, "{what}: the file changed");
        let text = error.to_string();
        assert!(text.contains("journal.redb"), "{what}: {text}");
        assert_eq!(error.code(), Code::STORAGE, "{what}");
    }
    let content = load(&opened?)?;
    assert!(
        content == sample_content(),
        "{what}: other content was read"
    );
    Ok(())
}

#[test]
fn what_was_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.redb");
    sample(&path);
    let mut journal = RedbJournal::open(&path, 60).unwrap();
    assert_eq!(load(&journal).unwrap(), sample_content());
    assert_eq!(
        (journal.extent().checkpoint, journal.extent().last),
        (40, 60)
    );
    let error = journal.append(&[record(62)]).unwrap_err();
    assert_eq!(
        error,
        Error::Order {
            wanted: 61,
            got: 62
        }
    );
    journal.append(&[record(61)]).unwrap();
}

#[test]
fn a_truncated_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.redb");
    sample(&path);
    let bytes = fs::read(&path).unwrap();
    let lengths = (0..40).map(|part| bytes.len() * part / 40);
    for len in lengths.chain([1, 100, 4095, 4096, bytes.len() - 1, bytes.len() - 4096]) {
        let what = format!("cut to {len} of {}", bytes.len());
        let refused = whole_or_refused(&path, &bytes[..len], &what);
        assert!(refused.is_err(), "{what}: not refused");
    }
}

#[test]
fn a_flipped_byte_is_refused_or_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.redb");
    sample(&path);
    let mut bytes = fs::read(&path).unwrap();
    let mut refused = 0;
    // The fixed header bit by bit, the rest of it byte by byte, everything else in strides that meet every page.
    let header = (0..64).flat_map(|place| (0..8).map(move |bit| (place, 1u8 << bit)));
    let slots = (64..320).map(|place| (place, 0x40));
    let pages = (320..bytes.len()).step_by(1021).map(|place| (place, 0x01));
    let places: Vec<(usize, u8)> = header.chain(slots).chain(pages).collect();
    for &(place, flip) in &places {
        bytes[place] ^= flip;
        let what = format!("byte {place} flipped by {flip:#x}");
        refused += usize::from(whole_or_refused(&path, &bytes, &what).is_err());
        bytes[place] ^= flip;
    }
    assert!(
        refused > places.len() / 10,
        "{refused} of {} refused",
        places.len()
    );
}

/// `FLIPS=n` says how many times, `SEED=n` which bits.
#[test]
fn flipped_bits_are_refused_or_harmless() {
    let (seed, flips) = (number("SEED", 1), number("FLIPS", 60));
    println!("replay with: SEED={seed} FLIPS={flips} cargo test --test it flipped_bits");
    let mut random = Seeded(seed);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.redb");
    sample(&path);
    let whole = fs::read(&path).unwrap();
    let mut refused = 0;
    for _ in 0..flips {
        let mut bytes = whole.clone();
        let bits: Vec<u64> = (0..1 + random.below(2))
            .map(|_| random.below(bytes.len() as u64 * 8))
            .collect();
        for bit in &bits {
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        }
        let what = format!("bits {bits:?}");
        refused += u64::from(whole_or_refused(&path, &bytes, &what).is_err());
    }
    println!("{refused} refused, {} the same", flips - refused);
    assert!(refused > 0 && refused < flips, "{refused} of {flips}");
}

#[test]
fn a_text_in_place_of_a_journal_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.redb");
    let refused = whole_or_refused(&path, &b"not a journal\n".repeat(1000), "a text");
    assert!(matches!(refused, Err(Error::Damaged { .. })), "{refused:?}");
}
