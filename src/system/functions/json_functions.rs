//! JSON_EXTRACT and its kin, as MariaDB has them: JSON is text, and what is no JSON gives NULL.

use crate::system::functions::arguments::Kind::{Json, Text};
use crate::system::functions::arguments::Row;
use crate::system::functions::json::{Node, find, quoted, read};
use crate::system::functions::row_function::{Def, Eval, TooLong};

/// The table of them.
pub const ALL: &[Def] = &[
    Def::new(
        "json_valid",
        &[Text],
        Eval::Int(|r| Some(read(r.text(0)?).is_some().into())),
    ),
    Def::new("json_extract", &[Text, Text], Eval::Text(extract)).rest(Text),
    Def::new("json_query", &[Text, Text], Eval::Text(query)),
    Def::new("json_value", &[Text, Text], Eval::Text(value)),
    Def::new("json_unquote", &[Text], Eval::Text(unquote)),
    Def::new(
        "json_quote",
        &[Text],
        Eval::Text(|r| Some(quoted(r.text(0)?))),
    ),
    Def::new("json_length", &[Text, Text], Eval::Int(length)).optional(1),
    Def::new("json_keys", &[Text, Text], Eval::Text(keys)).optional(1),
    Def::new("json_type", &[Text], Eval::Text(kind)),
    Def::new("json_depth", &[Text], Eval::Int(|r| depth(r.text(0)?))),
    Def::new("json_exists", &[Text, Text], Eval::Int(exists)),
    Def::new("json_contains", &[Text, Text, Text], Eval::Int(contains)).optional(1),
    Def::new("json_compact", &[Text], Eval::Text(|r| compact(r.text(0)?))),
    // A value of a JSON text that is being made: a text gets quotes, a number none.
    Def::new(
        "json_of",
        &[Json],
        Eval::Text(|r| Some(r.text(0).unwrap_or("null").to_owned())),
    ),
    Def::new("json_array", &[], Eval::Long(array)).rest(Text),
    Def::new("json_object", &[], Eval::Long(object)).rest(Text),
];

/// Functions whose result is JSON, so that it is no text to be quoted where it becomes a part of other JSON.
pub const MAKES_JSON: [&str; 7] = [
    "json_array",
    "json_object",
    "json_extract",
    "json_query",
    "json_keys",
    "json_compact",
    "json_quote",
];

fn extract(r: Row<'_>) -> Option<String> {
    let text = r.text(0)?;
    read(text)?;
    let mut all = Vec::new();
    let mut many = r.len() > 2;
    for n in 1..r.len() {
        let (found, several) = find(text, r.text(n)?)?;
        all.extend(found);
        many |= several;
    }
    match (many, all.as_slice()) {
        (_, []) => None,
        (false, [one]) => Some((*one).to_owned()),
        _ => Some(format!("[{}]", all.join(", "))),
    }
}

fn first<'a>(r: Row<'a>) -> Option<(Node<'a>, &'a str)> {
    let (found, _) = find(r.text(0)?, r.text(1)?)?;
    let text = *found.first()?;
    Some((read(text)?, text))
}

/// The object or array at a path.
fn query(r: Row<'_>) -> Option<String> {
    match first(r)? {
        (Node::Object(_) | Node::Array(_), text) => Some(text.to_owned()),
        _ => None,
    }
}

/// The value at a path that is neither.
fn value(r: Row<'_>) -> Option<String> {
    match first(r)? {
        (Node::Text(text), _) => Some(text),
        (Node::Word("null"), _) => None,
        (Node::Word("true"), _) => Some("1".to_owned()),
        (Node::Word("false"), _) => Some("0".to_owned()),
        (Node::Word(word), _) => Some(word.to_owned()),
        _ => None,
    }
}

fn unquote(r: Row<'_>) -> Option<String> {
    let text = r.text(0)?;
    match read(text) {
        Some(Node::Text(text)) => Some(text),
        _ => Some(text.to_owned()),
    }
}

/// The value, or the one at the path that is given.
fn at<'a>(r: Row<'a>) -> Option<Node<'a>> {
    match r.len() {
        1 => read(r.text(0)?),
        _ => first(r).map(|(node, _)| node),
    }
}

fn length(r: Row<'_>) -> Option<i64> {
    let many = match at(r)? {
        Node::Object(members) => members.len(),
        Node::Array(elements) => elements.len(),
        _ => 1,
    };
    i64::try_from(many).ok()
}

fn keys(r: Row<'_>) -> Option<String> {
    match at(r)? {
        Node::Object(members) => {
            let keys: Vec<String> = members.iter().map(|(key, _)| quoted(key)).collect();
            Some(format!("[{}]", keys.join(", ")))
        }
        _ => None,
    }
}

fn kind(r: Row<'_>) -> Option<String> {
    let name = match read(r.text(0)?)? {
        Node::Object(_) => "OBJECT",
        Node::Array(_) => "ARRAY",
        Node::Text(_) => "STRING",
        Node::Word("true" | "false") => "BOOLEAN",
        Node::Word("null") => "NULL",
        Node::Word(word) if word.contains(['.', 'e', 'E']) => "DOUBLE",
        Node::Word(_) => "INTEGER",
    };
    Some(name.to_owned())
}

fn depth(text: &str) -> Option<i64> {
    let inner = |texts: Vec<&str>| {
        texts
            .into_iter()
            .map(depth)
            .try_fold(0, |most, d| Some(d?.max(most)))
    };
    Some(match read(text)? {
        Node::Object(members) => 1 + inner(members.into_iter().map(|(_, v)| v).collect())?,
        Node::Array(elements) => 1 + inner(elements)?,
        _ => 1,
    })
}

fn exists(r: Row<'_>) -> Option<i64> {
    let (found, _) = find(r.text(0)?, r.text(1)?)?;
    Some((!found.is_empty()).into())
}

fn contains(r: Row<'_>) -> Option<i64> {
    let (text, wanted) = (r.text(0)?, r.text(1)?);
    let text = match r.len() {
        2 => text,
        _ => *find(text, r.text(2)?)?.0.first()?,
    };
    Some(holds(text, wanted)?.into())
}

/// Whether `wanted` is a part of `text`: equal, an element, or members that are all there.
fn holds(text: &str, wanted: &str) -> Option<bool> {
    let any = |elements: &[&str], wanted: &str| {
        elements
            .iter()
            .any(|element| holds(element, wanted) == Some(true))
    };
    Some(match (read(text)?, read(wanted)?) {
        (Node::Object(known), Node::Object(wanted)) => wanted.iter().all(|(key, value)| {
            known
                .iter()
                .any(|(k, v)| k == key && holds(v, value) == Some(true))
        }),
        (Node::Array(known), Node::Array(wanted)) => wanted.iter().all(|value| any(&known, value)),
        (Node::Array(known), _) => any(&known, wanted),
        (Node::Text(a), Node::Text(b)) => a == b,
        (Node::Word(a), Node::Word(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => a == b,
            _ => a == b,
        },
        _ => false,
    })
}

fn compact(text: &str) -> Option<String> {
    Some(match read(text)? {
        Node::Object(members) => {
            let members = members
                .iter()
                .map(|(k, v)| Some(format!("{}:{}", quoted(k), compact(v)?)));
            format!("{{{}}}", members.collect::<Option<Vec<_>>>()?.join(","))
        }
        Node::Array(elements) => {
            let elements = elements.iter().map(|v| compact(v));
            format!("[{}]", elements.collect::<Option<Vec<_>>>()?.join(","))
        }
        Node::Text(text) => quoted(&text),
        Node::Word(word) => word.to_owned(),
    })
}

fn array(r: Row<'_>, longest: usize) -> Result<Option<String>, TooLong> {
    let values: Vec<&str> = (0..r.len()).map(|n| r.text(n).unwrap_or("null")).collect();
    fits(&values, longest)?;
    Ok(Some(format!("[{}]", values.join(", "))))
}

/// Keys and values in turn; the keys come as texts, the values as JSON.
fn object(r: Row<'_>, longest: usize) -> Result<Option<String>, TooLong> {
    let mut members = Vec::new();
    let mut total = 0_usize;
    for n in (0..r.len()).step_by(2) {
        let Some(key) = r.text(n) else {
            return Ok(None);
        };
        let member = format!("{}: {}", quoted(key), r.text(n + 1).unwrap_or("null"));
        total = total.saturating_add(member.len() + 2);
        if total > longest {
            return Err(TooLong);
        }
        members.push(member);
    }
    Ok(Some(format!("{{{}}}", members.join(", "))))
}

fn fits(values: &[&str], longest: usize) -> Result<(), TooLong> {
    let bytes = values
        .iter()
        .fold(2, |sum: usize, v| sum.saturating_add(v.len() + 2));
    if bytes > longest {
        return Err(TooLong);
    }
    Ok(())
}
