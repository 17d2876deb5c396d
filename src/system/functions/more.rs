//! Functions that tell about values, or about nothing: CHARSET, COLLATION, GET_FORMAT, BENCHMARK, INTERVAL.

use crate::system::functions::arguments::Kind::{Double, Int, Text};
use crate::system::functions::row_function::{Def, Eval};

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new(
        "charset",
        &[Text],
        Eval::Text(|_| Some("utf8mb4".to_owned())),
    ),
    Def::new(
        "collation",
        &[Text],
        Eval::Text(|_| Some("utf8mb4_0900_ai_ci".to_owned())),
    ),
    // The expression is computed once: how long it takes is no answer.
    Def::new(
        "benchmark",
        &[Int, Text],
        Eval::Int(|r| (r.int(0)? >= 0).then_some(0)),
    ),
    Def::new(
        "get_format",
        &[Text, Text],
        Eval::Text(|r| get_format(r.text(0)?, r.text(1)?).map(str::to_owned)),
    ),
    Def::new(
        "interval",
        &[Double],
        Eval::Int(|r| {
            let Some(n) = r.double(0) else {
                return Some(-1);
            };
            let below = (1..r.len()).take_while(|at| r.double(*at).is_none_or(|x| x <= n));
            i64::try_from(below.count()).ok()
        }),
    )
    .rest(Double),
];

fn get_format(what: &str, whose: &str) -> Option<&'static str> {
    const FORMATS: [(&str, [&str; 3]); 5] = [
        ("USA", ["%m.%d.%Y", "%Y-%m-%d %H.%i.%s", "%h:%i:%s %p"]),
        ("JIS", ["%Y-%m-%d", "%Y-%m-%d %H:%i:%s", "%H:%i:%s"]),
        ("ISO", ["%Y-%m-%d", "%Y-%m-%d %H:%i:%s", "%H:%i:%s"]),
        ("EUR", ["%d.%m.%Y", "%Y-%m-%d %H.%i.%s", "%H.%i.%s"]),
        ("INTERNAL", ["%Y%m%d", "%Y%m%d%H%i%s", "%H%i%s"]),
    ];
    let place = match what.to_ascii_uppercase().as_str() {
        "DATE" => 0,
        "DATETIME" | "TIMESTAMP" => 1,
        "TIME" => 2,
        _ => return None,
    };
    let (_, formats) = FORMATS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(whose))?;
    formats.get(place).copied()
}
