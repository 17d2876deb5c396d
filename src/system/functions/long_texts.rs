//! Functions whose results can be much longer than their arguments. Each knows the length before it makes the text.

use crate::system::functions::arguments::Kind::{Int, Text};
use crate::system::functions::arguments::Row;
use crate::system::functions::row_function::{Def, Eval, TooLong};

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new("concat", &[Text], Eval::Long(concat)).rest(Text),
    Def::new("concat_ws", &[Text], Eval::Long(concat_ws)).rest(Text),
    Def::new("space", &[Int], Eval::Long(space)),
    Def::new("repeat", &[Text, Int], Eval::Long(repeat)),
    Def::new("replace", &[Text, Text, Text], Eval::Long(replace)),
    Def::new("lpad", &[Text, Int, Text], Eval::Long(lpad)).optional(1),
    Def::new("rpad", &[Text, Int, Text], Eval::Long(rpad)).optional(1),
];

type Made = Result<Option<String>, TooLong>;

fn fits(bytes: Option<usize>, longest: usize) -> Result<usize, TooLong> {
    bytes.filter(|bytes| *bytes <= longest).ok_or(TooLong)
}

fn count(n: i64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

fn joined(separator: &str, parts: &[&str], longest: usize) -> Made {
    let between = separator.len().checked_mul(parts.len().saturating_sub(1));
    let sum = parts.iter().map(|part| part.len());
    let sum = sum.fold(between, |sum, part| sum?.checked_add(part));
    fits(sum, longest)?;
    Ok(Some(parts.join(separator)))
}

fn concat(r: Row<'_>, longest: usize) -> Made {
    let parts: Option<Vec<&str>> = (0..r.len()).map(|n| r.text(n)).collect();
    match parts {
        Some(parts) => joined("", &parts, longest),
        None => Ok(None),
    }
}

fn concat_ws(r: Row<'_>, longest: usize) -> Made {
    let Some(separator) = r.text(0) else {
        return Ok(None);
    };
    let parts: Vec<&str> = (1..r.len()).filter_map(|n| r.text(n)).collect();
    joined(separator, &parts, longest)
}

fn space(r: Row<'_>, longest: usize) -> Made {
    match r.int(0) {
        Some(n) => Ok(Some(" ".repeat(fits(Some(count(n)), longest)?))),
        None => Ok(None),
    }
}

fn repeat(r: Row<'_>, longest: usize) -> Made {
    let (Some(text), Some(times)) = (r.text(0), r.int(1)) else {
        return Ok(None);
    };
    fits(text.len().checked_mul(count(times)), longest)?;
    Ok(Some(text.repeat(count(times))))
}

fn replace(r: Row<'_>, longest: usize) -> Made {
    let (Some(text), Some(from), Some(to)) = (r.text(0), r.text(1), r.text(2)) else {
        return Ok(None);
    };
    if from.is_empty() {
        return Ok(Some(text.to_owned()));
    }
    if to.len() > from.len() {
        let more = text
            .matches(from)
            .count()
            .checked_mul(to.len() - from.len());
        fits(more.and_then(|more| more.checked_add(text.len())), longest)?;
    }
    Ok(Some(text.replace(from, to)))
}

fn lpad(r: Row<'_>, longest: usize) -> Made {
    padded(r, longest, |text, padding| padding + text)
}

fn rpad(r: Row<'_>, longest: usize) -> Made {
    padded(r, longest, |text, padding| text.to_owned() + &padding)
}

/// The text with so much padding that it has the wanted characters, or its first ones where it has more.
fn padded(r: Row<'_>, longest: usize, put: fn(&str, String) -> String) -> Made {
    let pad = if r.len() > 2 { r.text(2) } else { Some(" ") };
    let (Some(text), Some(wanted), Some(pad)) = (r.text(0), r.int(1), pad) else {
        return Ok(None);
    };
    let Ok(wanted) = usize::try_from(wanted) else {
        return Ok(None);
    };
    let missing = wanted.saturating_sub(text.chars().count());
    if missing == 0 {
        return Ok(Some(text.chars().take(wanted).collect()));
    }
    if pad.is_empty() {
        return Ok(Some(text.to_owned()));
    }
    let whole = missing / pad.chars().count();
    let part: String = pad.chars().take(missing % pad.chars().count()).collect();
    let bytes = pad.len().checked_mul(whole);
    let bytes = bytes.and_then(|bytes| bytes.checked_add(part.len() + text.len()));
    fits(bytes, longest)?;
    Ok(Some(put(text, pad.repeat(whole) + &part)))
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::ColumnarValue;

    use super::*;
    use crate::system::functions::arguments::{Argument, Kind};

    fn call(f: fn(Row<'_>, usize) -> Made, args: &[&str], n: i64) -> Option<String> {
        let read = |value, kind| Argument::read(ColumnarValue::Scalar(value), kind).expect("read");
        let text = |text: &&str| read(ScalarValue::Utf8(Some((*text).to_owned())), Kind::Text);
        let mut arguments: Vec<Argument> = args.iter().map(text).collect();
        if n >= 0 {
            arguments.insert(1, read(ScalarValue::Int64(Some(n)), Kind::Int));
        }
        let row = Row {
            arguments: &arguments,
            at: 7,
        };
        f(row, 10).unwrap_or_else(|_| Some("too long".to_owned()))
    }

    #[test]
    fn a_text_as_long_as_allowed_is_made_and_a_longer_one_is_not() {
        let text = |t: &str| Some(t.to_owned());
        assert_eq!(call(repeat, &["ab"], 5), text("ababababab"));
        assert_eq!(call(repeat, &["ab"], 6), text("too long"));
        assert_eq!(call(repeat, &["ab"], i64::MAX), text("too long"));
        assert_eq!(call(lpad, &["xy", "ab"], 7), text("ababaxy"));
        assert_eq!(call(rpad, &["xy", "ä"], 6), text("xyääää"));
        assert_eq!(call(rpad, &["xy", "ä"], 7), text("too long"));
        assert_eq!(call(lpad, &["xyz", "a"], 2), text("xy"));
        assert_eq!(call(replace, &["aaaa", "a", "bb"], -1), text("bbbbbbbb"));
        assert_eq!(call(replace, &["aaaa", "a", "bbb"], -1), text("too long"));
        assert_eq!(call(concat, &["12345", "67890"], -1), text("1234567890"));
        assert_eq!(
            call(concat_ws, &["-", "12345", "67890"], -1),
            text("too long")
        );
    }
}
