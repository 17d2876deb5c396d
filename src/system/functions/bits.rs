//! Whole numbers as bits and in other bases: `&`, `|`, `~`, CONV, BIN, OCT, BIT_COUNT, INET_ATON.

use crate::system::functions::arguments::Kind::{Bits, Int, Text};
use crate::system::functions::arguments::Row;
use crate::system::functions::row_function::{Def, Eval};

/// The table of them. Numbers come as the 64 bits that they have.
pub const ALL: &[Def] = &[
    Def::new("cast_unsigned", &[Bits], Eval::Unsigned(|r| bits(r, 0))),
    Def::new("bit_not", &[Bits], Eval::Unsigned(|r| Some(!bits(r, 0)?))),
    Def::new(
        "bits_and",
        &[Bits, Bits],
        Eval::Unsigned(|r| Some(bits(r, 0)? & bits(r, 1)?)),
    ),
    Def::new(
        "bits_or",
        &[Bits, Bits],
        Eval::Unsigned(|r| Some(bits(r, 0)? | bits(r, 1)?)),
    ),
    Def::new(
        "bits_xor",
        &[Bits, Bits],
        Eval::Unsigned(|r| Some(bits(r, 0)? ^ bits(r, 1)?)),
    ),
    Def::new(
        "bits_left",
        &[Bits, Bits],
        Eval::Unsigned(|r| shifted(r, u64::checked_shl)),
    ),
    Def::new(
        "bits_right",
        &[Bits, Bits],
        Eval::Unsigned(|r| shifted(r, u64::checked_shr)),
    ),
    Def::new(
        "bit_count",
        &[Bits],
        Eval::Int(|r| Some(bits(r, 0)?.count_ones().into())),
    ),
    Def::new("bin", &[Text], Eval::Text(|r| conv(r.text(0)?, 10, 2))),
    Def::new("oct", &[Text], Eval::Text(|r| conv(r.text(0)?, 10, 8))),
    Def::new(
        "conv",
        &[Text, Int, Int],
        Eval::Text(|r| conv(r.text(0)?, r.int(1)?, r.int(2)?)),
    ),
    Def::new(
        "inet_aton",
        &[Text],
        Eval::Unsigned(|r| inet_aton(r.text(0)?)),
    ),
    Def::new(
        "inet_ntoa",
        &[Int],
        Eval::Text(|r| {
            let address = u32::try_from(r.int(0)?).ok()?;
            Some(std::net::Ipv4Addr::from(address).to_string())
        }),
    ),
];

fn bits(r: Row<'_>, n: usize) -> Option<u64> {
    r.int(n).map(i64::cast_unsigned)
}

/// All bits are gone where the shift is as wide as the number (MySQL).
fn shifted(r: Row<'_>, shift: fn(u64, u32) -> Option<u64>) -> Option<u64> {
    let by = u32::try_from(bits(r, 1)?).unwrap_or(u32::MAX);
    Some(shift(bits(r, 0)?, by).unwrap_or(0))
}

/// The number that `text` begins with in base `from`, in base `to`. A negative base reads or prints a sign.
fn conv(text: &str, from: i64, to: i64) -> Option<String> {
    let base = |base: i64| {
        u32::try_from(base.abs())
            .ok()
            .filter(|b| (2..=36).contains(b))
    };
    let (from_base, to_base) = (base(from)?, base(to)?);
    let text = Some(text.trim_start()).filter(|text| !text.is_empty())?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut read = 0_u64;
    for digit in digits.chars().map_while(|c| c.to_digit(from_base)) {
        let next = read.checked_mul(from_base.into());
        read = next
            .and_then(|n| n.checked_add(digit.into()))
            .unwrap_or(u64::MAX);
    }
    let signed = if negative { read.wrapping_neg() } else { read };
    let negative = to < 0 && signed.cast_signed() < 0;
    let mut rest = if negative {
        signed.wrapping_neg()
    } else {
        signed
    };
    let mut out = Vec::new();
    loop {
        let digit = u32::try_from(rest % u64::from(to_base)).ok()?;
        out.push(char::from_digit(digit, to_base)?.to_ascii_uppercase());
        rest /= u64::from(to_base);
        if rest == 0 {
            break;
        }
    }
    if negative {
        out.push('-');
    }
    Some(out.iter().rev().collect())
}

/// `a.b.c.d`; where there are fewer parts, the last is the end of the address (MySQL).
fn inet_aton(text: &str) -> Option<u64> {
    let parts = text.split('.').map(|part| {
        let digits =
            !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u8>().ok())?
    });
    let parts: Vec<u8> = parts.collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 {
        return None;
    }
    let mut address = 0_u64;
    for (part, shift) in first.iter().zip([24, 16, 8]) {
        address |= u64::from(*part) << shift;
    }
    Some(address | u64::from(*last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_change_their_base_as_in_mariadb() {
        let cases = [
            ("ff", 16, 10, "255"),
            ("6E", 18, 8, "172"),
            ("-17", 10, -18, "-H"),
            ("-17", 10, 18, "2D3FGB0B9CG4BD1H"),
            ("99999999999999999999", 10, 16, "FFFFFFFFFFFFFFFF"),
            ("zz", 10, 2, "0"),
        ];
        for (text, from, to, wanted) in cases {
            assert_eq!(conv(text, from, to).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(conv("1", 1, 10), None);
        assert_eq!(inet_aton("10.0.5.9"), Some(167_773_449));
        assert_eq!(inet_aton("10.9"), Some(167_772_169));
        assert_eq!(inet_aton("10.0.5.999"), None);
    }
}
