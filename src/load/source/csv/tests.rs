//! CSV files as they come, and as they break.

use super::*;
use crate::load::feed::feed;
use crate::load::source::testing::{assembler, ints, texts};

fn comma() -> Format {
    Format {
        separator: b',',
        delimiter: None,
        enclose: None,
        skip_header: 0,
        null_marker: None,
    }
}

fn read(input: &[u8], format: Format, names: Option<&[&str]>, piece: usize) -> Block {
    let (writer, feed) = feed(input.len() / piece + 2);
    futures::executor::block_on(async {
        for piece in input.chunks(piece) {
            writer.send(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        writer.end().await;
    });
    let mut csv = Csv::new(feed, format, assembler(names));
    let block = csv.next().unwrap().unwrap();
    assert!(csv.next().unwrap().is_none());
    block
}

#[test]
fn rows_are_the_same_however_the_input_is_cut() {
    let input = "id,name\r\n1,a\r\n2,\\N\r\n\r\n3,NA\r\n4,é";
    for piece in 1..input.len() {
        let format = Format {
            skip_header: 1,
            null_marker: Some(b"NA".to_vec()),
            ..comma()
        };
        let block = read(input.as_bytes(), format, None, piece);
        assert_eq!(ints(&block), [Some(1), Some(2), Some(3), Some(4)]);
        let names = [Some("a"), None, None, Some("é")].map(|n| n.map(str::to_owned));
        assert_eq!(texts(&block), names);
        assert_eq!(block.misfits.count, 0);
    }
}

#[test]
fn enclosed_fields_hold_separators_and_line_ends() {
    let format = Format {
        enclose: Some(b'"'),
        ..comma()
    };
    let block = read(b"1,\"a,\n\"\"b\"\"\"\n2,x\n", format, None, 3);
    assert_eq!(texts(&block)[0].as_deref(), Some("a,\n\"b\""));
    assert_eq!(block.lines, [1, 3]);
    let plain = read(b"1,\"a\"\n", comma(), None, 64);
    assert_eq!(texts(&plain)[0].as_deref(), Some("\"a\""));
}

#[test]
fn separators_and_delimiters_are_any_byte() {
    let format = Format {
        separator: 1,
        delimiter: Some(b';'),
        ..comma()
    };
    let block = read(b"1\x01a;2\x01b\n;", format, None, 64);
    assert_eq!(texts(&block)[1].as_deref(), Some("b\n"));
}

#[test]
fn fields_go_where_the_names_say() {
    let block = read(b"x,a,1\n", comma(), Some(&["skip", "NAME", "ID"]), 64);
    assert_eq!(
        (ints(&block), texts(&block)),
        (vec![Some(1)], vec![Some("a".into())])
    );
}

#[test]
fn rows_that_do_not_fit_are_counted_with_line_and_reason() {
    let input = b"1,a\nx,b\n3\n4,d,e\n,f\n6,\xff\n7,ggggggggggggggggggggggggggggggg\n8,h\n";
    let block = read(input, comma(), None, 64);
    assert_eq!(block.total(), 8);
    assert_eq!(block.misfits.count, 6);
    let found: Vec<(u64, Reason)> = block
        .misfits
        .samples
        .iter()
        .map(|m| (m.line, m.reason.clone()))
        .collect();
    let count = |found| Reason::FieldCount { found, expected: 2 };
    for expected in [
        (2, Reason::BadValue),
        (3, count(1)),
        (4, count(3)),
        (5, Reason::Null),
        (6, Reason::NotUtf8),
        (7, Reason::TooLong(31)),
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    let fitting: Vec<u64> = block
        .lines
        .iter()
        .zip(&block.fits)
        .filter_map(|(line, fits)| fits.then_some(*line))
        .collect();
    assert_eq!(fitting, [1, 8]);
    assert!(block.misfits.samples.iter().any(|m| m.value == "4,d,e"));
}

#[test]
fn a_quote_that_never_ends_does_not_take_all_memory() {
    let format = Format {
        enclose: Some(b'"'),
        ..comma()
    };
    let (writer, feed) = feed(64);
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    futures::executor::block_on(async {
        writer.send(Bytes::from_static(b"1,\"")).await.unwrap();
        for _ in 0..20 {
            writer.send(piece.clone()).await.unwrap();
        }
        writer.end().await;
    });
    let mut csv = Csv::new(feed, format, assembler(None));
    assert!(matches!(csv.next(), Err(Error::Input(why)) if why.contains("line 1")));
}
