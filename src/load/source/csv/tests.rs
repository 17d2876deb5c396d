//! CSV files as they come, and as they break.

use bytes::Bytes;
use rand::{Rng, SeedableRng};

use super::*;
use crate::load::block::Block;
use crate::load::body::Compression;
use crate::load::error::Error;
use crate::load::feed::{Feed, feed};
use crate::load::misfit::Reason;
use crate::load::source::testing::{assembler, ints, texts};

fn comma() -> Format {
    Format {
        separator: b",".to_vec(),
        delimiter: None,
        enclose: None,
        escape: None,
        trim_space: false,
        trim_double_quotes: false,
        skip_header: 0,
        null_marker: None,
    }
}

fn fed(input: &[u8], piece: usize) -> Body {
    let (writer, feed) = feed(input.len() / piece + 2);
    futures::executor::block_on(async {
        for piece in input.chunks(piece) {
            writer.send(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        writer.end().await;
    });
    body(feed)
}

fn body(feed: Feed<Bytes>) -> Body {
    Body::new(feed, Compression::None, true).unwrap()
}

fn read(input: &[u8], format: Format, names: Option<&[&str]>, piece: usize) -> Block {
    let mut csv = open(fed(input, piece), format, assembler(names));
    let block = csv.next().unwrap().remove(0);
    assert!(csv.next().unwrap().is_empty());
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
        separator: vec![1],
        delimiter: Some(b";".to_vec()),
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
    let mut csv = open(body(feed), format, assembler(None));
    assert!(matches!(csv.next(), Err(Error::Input(why)) if why.contains("line 1")));
}

#[test]
fn lines_cut_into_pieces_are_what_the_reader_of_enclosed_fields_reads() {
    const PARTS: [&[u8]; 18] = [
        b",",
        b",",
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"1",
        b"23",
        b"-4",
        b"0",
        b"NA",
        b" ",
        b"\\N",
        b"\xc3\xa9",
        b"\xff",
        b"2147483648",
        b"a text of more than 16 bytes",
        b"N",
    ];
    let mut random = rand::rngs::StdRng::seed_from_u64(7);
    for round in 0..2000 {
        let parts = random.random_range(0..40);
        let input: Vec<u8> = (0..parts)
            .flat_map(|_| PARTS[random.random_range(0..PARTS.len())])
            .copied()
            .collect();
        let format = Format {
            delimiter: [None, Some(b"\n".to_vec())][random.random_range(0..2)].clone(),
            skip_header: random.random_range(0..3),
            null_marker: [None, Some(&b"NA"[..]), Some(b"0"), Some(b"")][random.random_range(0..4)]
                .map(<[u8]>::to_vec),
            ..comma()
        };
        let piece = random.random_range(1..8);
        let mut readers: [Box<dyn Source>; 2] = [
            Box::new(Plain::new(
                fed(&input, piece),
                b',',
                format.clone(),
                assembler(None),
            )),
            Box::new(Enclosed::new(
                fed(&input, piece),
                format.clone(),
                assembler(None),
            )),
        ];
        let [plain, enclosed] = readers.each_mut().map(|reader| {
            let blocks = reader.next().unwrap();
            assert!(reader.next().unwrap().is_empty());
            let seen = blocks.first().map(|block| {
                // Lines differ: the reader of enclosed fields counts a row from the empty lines before it.
                let (lines, fits) = (block.lines.len(), block.fits.clone());
                let misfits = block.misfits.count;
                (block.columns.clone(), lines, fits, block.total(), misfits)
            });
            (blocks.len(), seen)
        });
        let shown = String::from_utf8_lossy(&input);
        assert_eq!(plain, enclosed, "round {round}: {shown:?} {format:?}");
    }
}

#[test]
fn a_file_of_many_pieces_keeps_its_order_and_its_lines() {
    let row = |n: usize| format!("{n},{}\n", "x".repeat(n % 30));
    let input: String = (1..=200_000).map(row).collect();
    let mut csv = open(fed(input.as_bytes(), 300_000), comma(), assembler(None));
    let mut next = 1;
    loop {
        let blocks = csv.next().unwrap();
        if blocks.is_empty() {
            break;
        }
        for block in blocks {
            let expected: Vec<u64> = (next..next + block.lines.len() as u64).collect();
            assert_eq!(block.lines, expected);
            let ids = ints(&block).into_iter().map(|id| id.unwrap() as u64);
            assert_eq!(ids.collect::<Vec<_>>(), expected);
            next += expected.len() as u64;
        }
    }
    assert_eq!(next, 200_001);
}

fn enclosed() -> Format {
    Format {
        enclose: Some(b'"'),
        escape: Some(b'\\'),
        ..comma()
    }
}

fn pairs(block: &Block) -> Vec<(Option<i32>, Option<String>)> {
    ints(block).into_iter().zip(texts(block)).collect()
}

#[test]
fn each_sign_does_what_its_header_says() {
    let separated = |separator: &str, delimiter: &str| Format {
        separator: separator.as_bytes().to_vec(),
        delimiter: (!delimiter.is_empty()).then(|| delimiter.as_bytes().to_vec()),
        ..comma()
    };
    let trimmed = |enclose| Format {
        enclose,
        trim_space: true,
        ..comma()
    };
    let unquoted = Format {
        trim_double_quotes: true,
        ..comma()
    };
    for (input, format, expected) in [
        (
            "1||a\n2|||b\n",
            separated("||", ""),
            vec![(1, "a"), (2, "|b")],
        ),
        (
            "1\u{2299}a\n2\u{2299}\n",
            separated("\u{2299}", ""),
            vec![(1, "a"), (2, "")],
        ),
        (
            "1-d-a<br>2-d-b\n<br><br>",
            separated("-d-", "<br>"),
            vec![(1, "a"), (2, "b\n")],
        ),
        ("1,a;2,b;", separated(",", ";"), vec![(1, "a"), (2, "b")]),
        (
            "1,a,\n2,b,\n",
            separated(",", ",\n"),
            vec![(1, "a"), (2, "b")],
        ),
        ("1,\"a \\\"b\\\" c\"\n", enclosed(), vec![(1, "a \"b\" c")]),
        (
            "1,a\\,b\n2,\\\\N\n",
            enclosed(),
            vec![(1, "a,b"), (2, "\\N")],
        ),
        (
            "1,\"a\"\"b\"\n2,\"c\"d\"e\n",
            enclosed(),
            vec![(1, "a\"b"), (2, "cd\"e")],
        ),
        (
            " 1 , a b \n2,  \n",
            trimmed(None),
            vec![(1, "a b"), (2, "")],
        ),
        ("1 , \" a \" \n", trimmed(Some(b'"')), vec![(1, " a ")]),
        (
            "\"1\",\"a\"\n2,\"\n3,\"\"\n",
            unquoted,
            vec![(1, "a"), (2, "\""), (3, "")],
        ),
    ] {
        for piece in 1..input.len() + 1 {
            let block = read(input.as_bytes(), format.clone(), None, piece);
            let expected = expected
                .iter()
                .map(|(id, name)| (Some(*id), Some((*name).to_owned())));
            assert_eq!(
                pairs(&block),
                expected.collect::<Vec<_>>(),
                "{input:?} {format:?}"
            );
        }
    }
    let null = read(b"1,\\N\n2,a\\N\n", enclosed(), None, 3);
    assert_eq!(
        pairs(&null),
        [(Some(1), None), (Some(2), Some("aN".to_owned()))]
    );
}

#[test]
fn a_quote_that_never_closes_is_refused_with_its_line() {
    for input in [
        &b"1,a\n\n2,\"not closed\n3,b\n"[..],
        b"1,a\n\n2,\"closed\\\"\n",
    ] {
        for piece in 1..input.len() {
            let mut csv = open(fed(input, piece), enclosed(), assembler(None));
            let read = csv.next();
            assert!(
                matches!(&read, Err(Error::Input(why)) if why.starts_with("line 3:")),
                "{read:?}"
            );
        }
    }
}

/// Writes rows at random, and reads them: what comes back is what was written.
#[test]
fn what_was_written_with_any_signs_is_read_back() {
    let mut random = rand::rngs::StdRng::seed_from_u64(3);
    let any = |random: &mut rand::rngs::StdRng, all: &[&'static str]| {
        all[random.random_range(0..all.len())]
    };
    for round in 0..4000 {
        let separator = any(
            &mut random,
            &[",", "||", "-d-", "\u{2299}", "\x01\x02", "\t"],
        );
        let delimiter = any(&mut random, &["", "\n", ";", "<br>", "\r\n;"]);
        let end = if delimiter.is_empty() {
            any(&mut random, &["\n", "\r\n", "\r"])
        } else {
            delimiter
        };
        let escape = random.random_range(0..2) == 0;
        let format = Format {
            separator: separator.as_bytes().to_vec(),
            delimiter: (!delimiter.is_empty()).then(|| delimiter.as_bytes().to_vec()),
            enclose: Some(b'"'),
            escape: escape.then_some(b'\\'),
            ..comma()
        };
        let mut input = String::new();
        let mut expected = Vec::new();
        for id in 0..random.random_range(1..6) {
            let name: String = (0..random.random_range(0..6))
                .map(|_| {
                    any(
                        &mut random,
                        &[
                            "a", "\"", "\\", separator, end, "\n", " ", "\u{e9}", "|", "<",
                        ],
                    )
                })
                .collect();
            let inner: String = name
                .chars()
                .map(|c| match c {
                    '"' if escape && random.random_range(0..2) == 0 => "\\\"".to_owned(),
                    '"' => "\"\"".to_owned(),
                    '\\' if escape => "\\\\".to_owned(),
                    c => c.to_string(),
                })
                .collect();
            input += &format!("{id}{separator}\"{inner}\"");
            // The last row may have no end.
            input += if random.random_range(0..9) == 0 {
                ""
            } else {
                end
            };
            expected.push((Some(id), Some(name)));
            if !input.ends_with(end) {
                break;
            }
        }
        let piece = random.random_range(1..30);
        let block = read(input.as_bytes(), format.clone(), None, piece);
        assert_eq!(
            pairs(&block),
            expected,
            "round {round}: {input:?} {format:?}"
        );
        // Cut and damaged, it is read to its end or refused.
        let mut broken = input.into_bytes();
        broken.truncate(random.random_range(0..=broken.len()));
        if let Some(byte) = broken.first_mut() {
            *byte = random.random();
        }
        let mut csv = open(fed(&broken, piece), format, assembler(None));
        while let Ok(blocks) = csv.next() {
            let Some(block) = blocks.first() else { break };
            assert!(block.total() <= expected.len() as u64 + broken.len() as u64);
        }
    }
}
