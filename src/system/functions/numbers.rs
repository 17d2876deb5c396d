//! Functions of numbers that DataFusion lacks.

use crate::system::functions::arguments::Kind::{Double, Int, Text};
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
        "crc32",
        &[Text],
        Eval::Int(|r| Some(crc32fast::hash(r.text(0)?.as_bytes()).into())),
    ),
    Def::new(
        "format",
        &[Double, Int],
        Eval::Text(|r| {
            let digits = usize::try_from(r.int(1)?.clamp(0, 30)).ok()?;
            Some(grouped(&format!("{:.digits$}", r.double(0)?)))
        }),
    ),
    Def::new(
        "bin",
        &[Int],
        Eval::Text(|r| Some(format!("{:b}", r.int(0)?))),
    ),
    Def::new("cast_signed", &[Int], Eval::Int(|r| r.int(0))),
    Def::new("cast_double", &[Double], Eval::Double(|r| r.double(0))),
];

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
