//! Bytes in headers: separators and other signs, some of which a header can't hold as they are.

use crate::load::error::Error;
use crate::load::source::csv;

/// Most bytes of a separator, as the field has it.
const SEPARATOR_MAX: usize = 50;

/// A separator of one or more bytes.
pub fn separator(header: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    let bytes = unescape(text);
    let why = match bytes.len() {
        0 => "it is empty".to_owned(),
        1..=SEPARATOR_MAX => return Ok(bytes),
        long => format!("it has {long} bytes, more than {SEPARATOR_MAX}"),
    };
    Err(Error::Header { header, why })
}

/// One byte; shells often leave a backslash before a quote.
pub fn one(header: &'static str, text: &str) -> Result<u8, Error> {
    let bare = match text.strip_prefix('\\') {
        Some(rest) if rest.len() == 1 => rest,
        _ => text,
    };
    match unescape(bare).as_slice() {
        [byte] => Ok(*byte),
        other => Err(Error::Header {
            header,
            why: format!("'{text}' is {} bytes, where one is expected", other.len()),
        }),
    }
}

/// Refuses signs that can't be told apart.
pub fn differ(format: &csv::Format) -> Result<(), Error> {
    let ends = match &format.delimiter {
        Some(bytes) => vec![bytes.as_slice()],
        None => vec![&b"\n"[..], b"\r", b"\r\n"],
    };
    let refused = |header: &'static str, other: &str| {
        let why = format!("it can't be told from {other}");
        Err(Error::Header { header, why })
    };
    if ends.contains(&format.separator.as_slice()) {
        return refused("column_separator", "the end of a row");
    }
    let first = |byte: &u8| {
        let mut all = ends.iter().copied().chain([format.separator.as_slice()]);
        all.any(|bytes| bytes.first() == Some(byte))
    };
    if format.enclose.as_ref().is_some_and(first) {
        return refused("enclose", "a separator");
    }
    if format.escape.as_ref().is_some_and(first) {
        return refused("escape", "a separator");
    }
    if format.escape.is_some() && format.escape == format.enclose {
        return refused(
            "escape",
            "'enclose'; a doubled 'enclose' is itself without it",
        );
    }
    Ok(())
}

/// `\t`, `\n`, `\r`, `\\`, `\x01` and `0x01`, as shells and clients write bytes that a header can't hold.
fn unescape(text: &str) -> Vec<u8> {
    if let Some(all) = text.strip_prefix("0x").and_then(hex) {
        return all;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let (byte, used) = match rest {
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'\\', ..] => (b'\\', 2),
            [b'\\', b'x' | b'X', ..] => match after.get(1..3).and_then(pair) {
                Some(byte) => (byte, 4),
                None => (b'\\', 1),
            },
            _ => (*byte, 1),
        };
        out.push(byte);
        rest = rest.get(used..).unwrap_or_default();
    }
    out
}

/// Pairs of hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks(2).map(pair).collect()
}

fn pair(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match digits {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    }
}
