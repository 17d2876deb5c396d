//! Bodies in each form, whole, cut and damaged.

use std::io::Write;

use super::*;
use crate::load::feed::feed;

fn packed(bytes: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => bytes.to_vec(),
        Compression::Gzip => {
            let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            to.write_all(bytes).unwrap();
            to.finish().unwrap()
        }
        Compression::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        Compression::Lz4 => {
            let mut to = lz4_flex::frame::FrameEncoder::new(Vec::new());
            to.write_all(bytes).unwrap();
            to.finish().unwrap()
        }
    }
}

fn body(bytes: &[u8], compression: Compression, piece: usize) -> Body {
    let (writer, feed) = feed(bytes.len() / piece + 2);
    for piece in bytes.chunks(piece) {
        writer.push(Bytes::copy_from_slice(piece)).unwrap();
    }
    writer.close();
    Body::new(feed, compression, true).unwrap()
}

fn all(mut body: Body) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.take()? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

const ALL: [Compression; 4] = [
    Compression::None,
    Compression::Gzip,
    Compression::Zstd,
    Compression::Lz4,
];

fn sample() -> Vec<u8> {
    (0..20_000_u32)
        .flat_map(|n| format!("{n},{}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

#[test]
fn a_body_is_the_same_in_each_form_however_it_comes() {
    let text = sample();
    for compression in ALL {
        let bytes = packed(&text, compression);
        for piece in [7, 4096, bytes.len()] {
            assert_eq!(
                all(body(&bytes, compression, piece)).unwrap(),
                text,
                "{compression:?}"
            );
        }
        let twice = [packed(b"a\n", compression), packed(b"b\n", compression)].concat();
        assert_eq!(
            all(body(&twice, compression, 3)).unwrap(),
            b"a\nb\n",
            "{compression:?}"
        );
        assert_eq!(
            all(body(&packed(b"", compression), compression, 5)).unwrap(),
            b""
        );
    }
}

#[test]
fn the_mark_of_utf_8_is_dropped_once() {
    for (given, expected) in [
        (&b"\xef\xbb\xbfa,1"[..], &b"a,1"[..]),
        (b"\xef\xbb\xbf", b""),
        (b"\xef\xbb", b"\xef\xbb"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", b"\xef\xbb\xbfa"),
        (b"a\xef\xbb\xbf", b"a\xef\xbb\xbf"),
        (b"", b""),
    ] {
        for compression in ALL {
            let bytes = packed(given, compression);
            for piece in 1..6 {
                assert_eq!(all(body(&bytes, compression, piece)).unwrap(), expected);
            }
        }
    }
}

#[test]
fn a_body_that_is_cut_or_damaged_is_an_error_or_the_same() {
    let text = sample();
    for compression in &ALL[1..] {
        let bytes = packed(&text, *compression);
        for end in (0..bytes.len()).step_by(bytes.len() / 97).skip(1) {
            let read = all(body(&bytes[..end], *compression, 4096));
            assert!(
                matches!(read, Err(Error::Input(_))),
                "{compression:?} cut at {end}"
            );
        }
        let other = all(body(&text, *compression, 4096));
        assert!(
            matches!(other, Err(Error::Input(_))),
            "{compression:?} of plain text"
        );
    }
}

#[test]
fn a_compressed_body_that_does_not_say_so_is_refused_with_the_header() {
    for (compression, name) in [
        (Compression::Gzip, "gzip"),
        (Compression::Zstd, "zstd"),
        (Compression::Lz4, "lz4_frame"),
    ] {
        let said = all(body(&packed(b"a", compression), Compression::None, 1));
        let said = said.unwrap_err().to_string();
        assert!(said.contains(&format!("compression: {name}")), "{said}");
    }
}

#[test]
fn a_body_that_grows_without_end_is_refused() {
    let zeros = vec![0_u8; GROWN_MIN as usize + 1];
    let bytes = zstd::encode_all(zeros.as_slice(), 1).unwrap();
    let refused = all(body(&bytes, Compression::Zstd, 1 << 20));
    assert!(matches!(refused, Err(Error::Input(why)) if why.contains("unpacks to more")));
}
