//! Digests and encodings of bytes: MD5, SHA1, SHA2, CRC32, HEX, UNHEX, TO_BASE64, FROM_BASE64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::system::functions::arguments::Kind::{Bytes, Hex, Int};
use crate::system::functions::arguments::Row;
use crate::system::functions::md5::md5;
use crate::system::functions::row_function::{Def, Eval, TooLong};

/// Characters of a line of TO_BASE64.
const LINE: usize = 76;

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new(
        "md5",
        &[Bytes],
        Eval::Text(|r| Some(digits(&md5(r.bytes(0)?)))),
    ),
    Def::new("sha1", &[Bytes], Eval::Text(sha_1)),
    Def::new("sha", &[Bytes], Eval::Text(sha_1)),
    Def::new("sha2", &[Bytes, Int], Eval::Text(sha_2)),
    Def::new(
        "crc32",
        &[Bytes],
        Eval::Int(|r| Some(crc32fast::hash(r.bytes(0)?).into())),
    ),
    // The digits are made when the argument is read: those of a number are not those of its text.
    Def::new("hex", &[Hex], Eval::Text(|r| r.text(0).map(str::to_owned))),
    Def::new("unhex", &[Bytes], Eval::Bytes(|r| unhex(r.bytes(0)?))),
    Def::new("to_base64", &[Bytes], Eval::Long(to_base64)),
    Def::new("from_base64", &[Bytes], Eval::Bytes(from_base64)),
];

/// Bytes as hexadecimal digits in lower case.
fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha_1(r: Row<'_>) -> Option<String> {
    Some(digits(&Sha1::digest(r.bytes(0)?)))
}

fn sha_2(r: Row<'_>) -> Option<String> {
    let bytes = r.bytes(0)?;
    Some(match r.int(1)? {
        0 | 256 => digits(&Sha256::digest(bytes)),
        224 => digits(&Sha224::digest(bytes)),
        384 => digits(&Sha384::digest(bytes)),
        512 => digits(&Sha512::digest(bytes)),
        _ => return None,
    })
}

/// A digit that is missing in front is 0; what is no digit makes it NULL.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |c: &u8| {
        char::from(*c)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let digits = text.iter().map(digit).collect::<Option<Vec<u8>>>()?;
    let (first, rest) = digits.split_at(digits.len() % 2);
    let pairs = rest.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]);
    Some(first.iter().copied().chain(pairs).collect())
}

fn to_base64(r: Row<'_>, longest: usize) -> Result<Option<String>, TooLong> {
    let Some(bytes) = r.bytes(0) else {
        return Ok(None);
    };
    if bytes.len() / 3 * 4 > longest {
        return Err(TooLong);
    }
    let encoded = STANDARD.encode(bytes);
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE);
    for (at, c) in encoded.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    Ok(Some(out))
}

fn from_base64(r: Row<'_>) -> Option<Vec<u8>> {
    let text: Vec<u8> = r
        .bytes(0)?
        .iter()
        .copied()
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    STANDARD.decode(text).ok()
}
