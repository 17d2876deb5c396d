//! Where values of JSON begin and end, and what they are as text. No tree is made of them.
//!
//! Numbers are kept as they are written, so that no digit of a large one is lost.

use std::borrow::Cow;

/// Deepest nesting of a value.
pub const DEPTH_MAX: usize = 128;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The text ends before the value does.
    Short,
    /// What stands at a place can't stand there.
    Wrong(usize, &'static str),
}

/// The place of the first byte from `at` on that is no blank.
pub fn blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let blank = |b: &&u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r');
    at + rest.iter().take_while(blank).count()
}

/// The byte behind the value that begins at `at`.
pub fn value(text: &[u8], at: usize, depth: usize) -> Result<usize, Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::Wrong(at, "nested too deep"));
    }
    match text.get(at) {
        None => Err(Fault::Short),
        Some(b'{') => members(text, at, depth, &mut |_, _| {}),
        Some(b'[') => elements(text, at, depth, &mut |_| {}),
        Some(b'"') => string(text, at),
        Some(b't') => word(text, at, b"true"),
        Some(b'f') => word(text, at, b"false"),
        Some(b'n') => word(text, at, b"null"),
        Some(b'-' | b'0'..=b'9') => number(text, at),
        Some(_) => Err(Fault::Wrong(at, "no value of JSON")),
    }
}

/// Calls `each` with the key and the value of each member of an object, as spans; gives the byte behind it.
pub fn members(
    text: &[u8],
    at: usize,
    depth: usize,
    each: &mut dyn FnMut((usize, usize), (usize, usize)),
) -> Result<usize, Fault> {
    let mut at = blanks(text, at + 1);
    if text.get(at) == Some(&b'}') {
        return Ok(at + 1);
    }
    loop {
        match text.get(at) {
            Some(b'"') => {}
            None => return Err(Fault::Short),
            Some(_) => return Err(Fault::Wrong(at, "no key")),
        }
        let key = (at, string(text, at)?);
        at = sign(text, blanks(text, key.1), b':', "no colon behind a key")?;
        at = blanks(text, at);
        let end = value(text, at, depth + 1)?;
        each(key, (at, end));
        at = blanks(text, end);
        match text.get(at) {
            Some(b',') => at = blanks(text, at + 1),
            Some(b'}') => return Ok(at + 1),
            None => return Err(Fault::Short),
            Some(_) => return Err(Fault::Wrong(at, "neither ',' nor '}' behind a value")),
        }
    }
}

/// Calls `each` with each element of an array, as a span; gives the byte behind it.
pub fn elements(
    text: &[u8],
    at: usize,
    depth: usize,
    each: &mut dyn FnMut((usize, usize)),
) -> Result<usize, Fault> {
    let mut at = blanks(text, at + 1);
    if text.get(at) == Some(&b']') {
        return Ok(at + 1);
    }
    loop {
        let end = value(text, at, depth + 1)?;
        each((at, end));
        at = blanks(text, end);
        match text.get(at) {
            Some(b',') => at = blanks(text, at + 1),
            Some(b']') => return Ok(at + 1),
            None => return Err(Fault::Short),
            Some(_) => return Err(Fault::Wrong(at, "neither ',' nor ']' behind a value")),
        }
    }
}

fn sign(text: &[u8], at: usize, sign: u8, why: &'static str) -> Result<usize, Fault> {
    match text.get(at) {
        Some(byte) if *byte == sign => Ok(at + 1),
        Some(_) => Err(Fault::Wrong(at, why)),
        None => Err(Fault::Short),
    }
}

fn word(text: &[u8], at: usize, word: &'static [u8]) -> Result<usize, Fault> {
    let rest = text.get(at..).unwrap_or_default();
    if rest.starts_with(word) {
        return Ok(at + word.len());
    }
    match word.starts_with(rest) {
        true => Err(Fault::Short),
        false => Err(Fault::Wrong(at, "no value of JSON")),
    }
}

/// The byte behind a string. A line end within one is none of JSON: mostly a quote is missing.
pub fn string(text: &[u8], at: usize) -> Result<usize, Fault> {
    let mut at = at + 1;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(step) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | b'\n')) else {
            return Err(Fault::Short);
        };
        at += step;
        match text[at] {
            b'"' => return Ok(at + 1),
            b'\n' => return Err(Fault::Wrong(at, "a string that does not end on its line")),
            _ => at = escape(text, at)?,
        }
    }
}

/// The byte behind an escaped one.
fn escape(text: &[u8], at: usize) -> Result<usize, Fault> {
    match text.get(at + 1) {
        None => Err(Fault::Short),
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => {
            let digits = text.get(at + 2..).unwrap_or_default();
            let digits = &digits[..digits.len().min(4)];
            match digits.iter().all(u8::is_ascii_hexdigit) {
                true if digits.len() == 4 => Ok(at + 6),
                true => Err(Fault::Short),
                false => Err(Fault::Wrong(at, "not four hexadecimal digits behind \\u")),
            }
        }
        Some(_) => Err(Fault::Wrong(at, "no escape of JSON")),
    }
}

/// The byte behind a number. At the end of the text more digits may follow.
fn number(text: &[u8], at: usize) -> Result<usize, Fault> {
    let digits = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        let many = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        match (many, rest.is_empty()) {
            (0, true) => Err(Fault::Short),
            (0, false) => Err(Fault::Wrong(at, "no digit where one must be")),
            (many, _) => Ok(at + many),
        }
    };
    let start = at + usize::from(text.get(at) == Some(&b'-'));
    let mut end = digits(start)?;
    if end > start + 1 && text.get(start) == Some(&b'0') {
        return Err(Fault::Wrong(start, "a number that begins with 0"));
    }
    if text.get(end) == Some(&b'.') {
        end = digits(end + 1)?;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let signed = matches!(text.get(end + 1), Some(b'+' | b'-'));
        end = digits(end + 1 + usize::from(signed))?;
    }
    Ok(end)
}

/// What a string that was found to be one says.
pub fn unescaped(quoted: &[u8]) -> Cow<'_, [u8]> {
    let inner = quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default();
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [byte, after @ ..] = rest {
        let Some(code) = after.first().filter(|_| *byte == b'\\') else {
            out.push(*byte);
            rest = after;
            continue;
        };
        let mut used = 2;
        match code {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => {
                let (letter, length) = letter(rest);
                let mut bytes = [0; 4];
                out.extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
                used = length;
            }
            other => out.push(*other),
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    Cow::Owned(out)
}

/// The letter of `\u0041` or of a pair of them, and how many bytes it takes. Half a pair is no letter.
fn letter(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at + 2..at + 6)?;
        let begins = text.get(at..at + 2)? == b"\\u";
        let digits = std::str::from_utf8(digits).ok().filter(|_| begins)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0).unwrap_or_default();
    if let (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) = (first, unit(6)) {
        let pair = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(pair).unwrap_or('\u{fffd}'), 12);
    }
    (char::from_u32(first).unwrap_or('\u{fffd}'), 6)
}

/// A value without the blanks between its parts.
pub fn compact(value: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(byte) = value.get(at) {
        match byte {
            b'"' => {
                let end = string(value, at).unwrap_or(value.len());
                out.extend_from_slice(&value[at..end]);
                at = end;
            }
            b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            other => {
                out.push(*other);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
