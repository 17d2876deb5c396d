//! How MySQL prints a DOUBLE, on the wire and inside of texts: the shortest digits that read back as the same number.

use std::fmt::Write;

/// The number as text.
pub fn double_text(x: f64) -> String {
    let mut out = String::new();
    // A text takes whatever is written to it.
    let _ = match x {
        x if x == 0.0 || (1e-15..1e15).contains(&x.abs()) => write!(out, "{x}"),
        x if x.is_finite() => write!(out, "{x:e}"),
        x if x.is_nan() => write!(out, "NaN"),
        x => write!(out, "{}Infinity", if x < 0.0 { "-" } else { "" }),
    };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_an_exponent() {
        let cases = [
            (1.0, "1"),
            (-0.25, "-0.25"),
            (1e14, "100000000000000"),
            (1e15, "1e15"),
            (1e-6, "0.000001"),
            (2.5e-20, "2.5e-20"),
        ];
        for (x, text) in cases {
            assert_eq!(double_text(x), text);
        }
    }
}
