//! A process that dies or meets a failing disk at any point of a write loses nothing that was acknowledged.
//!
//! Fault points are of a process, so each run is a child: this test binary, asked for [`work`] alone.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::fault;
use crate::store::epochs::Epochs;
use crate::store::error::Error;
use crate::store::identity::DataDir;
use crate::store::journal::{Item, Journal, Record};

/// Records whose content tells their sequence numbers, so that a mix-up shows.
fn records(seqs: std::ops::RangeInclusive<u64>) -> Vec<Record> {
    let bytes = |seq: u64| format!("record {seq} ").repeat(seq as usize % 20 + 1);
    seqs.map(|seq| Record {
        seq,
        bytes: bytes(seq).into_bytes(),
    })
    .collect()
}

/// The checkpoint's bytes and the records of a journal.
fn load(journal: &dyn Journal) -> Result<(Vec<u8>, Vec<Record>), Error> {
    let mut held = (Vec::new(), Vec::new());
    journal.load(&mut |item| {
        match item {
            Item::Chunk(bytes) => held.0.extend_from_slice(bytes),
            Item::Record(seq, bytes) => {
                let bytes = bytes.to_vec();
                held.1.push(Record { seq, bytes });
            }
        }
        Ok(())
    })?;
    Ok(held)
}

const DIR: &str = "QUORATE_TEST_JOURNAL";
/// Set to let a child go on for longer than [`LAST`].
const UNTIL: &str = "QUORATE_TEST_UNTIL";
const LAST: u64 = 40;

/// What a child does: appends up to record [`LAST`], with a checkpoint on the way; says each acknowledged number.
#[test]
fn work() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = std::env::var_os(DIR).map_or(tmp.path().to_owned(), Into::into);
    fault::from_env().unwrap();
    match append_all(&dir) {
        Ok(()) => println!("\ndone"),
        Err(error) => println!("\nerror {error}"),
    }
    if std::env::var_os(DIR).is_none() {
        let (_, journal) = DataDir::open(&dir).unwrap();
        assert_eq!(load(&journal).unwrap().1, records(31..=LAST));
    }
}

fn append_all(dir: &Path) -> Result<(), Error> {
    let (mut data, mut journal) = DataDir::open(dir)?;
    println!("\nepoch {}", data.begin(journal.extent().last)?);
    let mut tries = 0;
    let until = std::env::var(UNTIL).map_or(LAST, |last| last.parse().unwrap());
    while journal.extent().last < until {
        let seq = journal.extent().last + 1;
        let batch = records(seq..=(seq + seq % 3).min(until));
        if let Err(error) = journal.append(&batch) {
            println!("\nerror {error}");
            tries += 1;
            if tries > 3 {
                return Err(error);
            }
            match journal.reopen() {
                Err(error) if !error.passing() => return Err(error),
                _ => continue,
            }
        }
        println!("\nacked {}", journal.extent().last);
        if journal.extent().checkpoint == 0 && seq > 30 {
            journal.write_chunk(30, 0, b"the first ")?;
            journal.write_chunk(30, 1, b"thirty")?;
            journal.finish_checkpoint(30, 2)?;
            println!("\ncheckpoint 30");
            journal.trim(10)?;
        }
    }
    Ok(())
}

/// What one child said before it ended.
#[derive(Debug, Default)]
struct Said {
    acked: u64,
    epoch: u64,
    checkpoint: u64,
    error: Option<String>,
    done: bool,
}

fn child(dir: &Path, faults: &str) -> Said {
    run(Command::new(std::env::current_exe().unwrap()), dir, faults)
}

fn run(mut command: Command, dir: &Path, faults: &str) -> Said {
    let output = command
        .args(["--exact", "store::tests::crash::work", "--nocapture"])
        .env(DIR, dir)
        .env("FAILPOINTS", faults)
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let mut said = Said::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("acked", n) => said.acked = n.parse().unwrap(),
            ("epoch", n) => said.epoch = n.parse().unwrap(),
            ("checkpoint", n) => said.checkpoint = n.parse().unwrap(),
            ("error", text) => said.error = Some(text.to_owned()),
            ("done", _) => said.done = true,
            _ => {}
        }
    }
    said
}

/// After a child the directory must open and hold what was acknowledged, no more than one batch beyond it, and no gap.
fn holds_what_was_acknowledged(dir: &Path, said: &Said, epoch: u64, what: &str) {
    let (data, journal) = DataDir::open(dir).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert!(data.identity().epoch >= epoch, "{what}: epoch went back");
    let extent = journal.extent();
    assert!(
        extent.last >= said.acked,
        "{what}: {extent:?} after {said:?}"
    );
    assert!(
        extent.checkpoint >= said.checkpoint,
        "{what}: {extent:?} after {said:?}"
    );
    let (checkpoint, held) = load(&journal).unwrap();
    assert_eq!(held, records(extent.checkpoint + 1..=extent.last), "{what}");
    if extent.checkpoint > 0 {
        assert_eq!(checkpoint, b"the first thirty", "{what}");
    }
}

const POINTS: &[&str] = &[
    "file::before_write",
    "file::before_fsync",
    "file::before_rename",
    "file::after_rename",
    "journal::before_grow",
    "journal::before_write",
    "journal::before_fsync",
    "journal::after_fsync",
];

#[test]
fn a_process_that_dies_at_any_point_loses_nothing() {
    let mut deaths = 0;
    for point in POINTS {
        let tmp = tempfile::tempdir().unwrap();
        let (mut acked, mut epoch) = (0, 0);
        for passes in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89] {
            let what = format!("{point} after {passes}");
            let said = child(tmp.path(), &format!("{point}={passes}*off->return(abort)"));
            deaths += usize::from(!said.done);
            assert!(said.error.is_none(), "{what}: {said:?}");
            acked = said.acked.max(acked);
            epoch = said.epoch.max(epoch);
            let told = Said { acked, ..said };
            holds_what_was_acknowledged(tmp.path(), &told, epoch, &what);
        }
        let said = child(tmp.path(), "");
        assert!(said.done, "{point}: {said:?}");
    }
    assert!(deaths >= POINTS.len() * 2, "only {deaths} deaths");
}

#[test]
fn an_error_at_any_point_is_told_and_loses_nothing() {
    for point in POINTS {
        for (action, sign) in [("return", "fault"), ("return(full)", "is full")] {
            let tmp = tempfile::tempdir().unwrap();
            assert_eq!(child(tmp.path(), "").acked, LAST, "{point}");
            std::fs::remove_dir_all(tmp.path()).unwrap();
            let mut refused = 0;
            for passes in [0, 2, 7, 20, 45] {
                let what = format!("{point}={action} after {passes}");
                let said = child(tmp.path(), &format!("{point}={passes}*off->{action}"));
                if let Some(error) = &said.error {
                    refused += 1;
                    let told = error.contains(sign) || error.contains("no more writes");
                    assert!(told, "{what}: {error}");
                    assert!(
                        error.contains(tmp.path().to_str().unwrap()),
                        "{what}: {error}"
                    );
                }
                holds_what_was_acknowledged(tmp.path(), &said, said.epoch, &what);
            }
            assert!(refused > 0, "{point}={action} was never met");
        }
    }
}

#[test]
fn a_full_disk_passes_and_a_failed_flush_does_not() {
    let tmp = tempfile::tempdir().unwrap();
    let said = child(
        tmp.path(),
        "journal::before_write=150*off->2*return(full)->off",
    );
    assert!(said.error.as_ref().is_some_and(|e| e.contains("is full")));
    assert!(said.done, "{said:?}: the journal was not opened again");

    let tmp = tempfile::tempdir().unwrap();
    let said = child(tmp.path(), "journal::before_fsync=30*off->1*return->off");
    assert!(
        said.error
            .is_some_and(|e| e.contains("restart this process"))
    );
    assert!(!said.done, "a journal was written whose flush had failed");
}

#[test]
fn a_disk_that_really_takes_no_more_is_told_and_loses_nothing() {
    let tmp = tempfile::tempdir().unwrap();
    // The operating system's own limit of a file's size stands for the end of a disk: 2 MiB.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "sh"])
        .arg(std::env::current_exe().unwrap())
        .env(UNTIL, "1000000");
    let said = run(limited, tmp.path(), "");
    let error = said.error.as_ref().expect("the limit is met");
    assert!(error.contains("journal.redb is full"), "{error}");
    assert!(said.acked > LAST && !said.done, "{said:?}");
    holds_what_was_acknowledged(tmp.path(), &said, said.epoch, "a full disk");
}
