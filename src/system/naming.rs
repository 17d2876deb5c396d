//! Names of result columns: the source text of each expression, as MySQL names them, and no longer than it shows them.
//!
//! The text is cut by token spans; an expression is never printed, because printing loses spelling and blanks.

use sqlparser::ast::Select;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use crate::sql::naming;
use crate::sql::script::Script;

/// Where a query's tree came from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The statement and its text.
    pub script: &'a Script,
    /// Its tokens with parameters bound.
    pub tokens: &'a [TokenWithSpan],
}

/// Words that end a select list where they stand outside of brackets.
const END_OF_LIST: [&str; 16] = [
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "INTO",
    "FOR",
    "WINDOW",
    "PROCEDURE",
    "LOCK",
    "QUALIFY",
    "MINUS",
];

/// Words between SELECT and its list.
const MODIFIERS: [&str; 12] = [
    "ALL",
    "DISTINCT",
    "DISTINCTROW",
    "HIGH_PRIORITY",
    "STRAIGHT_JOIN",
    "SQL_SMALL_RESULT",
    "SQL_BIG_RESULT",
    "SQL_BUFFER_RESULT",
    "SQL_NO_CACHE",
    "SQL_CALC_FOUND_ROWS",
    "SQL_CACHE",
    "TOP",
];

/// The text of each item of a select list; `None` when the text is not at hand or does not fit the tree.
pub fn item_texts(source: Source<'_>, select: &Select) -> Option<Vec<String>> {
    let start = select.select_token.0.span.start;
    let items = items(source.tokens, start)?;
    (items.len() == select.projection.len())
        .then(|| items.iter().map(|item| text(source, item)).collect())
}

/// The tokens of each item behind the SELECT that stands at `start`.
fn items(tokens: &[TokenWithSpan], start: Location) -> Option<Vec<&[TokenWithSpan]>> {
    let before = tokens.partition_point(|t| place(t.span.start) < place(start));
    let head = tokens.get(before)?;
    if !is_any(&head.token, &["SELECT"]) {
        return None;
    }
    let mut at = before + 1;
    while tokens.get(at).is_some_and(|t| is_any(&t.token, &MODIFIERS)) {
        at += 1;
    }
    let mut items = Vec::new();
    let mut from = at;
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => break,
            Token::RParen => depth -= 1,
            Token::Comma if depth == 0 => {
                items.push(tokens.get(from..at)?);
                from = at + 1;
            }
            word if depth == 0 && is_any(word, &END_OF_LIST) && !after_period(tokens, at) => break,
            _ => {}
        }
        at += 1;
    }
    items.push(tokens.get(from..at)?);
    Some(items)
}

fn after_period(tokens: &[TokenWithSpan], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|t| t.token == Token::Period)
}

fn place(at: Location) -> (u64, u64) {
    (at.line, at.column)
}

fn is_any(token: &Token, words: &[&str]) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none()
        && words.iter().any(|word| w.value.eq_ignore_ascii_case(word)))
}

/// A text alone is named by its content (MySQL), everything else by its source.
fn text(source: Source<'_>, item: &[TokenWithSpan]) -> String {
    if let [only] = item
        && let Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) = &only.token
        && source.script.text(only.span.start, only.span.end) != "?"
    {
        return naming::shown(text).to_owned();
    }
    match (item.first(), item.last()) {
        (Some(first), Some(last)) => {
            let text = source.script.text(first.span.start, last.span.end);
            naming::shown(text.trim()).to_owned()
        }
        _ => String::new(),
    }
}
