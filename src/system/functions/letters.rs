//! Functions of single letters and places in a text: case, trimming, INSERT, SOUNDEX, MAKE_SET, CHAR.

use crate::system::functions::arguments::Kind::{Bits, Bytes, Int, Text};
use crate::system::functions::arguments::Row;
use crate::system::functions::row_function::{Def, Eval, TooLong};

macro_rules! texts_of_one {
    ($($name:literal = $f:expr;)+) => {
        /// The table of them.
        pub const ALL: &[Def] = &[
            $(Def::new($name, &[Text], Eval::Text(|r| {
                let f: fn(&str) -> String = $f;
                Some(f(r.text(0)?))
            })),)+
            Def::new("trim_both", &[Text, Text], Eval::Text(|r| trimmed(r, true, true))),
            Def::new("trim_leading", &[Text, Text], Eval::Text(|r| trimmed(r, true, false))),
            Def::new("trim_trailing", &[Text, Text], Eval::Text(|r| trimmed(r, false, true))),
            Def::new("char_length", &[Text], Eval::Int(|r| length(r.text(0)?))),
            Def::new("character_length", &[Text], Eval::Int(|r| length(r.text(0)?))),
            Def::new("ascii", &[Bytes], Eval::Int(|r| Some(r.bytes(0)?.first().copied().unwrap_or(0).into()))),
            Def::new("ord", &[Text], Eval::Int(|r| Some(ord(r.text(0)?)))),
            Def::new("bit_length", &[Bytes], Eval::Int(|r| i64::try_from(r.bytes(0)?.len()).ok()?.checked_mul(8))),
            Def::new("insert_text", &[Text, Int, Int, Text], Eval::Long(insert)),
            Def::new("make_set", &[Bits], Eval::Text(make_set)).rest(Text),
            Def::new("export_set", &[Bits, Text, Text, Text, Int], Eval::Long(export_set)).optional(2),
            Def::new("char_of", &[Bits], Eval::Bytes(char_of)).rest(Bits),
            Def::new("cut", &[Text, Int], Eval::Text(|r| {
                let most = usize::try_from(r.int(1)?).ok()?;
                Some(r.text(0)?.chars().take(most).collect())
            })),
            Def::new("find_in_set", &[Text, Text], Eval::Int(|r| find_in_set(r.text(0)?, r.text(1)?))),
        ];
    };
}

texts_of_one! {
    "upper" = str::to_uppercase;
    "ucase" = str::to_uppercase;
    "lower" = str::to_lowercase;
    "lcase" = str::to_lowercase;
    "trim" = |t| t.trim_matches(' ').to_owned();
    "ltrim" = |t| t.trim_start_matches(' ').to_owned();
    "rtrim" = |t| t.trim_end_matches(' ').to_owned();
    "reverse" = |t| t.chars().rev().collect();
    "soundex" = soundex;
}

fn length(text: &str) -> Option<i64> {
    i64::try_from(text.chars().count()).ok()
}

/// `TRIM([BOTH | LEADING | TRAILING] what FROM text)`: the whole of `what`, as often as it stands there.
fn trimmed(r: Row<'_>, front: bool, back: bool) -> Option<String> {
    let (mut text, what) = (r.text(0)?, r.text(1)?);
    if what.is_empty() {
        return Some(text.to_owned());
    }
    while let Some(rest) = front.then(|| text.strip_prefix(what)).flatten() {
        text = rest;
    }
    while let Some(rest) = back.then(|| text.strip_suffix(what)).flatten() {
        text = rest;
    }
    Some(text.to_owned())
}

/// The bytes of the first letter, read as one number.
fn ord(text: &str) -> i64 {
    let first = text.chars().next();
    let mut buffer = [0; 4];
    let bytes = first.map_or(&[][..], |c| c.encode_utf8(&mut buffer).as_bytes());
    bytes.iter().fold(0, |n, byte| n << 8 | i64::from(*byte))
}

/// INSERT(text, from, letters, new).
fn insert(r: Row<'_>, longest: usize) -> Result<Option<String>, TooLong> {
    let (Some(text), Some(from), Some(letters), Some(new)) =
        (r.text(0), r.int(1), r.int(2), r.text(3))
    else {
        return Ok(None);
    };
    let many = text.chars().count();
    let from = usize::try_from(from).ok().and_then(|n| n.checked_sub(1));
    let Some(from) = from.filter(|from| *from < many) else {
        return Ok(Some(text.to_owned()));
    };
    if text.len().saturating_add(new.len()) > longest {
        return Err(TooLong);
    }
    let letters = usize::try_from(letters).unwrap_or(many);
    let head = text.chars().take(from);
    let tail = text.chars().skip(from.saturating_add(letters));
    Ok(Some(head.chain(new.chars()).chain(tail).collect()))
}

fn make_set(r: Row<'_>) -> Option<String> {
    let bits = r.int(0)?;
    let set = (1..r.len().min(65)).filter(|n| bits >> (n - 1) & 1 == 1);
    let texts: Vec<&str> = set.filter_map(|n| r.text(n)).collect();
    Some(texts.join(","))
}

fn export_set(r: Row<'_>, longest: usize) -> Result<Option<String>, TooLong> {
    let (Some(bits), Some(on), Some(off)) = (r.int(0), r.text(1), r.text(2)) else {
        return Ok(None);
    };
    let between = if r.len() > 3 { r.text(3) } else { Some(",") };
    let many = if r.len() > 4 { r.int(4) } else { Some(64) };
    let (Some(between), Some(many)) = (between, many) else {
        return Ok(None);
    };
    let many = usize::try_from(many).unwrap_or(64).min(64);
    let one = on.len().max(off.len()).saturating_add(between.len());
    if one.saturating_mul(many) > longest {
        return Err(TooLong);
    }
    let texts = (0..many).map(|n| if bits >> n & 1 == 1 { on } else { off });
    Ok(Some(texts.collect::<Vec<&str>>().join(between)))
}

/// CHAR(n, ..): the bytes of each number, without the zeros in front. NULL is left out.
fn char_of(r: Row<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for n in (0..r.len()).filter_map(|n| r.int(n)) {
        // MySQL takes 32 bits of each.
        let bytes = (n as u32).to_be_bytes();
        let skip = bytes.iter().take_while(|byte| **byte == 0).count().min(3);
        out.extend(bytes.iter().skip(skip));
    }
    Some(out)
}

fn find_in_set(text: &str, set: &str) -> Option<i64> {
    if set.is_empty() {
        return Some(0);
    }
    let at = set.split(',').position(|part| part == text);
    i64::try_from(at.map_or(0, |at| at + 1)).ok()
}

/// The first letter, and the sounds of those behind it, without vowels and repetitions.
fn soundex(text: &str) -> String {
    const CODES: &[u8; 26] = b"01230120022455012623010202";
    let code = |c: char| {
        let at = usize::try_from(u32::from(c.to_ascii_uppercase()).wrapping_sub(65)).ok()?;
        CODES.get(at).copied()
    };
    let mut letters = text.chars().skip_while(|c| !c.is_alphabetic());
    let Some(first) = letters.next() else {
        return String::new();
    };
    let mut out = first.to_uppercase().to_string();
    let mut last = code(first).unwrap_or(b'0');
    for letter in letters.filter(|c| c.is_alphabetic()) {
        let Some(sound) = code(letter) else {
            continue;
        };
        // A vowel between two equal sounds does not keep them apart in MySQL.
        if sound != last && sound != b'0' {
            out.push(char::from(sound));
            last = sound;
        }
    }
    while out.chars().count() < 4 {
        out.push('0');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_are_those_of_mariadb() {
        for (text, sound) in [
            ("Hello", "H400"),
            ("Quadratically", "Q36324"),
            ("", ""),
            ("Robert", "R163"),
            ("Tymczak", "T520"),
            ("Ashcraft", "A2613"),
        ] {
            assert_eq!(soundex(text), sound, "{text}");
        }
        assert_eq!(ord("ä"), 50_084);
    }
}
