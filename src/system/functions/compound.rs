//! INTERVALs of two units: `'1:30' HOUR_MINUTE`, `'1-2' YEAR_MONTH`.

/// Units from the largest, with their microseconds.
const UNITS: [(&str, i64); 5] = [
    ("DAY", 86_400_000_000),
    ("HOUR", 3_600_000_000),
    ("MINUTE", 60_000_000),
    ("SECOND", 1_000_000),
    ("MICROSECOND", 1),
];

/// What an interval moves by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Months.
    Months(i64),
    /// Microseconds.
    Micros(i64),
}

/// The span that `amount` of a unit with an underscore is; `None` where there is no such unit, or it is too long.
pub fn span(amount: &str, unit: &str) -> Option<Span> {
    let (first, last) = unit.split_once('_')?;
    let amount = amount.trim();
    let sign = if amount.starts_with('-') { -1 } else { 1 };
    let mut numbers: Vec<&str> = amount
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    if (first, last) == ("YEAR", "MONTH") {
        let (years, months) = match numbers.as_slice() {
            [] => ("0", "0"),
            [months] => ("0", *months),
            [years, months] => (*years, *months),
            _ => return None,
        };
        let years = years.parse::<i64>().ok()?.checked_mul(12)?;
        return Some(Span::Months(
            sign * years.checked_add(months.parse().ok()?)?,
        ));
    }
    let place = |name: &str| UNITS.iter().position(|(unit, _)| *unit == name);
    let units = UNITS.get(place(first)?..=place(last)?)?;
    if units.len() < 2 || numbers.len() > units.len() {
        return None;
    }
    // Fewer numbers than units are those of the last ones.
    let units = units.get(units.len() - numbers.len()..)?;
    let padded;
    if last == "MICROSECOND"
        && let Some(micros) = numbers.last_mut()
    {
        padded = format!("{micros:0<6}");
        *micros = &padded;
    }
    let mut total = 0_i64;
    for (number, (_, micros)) in numbers.iter().zip(units) {
        let part = number.parse::<i64>().ok()?.checked_mul(*micros)?;
        total = total.checked_add(part)?;
    }
    Some(Span::Micros(sign * total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_belong_to_the_last_units() {
        let minute = 60_000_000;
        let cases = [
            ("1:30", "HOUR_MINUTE", Some(Span::Micros(90 * minute))),
            ("-1:30", "HOUR_MINUTE", Some(Span::Micros(-90 * minute))),
            ("30", "HOUR_MINUTE", Some(Span::Micros(30 * minute))),
            ("1 2", "DAY_HOUR", Some(Span::Micros(26 * 60 * minute))),
            ("1.5", "SECOND_MICROSECOND", Some(Span::Micros(1_500_000))),
            ("1-2", "YEAR_MONTH", Some(Span::Months(14))),
            ("1:2:3", "HOUR_MINUTE", None),
            ("1", "MINUTE_HOUR", None),
        ];
        for (amount, unit, wanted) in cases {
            assert_eq!(span(amount, unit), wanted, "{amount} {unit}");
        }
    }
}
