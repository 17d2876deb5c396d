//! Functions of DOUBLEs: logarithms, powers, angles. What has no result is NULL, and what does not fit in a DOUBLE is an error.

use crate::system::functions::arguments::Kind::Double;
use crate::system::functions::arguments::Row;
use crate::system::functions::row_function::{Def, Eval};

macro_rules! of_one {
    ($($name:literal = $f:expr;)+) => {
        /// The table of them.
        pub const ALL: &[Def] = &[
            $(Def::new($name, &[Double], Eval::Double(|r| {
                let f: fn(f64) -> f64 = $f;
                finite(f(r.double(0)?))
            })),)+
            Def::new("log", &[Double, Double], Eval::Double(log)).optional(1),
            Def::new("pow", &[Double, Double], Eval::Double(pow)),
            Def::new("power", &[Double, Double], Eval::Double(pow)),
            Def::new("atan", &[Double, Double], Eval::Double(atan)).optional(1),
            Def::new("atan2", &[Double, Double], Eval::Double(atan)).optional(1),
        ];
    };
}

of_one! {
    "sqrt" = f64::sqrt;
    "exp" = f64::exp;
    "ln" = ln;
    "log2" = |x| if x > 0.0 { x.log2() } else { f64::NAN };
    "log10" = |x| if x > 0.0 { x.log10() } else { f64::NAN };
    "sin" = f64::sin;
    "cos" = f64::cos;
    "tan" = f64::tan;
    "cot" = |x| 1.0 / x.tan();
    "asin" = f64::asin;
    "acos" = f64::acos;
    "radians" = f64::to_radians;
    "degrees" = f64::to_degrees;
}

/// Not a number is NULL.
fn finite(x: f64) -> Option<f64> {
    (!x.is_nan()).then_some(x)
}

fn ln(x: f64) -> f64 {
    if x > 0.0 { x.ln() } else { f64::NAN }
}

/// LOG(x), LOG(base, x).
fn log(r: Row<'_>) -> Option<f64> {
    let first = ln(r.double(0)?);
    if r.len() == 1 {
        return finite(first);
    }
    let quotient = ln(r.double(1)?) / first;
    finite(quotient).filter(|x| x.is_finite())
}

fn pow(r: Row<'_>) -> Option<f64> {
    finite(r.double(0)?.powf(r.double(1)?))
}

fn atan(r: Row<'_>) -> Option<f64> {
    match r.len() {
        1 => finite(r.double(0)?.atan()),
        _ => finite(r.double(0)?.atan2(r.double(1)?)),
    }
}
