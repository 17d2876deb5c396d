//! What headers are read as.

use super::*;

fn read(headers: &[(&str, &str)]) -> Result<Options, Error> {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()));
    Options::read(&Given::new(headers))
}

fn csv(headers: &[(&str, &str)]) -> csv::Format {
    match read(headers).unwrap().format {
        Format::Csv(format) => format,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_headers_the_field_s_defaults_hold() {
    let options = read(&[]).unwrap();
    assert_eq!(
        (
            options.timeout_ms,
            options.max_filter_ratio,
            options.lenient
        ),
        (0, 0.0, false)
    );
    assert_eq!(options.compression, Compression::None);
    let format = csv(&[]);
    assert_eq!(
        (format.separator, format.enclose, format.skip_header),
        (b"\t".to_vec(), None, 0)
    );
}

#[test]
fn separators_are_read_in_every_spelling() {
    for (text, bytes) in [
        (",", &b","[..]),
        ("\\t", b"\t"),
        ("\\x01", b"\x01"),
        ("\\x01\\x02", b"\x01\x02"),
        ("0x01", b"\x01"),
        ("0x0102", b"\x01\x02"),
        ("|", b"|"),
        (" ", b" "),
        ("||", b"||"),
        ("-d-", b"-d-"),
        ("\u{2299}", "\u{2299}".as_bytes()),
        ("\\xA7", b"\xa7"),
    ] {
        assert_eq!(
            csv(&[("column_separator", text)]).separator,
            bytes,
            "{text}"
        );
        let ends = csv(&[("column_separator", "~"), ("line_delimiter", text)]);
        assert_eq!(ends.delimiter.as_deref(), Some(bytes), "{text}");
    }
    assert_eq!(csv(&[("enclose", "\\\"")]).enclose, Some(b'"'));
    assert_eq!(csv(&[("escape", "\\")]).escape, Some(b'\\'));
    assert_eq!(csv(&[("escape", "\\\\")]).escape, Some(b'\\'));
    assert_eq!(csv(&[("row_delimiter", "\\r\\n")]).delimiter, None);
    assert_eq!(
        csv(&[("row_delimiter", "<br>")]).delimiter,
        Some(b"<br>".to_vec())
    );
}

#[test]
fn signs_that_can_not_be_told_apart_are_refused() {
    for wrong in [
        &[("column_separator", "")][..],
        &[("column_separator", "\\n")],
        &[("column_separator", ";"), ("row_delimiter", ";")],
        &[("column_separator", ","), ("enclose", ",")],
        &[("column_separator", ","), ("escape", ",")],
        &[("escape", "'"), ("enclose", "'")],
        &[("enclose", "ab")],
        &[("null_marker", "NA"), ("empty_field_as_null", "true")],
    ] {
        let refused = read(wrong);
        assert!(matches!(refused, Err(Error::Header { .. })), "{wrong:?}");
    }
    let long = "x".repeat(51);
    assert!(read(&[("column_separator", &long)]).is_err());
    assert!(read(&[("column_separator", &long[1..])]).is_ok());
}

#[test]
fn names_and_numbers_are_read_and_checked() {
    let options = read(&[
        ("columns", " a, `b` ,c"),
        ("timeout", "7"),
        ("max_filter_ratio", "0.25"),
        ("strict_mode", "FALSE"),
    ]);
    let options = options.unwrap();
    assert_eq!(
        options.columns,
        Some(["a", "b", "c"].map(str::to_owned).to_vec())
    );
    assert_eq!(
        (
            options.timeout_ms,
            options.max_filter_ratio,
            options.lenient
        ),
        (7000, 0.25, true)
    );
    for wrong in [
        ("timeout", "0"),
        ("timeout", "soon"),
        ("max_filter_ratio", "NaN"),
        ("max_filter_ratio", "1.1"),
        ("label", "a b"),
        ("skip_header", "-1"),
        ("skip_lines", "two"),
        ("strict_mode", "maybe"),
        ("timezone", "Mars"),
    ] {
        assert!(
            matches!(read(&[wrong]), Err(Error::Header { .. })),
            "{wrong:?}"
        );
    }
}

#[test]
fn both_spellings_of_a_header_are_read() {
    assert_eq!(csv(&[("skip_lines", "2")]).skip_header, 2);
    assert_eq!(csv(&[("skip_header", "2")]).skip_header, 2);
    assert_eq!(
        csv(&[("format", "csv_with_names"), ("skip_lines", "2")]).skip_header,
        3
    );
    for (name, value, expected) in [
        ("compression", "gzip", Compression::Gzip),
        ("compress_type", "GZ", Compression::Gzip),
        ("content-encoding", "gzip", Compression::Gzip),
        ("compression", "zstd", Compression::Zstd),
        ("compress_type", "lz4frame", Compression::Lz4),
        ("content-encoding", "identity", Compression::None),
    ] {
        assert_eq!(read(&[(name, value)]).unwrap().compression, expected);
    }
}

#[test]
fn what_would_change_the_rows_and_is_not_offered_is_refused() {
    for refused in [
        ("columns", "a, b = a + 1"),
        ("format", "orc"),
        ("compression", "bzip2"),
        ("compression", "deflate"),
    ] {
        assert!(
            matches!(read(&[refused]), Err(Error::NotSupported(_))),
            "{refused:?}"
        );
    }
    assert!(matches!(
        read(&[("where", "a > 1")]),
        Err(Error::RefusedHeader { .. })
    ));
}
