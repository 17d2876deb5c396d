//! Text to numbers and truth values.

use crate::load::misfit::Reason;

/// An integer of any width: an optional sign and digits. `1.0` and `1e3` are integers too; what has a fraction is none.
pub fn integer<T: TryFrom<i128>>(text: &[u8]) -> Result<T, Reason> {
    match digits_only(text) {
        Err(Reason::BadValue) => {
            let value = whole(text)?;
            T::try_from(value).map_err(|_| Reason::OutOfRange)
        }
        read => read,
    }
}

/// A number with a point or an exponent that has no fraction.
fn whole(text: &[u8]) -> Result<i128, Reason> {
    let (negative, unsigned) = sign(text);
    let (mantissa, exponent) = exponent(unsigned)?;
    let point = mantissa.iter().position(|b| *b == b'.');
    let before = point.unwrap_or(mantissa.len());
    let digits: Vec<u8> = mantissa.iter().copied().filter(|b| *b != b'.').collect();
    let one_point = mantissa.len() - digits.len() <= 1;
    if digits.is_empty() || !one_point || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Reason::BadValue);
    }
    if digits.iter().all(|digit| *digit == b'0') {
        return Ok(0);
    }
    let kept = before as i64 + i64::from(exponent);
    let kept = usize::try_from(kept).map_err(|_| Reason::BadValue)?;
    let (units, fraction) = digits.split_at(kept.min(digits.len()));
    if fraction.iter().any(|digit| *digit != b'0') {
        return Err(Reason::BadValue);
    }
    let zeros = kept - units.len();
    if zeros > 39 {
        return Err(Reason::OutOfRange);
    }
    let all: Vec<u8> = units.iter().copied().chain(vec![b'0'; zeros]).collect();
    wide(&all, negative).ok_or(Reason::OutOfRange)
}

/// An optional sign and digits, nothing else.
fn digits_only<T: TryFrom<i128>>(text: &[u8]) -> Result<T, Reason> {
    let (negative, digits) = sign(text);
    if digits.is_empty() {
        return Err(Reason::BadValue);
    }
    // Eighteen digits fit 64 bits: the usual case, and the fast one.
    let value = if digits.len() <= 18 {
        let mut magnitude = 0_i64;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Err(Reason::BadValue);
            }
            magnitude = magnitude * 10 + i64::from(digit);
        }
        i128::from(if negative { -magnitude } else { magnitude })
    } else if digits.iter().all(u8::is_ascii_digit) {
        wide(digits, negative).ok_or(Reason::OutOfRange)?
    } else {
        return Err(Reason::BadValue);
    };
    T::try_from(value).map_err(|_| Reason::OutOfRange)
}

/// A decimal integer of at most eight bytes, all read at once: the last `length` bytes of `word`, whose last one is highest.
/// `None` for any other text, and for some that [`integer`] reads.
#[inline]
pub fn short(word: u64, length: u32) -> Option<i64> {
    if !(1..=8).contains(&length) {
        return None;
    }
    let negative = (word >> (64 - 8 * length)) as u8 == b'-';
    let digits = length - u32::from(negative);
    let value = match digits {
        0 => return None,
        1..=4 => four_digits((word >> 32) as u32, digits)?,
        _ => eight_digits(word, digits)?,
    };
    let value = i64::from(value);
    Some(if negative { -value } else { value })
}

/// One to four digits, the last ones of a word.
#[inline]
fn four_digits(word: u32, digits: u32) -> Option<u32> {
    const ZEROS: u32 = 0x3030_3030;
    const HIGHS: u32 = 0xf0f0_f0f0;
    // What stands before the digits becomes zeros.
    let before = 32 - 8 * digits;
    let word = (word >> before << before) | (ZEROS & ((1 << before) - 1));
    // Digits and no others keep their high half when 6 is added. Nothing below can overflow, but for what is cut off.
    if word & HIGHS != ZEROS || word.wrapping_add(0x0606_0606) & HIGHS != ZEROS {
        return None;
    }
    // Pairs of digits, then both; the first digit is lowest.
    let ones = word & 0x0f0f_0f0f;
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8) & 0x00ff_00ff;
    Some(pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0xffff)
}

/// Five to eight digits, the last ones of a word.
fn eight_digits(word: u64, digits: u32) -> Option<u32> {
    let last = four_digits((word >> 32) as u32, 4)?;
    let first = four_digits(word as u32, digits.checked_sub(4)?)?;
    Some(first * 10_000 + last)
}

/// Digits to a number; counted downwards, because the least number has no positive twin.
fn wide(digits: &[u8], negative: bool) -> Option<i128> {
    let below = digits.iter().try_fold(0_i128, |value, digit| {
        value.checked_mul(10)?.checked_sub(i128::from(digit - b'0'))
    })?;
    if negative {
        Some(below)
    } else {
        below.checked_neg()
    }
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    }
}

/// A finite 64-bit number in decimal or exponent form.
pub fn float64(text: &[u8]) -> Result<f64, Reason> {
    let value: f64 = finite_form(text)?.parse().map_err(|_| Reason::BadValue)?;
    if value.is_finite() {
        // -0 becomes 0: to MySQL they are one number, to comparisons and groups of doubles they are two.
        Ok(value + 0.0)
    } else {
        Err(Reason::OutOfRange)
    }
}

/// A finite 32-bit number in decimal or exponent form.
pub fn float32(text: &[u8]) -> Result<f32, Reason> {
    let value: f32 = finite_form(text)?.parse().map_err(|_| Reason::BadValue)?;
    if value.is_finite() {
        // -0 becomes 0: to MySQL they are one number, to comparisons and groups of doubles they are two.
        Ok(value + 0.0)
    } else {
        Err(Reason::OutOfRange)
    }
}

/// Refuses the words (`inf`, `nan`) that Rust takes for numbers and SQL does not.
fn finite_form(text: &[u8]) -> Result<&str, Reason> {
    let (_, digits) = sign(text);
    match digits.first() {
        Some(b'0'..=b'9' | b'.') => std::str::from_utf8(text).map_err(|_| Reason::BadValue),
        _ => Err(Reason::BadValue),
    }
}

/// `true`, `false`, `1` or `0`, in any case.
pub fn boolean(text: &[u8]) -> Result<bool, Reason> {
    match text {
        b"1" => Ok(true),
        b"0" => Ok(false),
        _ if text.eq_ignore_ascii_case(b"true") => Ok(true),
        _ if text.eq_ignore_ascii_case(b"false") => Ok(false),
        _ => Err(Reason::BadValue),
    }
}

/// A decimal as an integer of units of its last digit. Digits behind the scale are rounded, half away from zero, as
/// MySQL does; more digits than the precision are out of range.
pub fn decimal(text: &[u8], precision: u8, scale: u8) -> Result<i128, Reason> {
    let (negative, unsigned) = sign(text);
    let (mantissa, exponent) = exponent(unsigned)?;
    let (whole, fraction) = match mantissa.iter().position(|b| *b == b'.') {
        Some(dot) => (&mantissa[..dot], &mantissa[dot + 1..]),
        None => (mantissa, &mantissa[mantissa.len()..]),
    };
    let digits = || whole.iter().chain(fraction);
    if digits().next().is_none() || !digits().all(u8::is_ascii_digit) {
        return Err(Reason::BadValue);
    }
    // How many of the digits stand before the unit's end; more than there are means zeros to append.
    let kept = whole.len() as i64 + i64::from(exponent) + i64::from(scale);
    let mut value = 0_i128;
    let mut seen = 0_i64;
    for digit in digits() {
        let digit = i128::from(digit - b'0');
        if seen < kept {
            value = push(value, digit)?;
        } else {
            if seen == kept && digit >= 5 {
                value = value.checked_add(1).ok_or(Reason::OutOfRange)?;
            }
            break;
        }
        seen += 1;
    }
    while seen < kept && value != 0 {
        value = push(value, 0)?;
        seen += 1;
    }
    let limit = 10_i128
        .checked_pow(u32::from(precision))
        .unwrap_or(i128::MAX);
    if value >= limit {
        return Err(Reason::OutOfRange);
    }
    Ok(if negative { -value } else { value })
}

fn push(value: i128, digit: i128) -> Result<i128, Reason> {
    value
        .checked_mul(10)
        .and_then(|v| v.checked_add(digit))
        .ok_or(Reason::OutOfRange)
}

fn exponent(text: &[u8]) -> Result<(&[u8], i32), Reason> {
    match text.iter().position(|b| matches!(b, b'e' | b'E')) {
        None => Ok((text, 0)),
        Some(at) => {
            let exponent = match digits_only::<i32>(&text[at + 1..]) {
                // Beyond any precision the sign alone decides: zero or out of range.
                Err(Reason::OutOfRange) if text.get(at + 1) == Some(&b'-') => i32::MIN / 2,
                Err(Reason::OutOfRange) => i32::MAX / 2,
                other => other?,
            };
            Ok((&text[..at], exponent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_hold_their_range_to_the_last_value() {
        assert_eq!(integer::<i8>(b"-128"), Ok(-128));
        assert_eq!(integer::<i8>(b"128"), Err(Reason::OutOfRange));
        assert_eq!(integer::<i64>(b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(
            integer::<i64>(b"9223372036854775808"),
            Err(Reason::OutOfRange)
        );
        let least = b"-170141183460469231731687303715884105728";
        assert_eq!(integer::<i128>(least), Ok(i128::MIN));
        assert_eq!(integer::<i128>(&least[1..]), Err(Reason::OutOfRange));
        assert_eq!(integer::<i32>(b"+0012"), Ok(12));
        for (text, value) in [
            ("1.0", 1),
            ("1e3", 1000),
            ("-1.50e1", -15),
            ("+2.", 2),
            ("1200e-2", 12),
            ("0e99999", 0),
            ("00.00", 0),
            ("-2147483648.0", i32::MIN),
        ] {
            assert_eq!(integer::<i32>(text.as_bytes()), Ok(value), "{text}");
        }
        for large in ["2147483648.0", "1e10", "1e99999999999", "-1e39", "1e40"] {
            let read = integer::<i32>(large.as_bytes());
            assert_eq!(read, Err(Reason::OutOfRange), "{large}");
        }
        for bad in [
            "",
            "-",
            "1.5",
            "1e-1",
            "15e-99999999999",
            ".",
            "1.0.0",
            "e3",
            "1e",
            "0x10",
            "NA",
            "1 2",
        ] {
            assert_eq!(
                integer::<i32>(bad.as_bytes()),
                Err(Reason::BadValue),
                "{bad}"
            );
        }
    }

    #[test]
    fn eight_bytes_at_once_are_read_as_one_by_one() {
        let word = |text: &str| {
            let mut bytes = *b"9-5,4;3\n";
            bytes[8 - text.len()..].copy_from_slice(text.as_bytes());
            u64::from_le_bytes(bytes)
        };
        for value in (0..1000).chain([9999, 12_345, 999_999, 1_234_567, 9_999_999]) {
            for text in [
                value.to_string(),
                format!("-{value}"),
                format!("{value:08}"),
            ] {
                let read = short(word(&text), text.len() as u32);
                assert_eq!(read, integer(text.as_bytes()).ok(), "{text}");
            }
        }
        for byte in (0..=127).filter(|byte: &u8| !byte.is_ascii_digit()) {
            for place in 0..8 {
                let mut bytes = *b"12345678";
                bytes[place] = byte;
                let expected = (place == 0 && byte == b'-').then_some(-2_345_678);
                assert_eq!(short(u64::from_le_bytes(bytes), 8), expected, "{byte}");
            }
        }
        assert_eq!(short(u64::from_le_bytes([0xff; 8]), 8), None);
        assert_eq!(short(word("-"), 1), None);
        assert_eq!((short(word("1"), 0), short(word("1"), 9)), (None, None));
    }

    #[test]
    fn floats_are_finite() {
        assert_eq!(float64(b"-1.5e3"), Ok(-1500.0));
        assert_eq!(float64(b".5"), Ok(0.5));
        assert_eq!(float64(b"1e999"), Err(Reason::OutOfRange));
        assert_eq!(float32(b"1e39"), Err(Reason::OutOfRange));
        for bad in ["inf", "-NaN", "1,5", "e5"] {
            assert_eq!(float64(bad.as_bytes()), Err(Reason::BadValue), "{bad}");
        }
    }

    #[test]
    fn decimals_round_half_away_from_zero_and_keep_their_precision() {
        assert_eq!(decimal(b"1.005", 9, 2), Ok(101));
        assert_eq!(decimal(b"-1.005", 9, 2), Ok(-101));
        assert_eq!(decimal(b"1.0049", 9, 2), Ok(100));
        assert_eq!(decimal(b"12", 4, 2), Ok(1200));
        assert_eq!(decimal(b"1.2e1", 4, 2), Ok(1200));
        assert_eq!(decimal(b"12e-3", 4, 2), Ok(1));
        assert_eq!(decimal(b"5e-3", 4, 2), Ok(1));
        assert_eq!(decimal(b"5e-4", 4, 2), Ok(0));
        assert_eq!(decimal(b"99.994", 4, 2), Ok(9999));
        assert_eq!(decimal(b"99.995", 4, 2), Err(Reason::OutOfRange));
        assert_eq!(decimal(b"0e999999999999", 4, 2), Ok(0));
        assert_eq!(decimal(b"1e999999999999", 4, 2), Err(Reason::OutOfRange));
        assert_eq!(decimal(b"1e-999999999999", 4, 2), Ok(0));
        let most = [b'9'; 38];
        assert_eq!(decimal(&most, 38, 0), Ok(10_i128.pow(38) - 1));
        for bad in ["", ".", "1.2.3", "abc", "1e", "--1"] {
            assert_eq!(
                decimal(bad.as_bytes(), 9, 2),
                Err(Reason::BadValue),
                "{bad}"
            );
        }
    }

    #[test]
    fn truth_values_have_four_spellings() {
        assert_eq!(boolean(b"TRUE"), Ok(true));
        assert_eq!(boolean(b"0"), Ok(false));
        assert_eq!(boolean(b"2"), Err(Reason::BadValue));
        assert_eq!(boolean(b"yes"), Err(Reason::BadValue));
    }
}
