//! `SELECT`, `WITH .. SELECT`, `(SELECT ..) UNION ..`, `VALUES ROW(..)`: everything that DataFusion reads.
//!
//! Owns the reading of a query's tokens. Does not own what its names and functions mean: that is `system`.

use std::fmt;

use sqlparser::ast::Query;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::code::Failure;
use crate::sql::cursor::Cursor;
use crate::sql::dialect::TWO_UNITS;
use crate::sql::error::SyntaxError;
use crate::sql::outcome::Outcome;
use crate::sql::printed::Printed;
use crate::sql::statements::{Context, Spec};

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// Its syntax tree; column names are taken from the source text, not from here.
    pub query: Box<Query>,
}

impl Spec for Select {
    const HEADS: &'static [&'static [&'static str]] =
        &[&["SELECT"], &["WITH"], &["("], &["VALUES"], &["TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/select.ebnf");
    const HELP: &'static str =
        "Reads tables, information_schema and sys, or computes values without a table.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        Ok(Select { query: query(c)? })
    }

    fn run(&self, _cx: Context<'_>) -> Result<Outcome, Failure> {
        Ok(Outcome::Select(self.query.clone()))
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Printed(&self.query).fmt(f)
    }
}

/// Reads a query, with the syntax of MySQL that sqlparser does not have.
pub fn query(c: &mut Cursor<'_>) -> Result<Box<Query>, SyntaxError> {
    let plain = c.rest();
    if plain.is_empty() {
        return Err(c.expected("SELECT, WITH or VALUES"));
    }
    let Dialect { tokens, origins } = dialect(plain);
    let mut inner = Cursor::new(&tokens, c.source());
    let parsed = inner.standard(|parser| parser.parse_query());
    let taken = tokens.len() - inner.rest().len();
    let taken = origins.get(taken).copied().unwrap_or(plain.len());
    for _ in 0..taken {
        c.bump();
    }
    let query = parsed?;
    // A lock clause means nothing where writes are whole loads.
    if c.eat(&["LOCK", "IN", "SHARE", "MODE"]) {
        c.end()?;
    }
    Ok(query)
}

/// Tokens that sqlparser reads as MySQL means them.
struct Dialect {
    tokens: Vec<TokenWithSpan>,
    /// Where each of them stood before.
    origins: Vec<usize>,
}

/// `a MOD b` becomes `a % b`, `GROUP BY a, b WITH ROLLUP` becomes `GROUP BY ROLLUP(a, b)`, and `INTERVAL x HOUR_MINUTE` becomes
/// `INTERVAL x COLLATE HOUR_MINUTE DAY`: sqlparser wants a unit that it knows.
fn dialect(plain: &[TokenWithSpan]) -> Dialect {
    let mut tokens: Vec<TokenWithSpan> = Vec::with_capacity(plain.len() + 2);
    let mut origins = Vec::with_capacity(plain.len() + 2);
    // Where the list behind GROUP BY begins in `tokens`, at each depth of brackets.
    let mut groups: Vec<Option<usize>> = vec![None];
    // Whether an INTERVAL waits for its unit, which is the first word behind an operand.
    let mut interval = false;
    for (at, token) in plain.iter().enumerate() {
        let next = plain.get(at + 1).map(|t| &t.token);
        let mut token = token.clone();
        match &token.token {
            Token::LParen => groups.push(None),
            Token::RParen if groups.len() > 1 => {
                groups.pop();
            }
            word if is(word, "rollup") && tokens.last().is_some_and(|t| is(&t.token, "with")) => {
                if let Some(list) = groups.last_mut().and_then(Option::take) {
                    let with = tokens.len() - 1;
                    tokens[with].token = Token::RParen;
                    for (added, token) in [Token::make_word("ROLLUP", None), Token::LParen]
                        .into_iter()
                        .enumerate()
                    {
                        let span = tokens[list].span;
                        tokens.insert(list + added, TokenWithSpan::new(token, span));
                        origins.insert(list + added, origins[list]);
                    }
                    continue;
                }
            }
            word if interval
                && two_units(word)
                && tokens.last().is_some_and(|t| ends_operand(&t.token)) =>
            {
                let span = token.span;
                for before in [Token::make_word("COLLATE", None), token.token.clone()] {
                    tokens.push(TokenWithSpan::new(before, span));
                    origins.push(at);
                }
                token.token = Token::make_word("DAY", None);
            }
            word if is(word, "mod")
                && tokens.last().is_some_and(|t| ends_operand(&t.token))
                && !matches!(next, None | Some(Token::Period | Token::Comma)) =>
            {
                token.token = Token::Mod;
            }
            word if is(word, "by") && tokens.last().is_some_and(|t| is(&t.token, "group")) => {
                if let Some(group) = groups.last_mut() {
                    *group = next.is_some().then_some(tokens.len() + 1);
                }
            }
            _ => {}
        }
        let word = matches!(token.token, Token::Word(_));
        let unit = word && tokens.last().is_some_and(|t| ends_operand(&t.token));
        interval = is(&token.token, "interval") || interval && !unit;
        tokens.push(token);
        origins.push(at);
    }
    Dialect { tokens, origins }
}

fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

fn two_units(token: &Token) -> bool {
    TWO_UNITS.iter().any(|unit| is(token, unit))
}

/// Whether an operand can end with this token, so that an operator may follow.
fn ends_operand(token: &Token) -> bool {
    match token {
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::RParen => true,
        Token::Word(word) => {
            word.quote_style.is_some()
                || !BEFORE_OPERAND
                    .iter()
                    .any(|w| w.eq_ignore_ascii_case(&word.value))
        }
        _ => false,
    }
}

/// Words behind which an operand begins, so that a `MOD` there is the function or a name.
const BEFORE_OPERAND: [&str; 21] = [
    "SELECT", "DISTINCT", "ALL", "WHERE", "HAVING", "ON", "BY", "AND", "OR", "XOR", "NOT", "WHEN",
    "THEN", "ELSE", "CASE", "IN", "LIKE", "BETWEEN", "INTERVAL", "DIV", "MOD",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::script::{Limits, split};

    fn parse(text: &str) -> Result<Select, SyntaxError> {
        let limits = Limits {
            tokens: 1000,
            chain: 1000,
        };
        let scripts = split(text, limits).unwrap();
        let mut c = Cursor::new(&scripts[0].tokens, text);
        let select = Select::parse(&mut c)?;
        c.end()?;
        Ok(select)
    }

    #[test]
    fn mod_between_operands_is_an_operator_and_before_a_bracket_a_function() {
        let select = parse("select 7 mod 4, mod(7, 4), (7) MOD (4)").unwrap();
        assert_eq!(select.to_string(), "SELECT 7 % 4, mod(7, 4), (7) % (4)");
    }

    #[test]
    fn with_rollup_encloses_the_list_of_its_own_query() {
        let select =
            parse("select a from (select b from t group by b) x group by a, c with rollup limit 2");
        assert_eq!(
            select.unwrap().to_string(),
            "SELECT a FROM (SELECT b FROM t GROUP BY b) x GROUP BY ROLLUP(a, c) LIMIT 2"
        );
        assert!(parse("select a from t with rollup").is_err());
    }

    #[test]
    fn what_follows_the_query_is_left_for_the_caller_to_refuse() {
        assert!(matches!(
            parse("select 1 from t where 1=1 nonsense here"),
            Err(SyntaxError::Expected { .. })
        ));
    }
}
