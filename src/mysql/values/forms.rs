//! How a value looks in a packet: printed in the text protocol, packed in the binary one. Bytes, which look the same in
//! both, and NULL are not printed here.

use std::io::{self, Write};

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use crate::mysql::values::Value;

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// As text.
pub fn print(value: &Value<'_>, to: &mut impl Write) -> io::Result<()> {
    match value {
        Value::Null | Value::Bytes(_) => Ok(()),
        Value::Tiny(n) => write!(to, "{n}"),
        Value::Short(n) => write!(to, "{n}"),
        Value::Int(n) => write!(to, "{n}"),
        Value::Big(n) => write!(to, "{n}"),
        Value::UnsignedBig(n) => write!(to, "{n}"),
        Value::Float(x) if plain(f64::from(*x)) => write!(to, "{x}"),
        Value::Float(x) if x.is_finite() => write!(to, "{x:e}"),
        Value::Float(x) => print(&Value::Double(f64::from(*x)), to),
        Value::Double(x) if plain(*x) => write!(to, "{x}"),
        Value::Double(x) if x.is_finite() => write!(to, "{x:e}"),
        Value::Double(x) if x.is_nan() => write!(to, "NaN"),
        Value::Double(x) => write!(to, "{}Infinity", if *x < 0.0 { "-" } else { "" }),
        Value::Date(day) => print_date(*day, to),
        Value::Datetime(at, digits) => {
            print_date(at.date(), to)?;
            write!(
                to,
                " {:02}:{:02}:{:02}",
                at.hour(),
                at.minute(),
                at.second()
            )?;
            let digits = u32::from((*digits).min(6));
            // A DATETIME column shows its fraction only where there is one (StarRocks).
            if digits > 0 && (digits < 6 || micros(*at) > 0) {
                let shown = micros(*at) / 10_u32.pow(6 - digits);
                write!(to, ".{shown:0width$}", width = digits as usize)?;
            }
            Ok(())
        }
        Value::Time(span) => {
            let (sign, span) = (if *span < 0 { "-" } else { "" }, span.unsigned_abs());
            let seconds = span / SECOND;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            write!(to, "{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60)?;
            match span % SECOND {
                0 => Ok(()),
                fraction => write!(to, ".{fraction:06}"),
            }
        }
    }
}

/// Whether MySQL prints the number without an exponent.
fn plain(x: f64) -> bool {
    x == 0.0 || (1e-15..1e15).contains(&x.abs())
}

fn print_date(day: NaiveDate, to: &mut impl Write) -> io::Result<()> {
    write!(to, "{:04}-{:02}-{:02}", day.year(), day.month(), day.day())
}

fn micros(at: NaiveDateTime) -> u32 {
    // A leap second counts on past 999,999.
    (at.nanosecond() / 1000).min(999_999)
}

/// As the binary protocol has it.
pub fn pack(value: &Value<'_>, to: &mut impl Write) -> io::Result<()> {
    match value {
        Value::Null | Value::Bytes(_) => Ok(()),
        Value::Tiny(n) => to.write_all(&n.to_le_bytes()),
        Value::Short(n) => to.write_all(&n.to_le_bytes()),
        Value::Int(n) => to.write_all(&n.to_le_bytes()),
        Value::Big(n) => to.write_all(&n.to_le_bytes()),
        Value::UnsignedBig(n) => to.write_all(&n.to_le_bytes()),
        Value::Float(x) => to.write_all(&x.to_le_bytes()),
        Value::Double(x) => to.write_all(&x.to_le_bytes()),
        Value::Date(day) => {
            to.write_all(&[4])?;
            pack_date(*day, to)
        }
        Value::Datetime(at, _) => {
            let micros = micros(*at);
            let clock = [at.hour(), at.minute(), at.second()].map(|part| part as u8);
            let length = match (clock, micros) {
                ([0, 0, 0], 0) => 4,
                (_, 0) => 7,
                _ => 11,
            };
            to.write_all(&[length])?;
            pack_date(at.date(), to)?;
            if length > 4 {
                to.write_all(&clock)?;
            }
            if length > 7 {
                to.write_all(&micros.to_le_bytes())?;
            }
            Ok(())
        }
        Value::Time(0) => to.write_all(&[0]),
        Value::Time(span) => {
            let (negative, span) = (u8::from(*span < 0), span.unsigned_abs());
            let fraction = u32::try_from(span % SECOND).unwrap_or_default();
            let days = u32::try_from(span / DAY).unwrap_or(u32::MAX);
            let seconds = span / SECOND % 86_400;
            let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(|part| part as u8);
            to.write_all(&[if fraction == 0 { 8 } else { 12 }, negative])?;
            to.write_all(&days.to_le_bytes())?;
            to.write_all(&clock)?;
            if fraction != 0 {
                to.write_all(&fraction.to_le_bytes())?;
            }
            Ok(())
        }
    }
}

fn pack_date(day: NaiveDate, to: &mut impl Write) -> io::Result<()> {
    to.write_all(&u16::try_from(day.year()).unwrap_or_default().to_le_bytes())?;
    to.write_all(&[day.month() as u8, day.day() as u8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Value<'_>) -> String {
        let mut out = Vec::new();
        print(&value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn binary(value: Value<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        pack(&value, &mut out).unwrap();
        out
    }

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_print_as_mysql_prints_them() {
        assert_eq!(text(Value::Double(0.1)), "0.1");
        assert_eq!(text(Value::Double(1e20)), "1e20");
        assert_eq!(text(Value::Double(-2.5e-7)), "-0.00000025");
        assert_eq!(text(Value::Double(-2.5e-17)), "-2.5e-17");
        assert_eq!(text(Value::Float(1.5)), "1.5");
        assert_eq!(text(Value::Double(f64::NEG_INFINITY)), "-Infinity");
        assert_eq!(text(Value::UnsignedBig(u64::MAX)), "18446744073709551615");
    }

    #[test]
    fn times_print_with_the_digits_of_their_column() {
        let moment = at("2013-01-02T03:04:05.060708");
        assert_eq!(text(Value::Datetime(moment, 0)), "2013-01-02 03:04:05");
        assert_eq!(text(Value::Datetime(moment, 3)), "2013-01-02 03:04:05.060");
        let whole = at("2013-01-02T03:04:05");
        assert_eq!(text(Value::Datetime(whole, 6)), "2013-01-02 03:04:05");
        assert_eq!(
            text(Value::Datetime(moment, 6)),
            "2013-01-02 03:04:05.060708"
        );
        assert_eq!(text(Value::Time(-90_061_000_001)), "-25:01:01.000001");
    }

    #[test]
    fn times_pack_in_the_shortest_form() {
        assert_eq!(
            binary(Value::Datetime(at("2013-01-02T00:00:00"), 0)),
            [4, 0xdd, 7, 1, 2]
        );
        assert_eq!(
            binary(Value::Datetime(at("2013-01-02T03:04:05"), 0)),
            [7, 0xdd, 7, 1, 2, 3, 4, 5]
        );
        assert_eq!(
            binary(Value::Datetime(at("2013-01-02T03:04:05.000001"), 6)),
            [11, 0xdd, 7, 1, 2, 3, 4, 5, 1, 0, 0, 0]
        );
        assert_eq!(binary(Value::Time(0)), [0]);
        assert_eq!(
            binary(Value::Time(-90_061_000_001)),
            [12, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0]
        );
    }
}
