//! Text to tokens: cuts a script into statements, counts placeholders, and refuses what would overrun the parser.
//!
//! Binding a parameter puts a literal token where the placeholder token stood: no text is ever put together, and
//! nothing printed is parsed again.

mod guard;
mod hints;
mod modes;

use std::sync::Arc;

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::config::Config;
use crate::sql::error::SyntaxError;
use crate::sql::naming::CATALOG;
use crate::sql::session::Session;

/// One statement of a script, as tokens.
#[derive(Debug, Clone)]
pub struct Script {
    /// The tokens, blanks and comments left out, without the closing semicolon.
    pub tokens: Arc<[TokenWithSpan]>,
    /// How many `?` it has.
    pub params: usize,
    /// The text it came from, whole; spans point into it. Column names are taken from here.
    pub source: Arc<str>,
}

/// A value for a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// NULL.
    Null,
    /// An integer, or a decimal or floating number as its text.
    Number(String),
    /// Text.
    Text(String),
    /// Bytes that are not text.
    Bytes(Vec<u8>),
}

/// Limits of one statement.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tokens, setting `parse_tokens_limit`.
    pub tokens: u64,
    /// Chained operators, setting `expr_children_limit`.
    pub chain: u64,
}

impl From<&Config> for Limits {
    fn from(config: &Config) -> Limits {
        Limits {
            tokens: config.parse_tokens_limit,
            chain: config.expr_children_limit,
        }
    }
}

/// Cuts `text` into its statements; empty ones are left out.
pub fn split(text: &str, limits: Limits) -> Result<Vec<Script>, SyntaxError> {
    guard::check_text(text, limits)?;
    let source: Arc<str> = text.into();
    let opened = hints::open_version_comments(text);
    let tokens = Tokenizer::new(&MySqlDialect {}, opened.as_deref().unwrap_or(text))
        .tokenize_with_location()
        .map_err(|e| SyntaxError::Text {
            message: e.message,
            line: e.location.line,
            column: e.location.column,
        })?;
    let mut scripts = Vec::new();
    let mut current: Vec<TokenWithSpan> = Vec::new();
    for token in tokens {
        match token.token {
            Token::Whitespace(_) | Token::EOF => {}
            Token::Placeholder(ref mark) if mark != "?" => return Err(not_a_placeholder(&token)),
            Token::Period if names_catalog(&current) => {
                current.pop();
            }
            Token::SemiColon => finish(&mut current, &source, limits, &mut scripts)?,
            _ => current.push(token),
        }
    }
    finish(&mut current, &source, limits, &mut scripts)?;
    Ok(scripts)
}

/// Whether a name begins with the one catalog that there is, as clients of StarRocks write all of them.
fn names_catalog(tokens: &[TokenWithSpan]) -> bool {
    let [before @ .., last] = tokens else {
        return false;
    };
    let part = matches!(before.last(), Some(t) if t.token == Token::Period);
    !part && matches!(&last.token, Token::Word(w) if w.value.eq_ignore_ascii_case(CATALOG))
}

/// `?1` and `$1` belong to other dialects.
fn not_a_placeholder(token: &TokenWithSpan) -> SyntaxError {
    SyntaxError::Expected {
        expected: "'?' as a placeholder".to_owned(),
        found: format!("'{}'", token.token),
        line: token.span.start.line,
        column: token.span.start.column,
    }
}

fn finish(
    tokens: &mut Vec<TokenWithSpan>,
    source: &Arc<str>,
    limits: Limits,
    scripts: &mut Vec<Script>,
) -> Result<(), SyntaxError> {
    if tokens.is_empty() {
        return Ok(());
    }
    let tokens = std::mem::take(tokens);
    if matches!(tokens.as_slice(), [a, b] if a.token == Token::Minus && b.token == Token::Minus) {
        // A comment that ends with the text before its blank.
        return Ok(());
    }
    guard::check(&tokens, limits)?;
    let params = tokens
        .iter()
        .filter(|t| matches!(t.token, Token::Placeholder(_)))
        .count();
    scripts.push(Script {
        tokens: tokens.into(),
        params,
        source: source.clone(),
    });
    Ok(())
}

impl Script {
    /// The tokens with a literal in the place of each placeholder; `params` must be as many as there are.
    pub fn bind(&self, params: &[Param]) -> Vec<TokenWithSpan> {
        let mut params = params.iter();
        let mut bound = Vec::with_capacity(self.tokens.len() + 3 * params.len());
        for token in self.tokens.iter() {
            let param = match token.token {
                Token::Placeholder(_) => params.next(),
                _ => None,
            };
            match param {
                Some(param) => push_literal(&mut bound, param, token),
                None => bound.push(token.clone()),
            }
        }
        bound
    }

    /// About how many bytes of memory it takes.
    pub fn bytes(&self) -> u64 {
        // Names and values are copies of their parts of the text.
        2 * self.source.len() as u64 + self.words_bytes()
    }

    /// About how many of these are for its tokens, beside the names and values in them.
    pub fn words_bytes(&self) -> u64 {
        std::mem::size_of_val(&*self.tokens) as u64
    }

    /// [`Script::bind`], read as the session's `sql_mode` says.
    pub fn bind_for(&self, params: &[Param], session: &Session) -> Vec<TokenWithSpan> {
        let sql_mode = session.variables.get("sql_mode");
        modes::apply(self.bind(params), sql_mode.map_or("", String::as_str))
    }

    /// The part of the source between two places, end included.
    pub fn text(&self, start: Location, end: Location) -> &str {
        let from = offset(&self.source, start);
        let to = offset(&self.source, end);
        self.source.get(from..to.max(from)).unwrap_or_default()
    }
}

fn push_literal(bound: &mut Vec<TokenWithSpan>, param: &Param, at: &TokenWithSpan) {
    let mut push = |token| bound.push(TokenWithSpan::new(token, at.span));
    match param {
        Param::Null => push(Token::make_keyword("NULL")),
        // Brackets keep the sign apart from a minus before it.
        Param::Number(text) => match text.strip_prefix('-') {
            Some(digits) => {
                push(Token::LParen);
                push(Token::Minus);
                push(Token::Number(digits.to_owned(), false));
                push(Token::RParen);
            }
            None => push(Token::Number(text.clone(), false)),
        },
        Param::Text(text) => push(Token::SingleQuotedString(text.clone())),
        Param::Bytes(bytes) => {
            push(Token::HexStringLiteral(
                bytes.iter().map(|b| format!("{b:02X}")).collect(),
            ));
        }
    }
}

/// Byte offset of a place (line and column count from 1, columns in characters).
fn offset(source: &str, place: Location) -> usize {
    let line_start = if place.line <= 1 {
        0
    } else {
        source
            .match_indices('\n')
            .nth(
                usize::try_from(place.line)
                    .unwrap_or(usize::MAX)
                    .saturating_sub(2),
            )
            .map_or(source.len(), |(at, _)| at + 1)
    };
    let column = usize::try_from(place.column)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    source[line_start..]
        .char_indices()
        .nth(column)
        .map_or(source.len(), |(at, _)| line_start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        tokens: 10_000,
        chain: 1000,
    };

    #[test]
    fn a_script_is_cut_at_semicolons_outside_of_quotes() {
        let scripts = split("select 'a;b' ; ; -- c\nshow proc '/x';", LIMITS).unwrap();
        assert_eq!(scripts.len(), 2);
        assert_eq!(scripts[1].tokens.len(), 3);
    }

    #[test]
    fn words_in_version_comments_count_and_stand_where_they_stood() {
        let script = &split("KILL /*!50000 QUERY */ 7", LIMITS).unwrap()[0];
        let words: Vec<String> = script.tokens.iter().map(|t| t.token.to_string()).collect();
        assert_eq!(words, ["KILL", "QUERY", "7"]);
        assert_eq!(script.tokens[1].span.start.column, 15);
        assert!(
            split("/*!99999 x */ ; /*+ hint */", LIMITS)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn the_catalog_before_a_name_is_left_out() {
        let text = "select default_catalog.d.t.a, x.default_catalog from `default_catalog`.d.t";
        let script = &split(text, LIMITS).unwrap()[0];
        let words: Vec<String> = script.tokens.iter().map(|t| t.token.to_string()).collect();
        let plain = "select d . t . a , x . default_catalog from d . t";
        assert_eq!(words.join(" "), plain);
        assert!(split("--", LIMITS).unwrap().is_empty());
    }

    #[test]
    fn a_parameter_becomes_a_token_and_never_text() {
        let script = &split("select ?, 'x?'", LIMITS).unwrap()[0];
        assert_eq!(script.params, 1);
        let bound = script.bind(&[Param::Text("'; drop table t".into())]);
        assert_eq!(
            bound[1].token,
            Token::SingleQuotedString("'; drop table t".into())
        );
    }
}
