use super::*;

fn made(dir: &Path) -> std::path::PathBuf {
    let path = dir.join("some.log");
    Redo::create(&path).unwrap();
    path
}

fn put(redo: &mut Redo, number: u64) {
    assert!(redo.fits(change(number).len()));
    redo.append(number, &change(number), || Ok(())).unwrap();
}

/// Changes of different lengths.
fn change(number: u64) -> Vec<u8> {
    vec![number as u8; (number * 37 % 300) as usize]
}

fn changes(numbers: std::ops::RangeInclusive<u64>) -> Vec<Change> {
    numbers.map(|n| (n, change(n))).collect()
}

fn read(path: &Path, after: u64) -> Result<Vec<Change>, String> {
    match Redo::open(path, after) {
        Ok((_, changes)) => Ok(changes),
        Err(Wrong::Damaged(what)) => Err(what),
        Err(Wrong::Io(error)) => panic!("{error}"),
    }
}

#[test]
fn what_is_not_in_the_store_is_read_again_and_written_over_once_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let (mut redo, none) = Redo::open(&path, 0).unwrap();
    assert_eq!(none, []);
    (1..=20).for_each(|n| put(&mut redo, n));
    assert_eq!(read(&path, 0), Ok(changes(1..=20)));
    assert_eq!(read(&path, 12), Ok(changes(13..=20)));
    assert_eq!(read(&path, 20), Ok(vec![]));
    redo.restart();
    assert_eq!(read(&path, 20), Ok(vec![]));
    (21..=23).for_each(|n| put(&mut redo, n));
    assert_eq!(read(&path, 20), Ok(changes(21..=23)));
    let older = read(&path, 7).unwrap_err();
    assert!(
        older.contains("change 21, the store ends with 7"),
        "{older}"
    );
    // Opened again, it goes on where it ended.
    let (mut redo, _) = Redo::open(&path, 20).unwrap();
    put(&mut redo, 24);
    assert_eq!(read(&path, 20), Ok(changes(21..=24)));
}

#[test]
fn a_file_is_full_at_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let (mut redo, _) = Redo::open(&path, 0).unwrap();
    let large = vec![1; 100_000];
    let mut count = 0;
    while redo.fits(large.len()) {
        count += 1;
        redo.append(count, &large, || Ok(())).unwrap();
    }
    assert_eq!(count, (SIZE - FIRST) / 100_016);
    assert_eq!(read(&path, 0).unwrap().len() as u64, count);
    assert_eq!(fs::metadata(&path).unwrap().len(), SIZE);
}

/// Where the frame of a change begins in a file that begins with change 1.
fn start_of(number: u64) -> u64 {
    FIRST
        + (1..number)
            .map(|n| framed(change(n).len() as u64))
            .sum::<u64>()
}

#[test]
fn a_change_that_was_being_written_is_none_and_any_other_that_is_wrong_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let (mut redo, _) = Redo::open(&path, 0).unwrap();
    (1..=5).for_each(|n| put(&mut redo, n));
    let before = fs::read(&path).unwrap();
    // The sixth, of which only a part came to the disk, whatever was there before.
    let frame = frame(redo.salt, 6, &change(6));
    for part in 0..frame.len() {
        for dirt in [0, 0xff] {
            let mut bytes = before.clone();
            let at = start_of(6) as usize;
            bytes[at..at + frame.len()].fill(dirt);
            bytes[at..at + part].copy_from_slice(&frame[..part]);
            fs::write(&path, &bytes).unwrap();
            let found = read(&path, 0).unwrap();
            // Padding at its end may be missing.
            assert!(found == changes(1..=5) || found == changes(1..=6), "{part}");
            assert!(found.len() == 5 || part >= frame.len() - ALIGN as usize);
        }
    }
    for number in 1..=5 {
        for byte in start_of(number)..start_of(number) + FRAME_BYTES + change(number).len() as u64 {
            let mut bytes = before.clone();
            bytes[byte as usize] ^= 1 << (byte % 8);
            fs::write(&path, &bytes).unwrap();
            let error = read(&path, 0).unwrap_err();
            assert!(error.contains("change"), "{error}");
        }
    }
    for byte in 0..HEAD_BYTES {
        let mut bytes = before.clone();
        bytes[byte] ^= 1 << (byte % 8);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path, 0).unwrap_err(), "its head is wrong");
    }
    fs::write(&path, &before[..before.len() - 1]).unwrap();
    assert!(read(&path, 0).unwrap_err().contains("bytes"));
}

#[test]
fn a_change_that_failed_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let (mut redo, _) = Redo::open(&path, 0).unwrap();
    put(&mut redo, 1);
    let failed = redo.append(2, b"two", || Err(io::Error::other("a test")));
    assert!(matches!(failed, Err(Failed::Flush(_))));
    // It may be durable, so it counts when the file is opened again.
    let (mut redo, found) = Redo::open(&path, 0).unwrap();
    assert_eq!(found, [(1, change(1)), (2, b"two".to_vec())]);
    put(&mut redo, 3);
    assert_eq!(read(&path, 2), Ok(changes(3..=3)));
}
