//! Functions of numbers that DataFusion lacks.

use crate::system::functions::arguments::Kind::{Double, Int, Text};
use crate::system::functions::arguments::leading_number;
use crate::system::functions::row_function::{Def, Eval};

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new(
        "sign",
        &[Double],
        Eval::Int(|r| {
            let n = r.double(0)?;
            Some(if n > 0.0 {
                1
            } else if n < 0.0 {
                -1
            } else {
                0
            })
        }),
    ),
    Def::new(
        "format",
        &[Text, Int],
        Eval::Text(|r| {
            let digits = usize::try_from(r.int(1)?.clamp(0, 30)).ok()?;
            Some(grouped(&rounded(r.text(0)?, digits)))
        }),
    ),
    Def::new("cast_signed", &[Int], Eval::Int(|r| r.int(0))),
    Def::new("cast_double", &[Double], Eval::Double(|r| r.double(0))),
];

/// The number that a text begins with, rounded half away from zero to so many digits behind the point.
pub fn rounded(text: &str, digits: usize) -> String {
    let text = text.trim_start();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    if whole.is_empty() || !plain(whole) || !plain(fraction) {
        return format!("{:.digits$}", leading_number(text));
    }
    let up = fraction.as_bytes().get(digits).is_some_and(|b| *b >= b'5');
    let kept = fraction.get(..digits).unwrap_or(fraction);
    let mut all: Vec<u8> = format!("0{whole}{kept:0<digits$}").into_bytes();
    if up {
        for digit in all.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                break;
            }
        }
    }
    let all = String::from_utf8(all).unwrap_or_default();
    let (whole, fraction) = all.split_at(all.len() - digits);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match digits {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

/// `1234567.89` as `1,234,567.89`.
fn grouped(number: &str) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut out = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}
