//! Functions of texts as MySQL documents them: NULL in, NULL out; places count from 1, from the end when negative.

use crate::system::functions::arguments::Kind::{Bytes, Int, Text};
use crate::system::functions::arguments::Row;
use crate::system::functions::row_function::{Def, Eval};

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new(
        "cast_char",
        &[Text],
        Eval::Text(|r| r.text(0).map(str::to_owned)),
    ),
    Def::new("locate", &[Text, Text, Int], Eval::Int(locate)).optional(1),
    Def::new(
        "instr",
        &[Text, Text],
        Eval::Int(|r| place(r.text(1)?, r.text(0)?, 1)),
    ),
    Def::new("substring", &[Text, Int, Int], Eval::Text(substring)).optional(1),
    Def::new("substr", &[Text, Int, Int], Eval::Text(substring)).optional(1),
    Def::new("mid", &[Text, Int, Int], Eval::Text(substring)),
    Def::new(
        "substring_index",
        &[Text, Text, Int],
        Eval::Text(substring_index),
    ),
    Def::new(
        "left",
        &[Text, Int],
        Eval::Text(|r| Some(r.text(0)?.chars().take(count(r.int(1)?)).collect())),
    ),
    Def::new(
        "right",
        &[Text, Int],
        Eval::Text(|r| {
            let text = r.text(0)?;
            let skip = text.chars().count().saturating_sub(count(r.int(1)?));
            Some(text.chars().skip(skip).collect())
        }),
    ),
    Def::new(
        "length",
        &[Bytes],
        Eval::Int(|r| i64::try_from(r.bytes(0)?.len()).ok()),
    ),
    Def::new(
        "octet_length",
        &[Bytes],
        Eval::Int(|r| i64::try_from(r.bytes(0)?.len()).ok()),
    ),
    Def::new(
        "strcmp",
        &[Text, Text],
        Eval::Int(|r| Some(r.text(0)?.cmp(r.text(1)?) as i64)),
    ),
    Def::new(
        "quote",
        &[Text],
        Eval::Text(|r| {
            Some(
                r.text(0)
                    .map_or_else(|| "NULL".to_owned(), crate::sql::cursor::quoted_text),
            )
        }),
    ),
    Def::new(
        "field",
        &[Text],
        Eval::Int(|r| {
            let wanted = r.text(0);
            let at = wanted.and_then(|w| (1..r.len()).find(|n| r.text(*n) == Some(w)));
            Some(at.and_then(|n| i64::try_from(n).ok()).unwrap_or(0))
        }),
    )
    .rest(Text),
    Def::new(
        "elt",
        &[Int],
        Eval::Text(|r| {
            let n = usize::try_from(r.int(0)?).ok().filter(|n| *n > 0)?;
            r.text(n).map(str::to_owned)
        }),
    )
    .rest(Text),
];

fn count(n: i64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

fn locate(r: Row<'_>) -> Option<i64> {
    let from = if r.len() > 2 { r.int(2)? } else { 1 };
    place(r.text(0)?, r.text(1)?, from)
}

/// Where `part` stands in `text` at or behind character `from`; 0 when nowhere.
fn place(part: &str, text: &str, from: i64) -> Option<i64> {
    let Some(skip) = usize::try_from(from).ok().and_then(|n| n.checked_sub(1)) else {
        return Some(0);
    };
    let start = match text.char_indices().nth(skip) {
        Some((at, _)) => at,
        None if skip == 0 => 0,
        None => return Some(0),
    };
    let found = text[start..].find(part);
    let before = found.map(|at| text[..start + at].chars().count() + 1);
    i64::try_from(before.unwrap_or(0)).ok()
}

fn substring(r: Row<'_>) -> Option<String> {
    let text = r.text(0)?;
    let from = r.int(1)?;
    let length = if r.len() > 2 {
        count(r.int(2)?)
    } else {
        usize::MAX
    };
    let skip = match from {
        0 => return Some(String::new()),
        1.. => usize::try_from(from - 1).ok()?,
        _ => {
            let back = usize::try_from(from.unsigned_abs()).ok()?;
            match text.chars().count().checked_sub(back) {
                Some(skip) => skip,
                None => return Some(String::new()),
            }
        }
    };
    Some(text.chars().skip(skip).take(length).collect())
}

fn substring_index(r: Row<'_>) -> Option<String> {
    let (text, separator, times) = (r.text(0)?, r.text(1)?, r.int(2)?);
    if separator.is_empty() || times == 0 {
        return Some(String::new());
    }
    let nth = usize::try_from(times.unsigned_abs()).ok()?.checked_sub(1)?;
    let cut = if times > 0 {
        let end = text.match_indices(separator).nth(nth);
        end.map_or(text, |(at, _)| &text[..at])
    } else {
        let start = text.rmatch_indices(separator).nth(nth);
        start.map_or(text, |(at, _)| &text[at + separator.len()..])
    };
    Some(cut.to_owned())
}
