//! Refuses what would overrun the stack of the parser, the planner, or of dropping what they made.
//!
//! sqlparser bounds brackets but no chains, and DataFusion bounds neither (`a AND b AND ..`, `SELECT .. UNION SELECT
//! ..`), so both are counted on the tokens, before anything recurses.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::sql::error::SyntaxError;
use crate::sql::script::Limits;

/// Blanks that a text may have for each token that it may have.
const BLANKS_EACH: u64 = 4;

/// Refuses a text before it is cut into tokens, each of which takes more memory than most of the bytes it is made of.
pub(super) fn check_text(text: &str, limits: Limits) -> Result<(), SyntaxError> {
    let (tokens, blanks) = match text.len() as u64 > limits.tokens {
        true => count(text.as_bytes()),
        false => (0, 0),
    };
    if tokens <= limits.tokens && blanks <= limits.tokens.saturating_mul(BLANKS_EACH) {
        return Ok(());
    }
    Err(SyntaxError::TooLarge {
        what: "the number of tokens",
        limit: limits.tokens,
        setting: "parse_tokens_limit",
    })
}

/// About how many tokens a text has, and how many blanks.
fn count(text: &[u8]) -> (u64, u64) {
    let (mut tokens, mut blanks, mut at) = (0, 0, 0);
    while let Some(byte) = text.get(at) {
        let rest = &text[at..];
        let length = match byte {
            b'\'' | b'"' | b'`' => quoted(rest, *byte),
            b'#' => until(rest, b"\n"),
            b'-' if rest.starts_with(b"-- ") => until(rest, b"\n"),
            b'/' if rest.starts_with(b"/*") && !rest.starts_with(b"/*!") => until(rest, b"*/"),
            byte if byte.is_ascii_whitespace() => {
                blanks += 1;
                at += 1;
                continue;
            }
            byte if is_of_word(*byte) => rest.iter().take_while(|b| is_of_word(**b)).count(),
            _ => 1,
        };
        tokens += 1;
        at += length.max(1);
    }
    (tokens, blanks)
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// Bytes of a quoted text, quotes included.
fn quoted(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'\\' => 2,
            byte if *byte == quote => return at + 1,
            _ => 1,
        };
    }
    text.len()
}

/// Bytes of a comment up to its end.
fn until(text: &[u8], end: &[u8]) -> usize {
    let found = text.windows(end.len()).position(|window| window == end);
    found.map_or(text.len(), |at| at + end.len())
}

/// Checks one statement.
pub(super) fn check(tokens: &[TokenWithSpan], limits: Limits) -> Result<(), SyntaxError> {
    if tokens.len() as u64 > limits.tokens {
        return Err(SyntaxError::TooLarge {
            what: "the number of tokens",
            limit: limits.tokens,
            setting: "parse_tokens_limit",
        });
    }
    let mut depth = Depth::default();
    for token in tokens {
        depth.count(&token.token);
        if depth.relations.max(depth.nested) > limits.chain {
            return Err(SyntaxError::TooLarge {
                what: "a chain of operators, brackets, joins or queries",
                limit: limits.chain,
                setting: "expr_children_limit",
            });
        }
    }
    Ok(())
}

/// How deep the tree at the present token can be.
#[derive(Default)]
struct Depth {
    /// Operators of each open bracket since its last comma: an operator in brackets deepens that level only.
    open: Vec<u64>,
    /// Operators outside of brackets since the last comma.
    outside: u64,
    /// Brackets and operators in all.
    nested: u64,
    /// Queries, joins and tables so far: a comma does not end their chain.
    relations: u64,
    /// In a FROM, where a comma is a join.
    from: bool,
}

impl Depth {
    fn count(&mut self, token: &Token) {
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                self.open.push(0);
                self.nested += 1;
                self.from = false;
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                if let Some(operators) = self.open.pop() {
                    self.nested -= operators + 1;
                }
            }
            Token::Comma => {
                self.relations += u64::from(self.from);
                let operators = std::mem::take(self.level());
                self.nested -= operators;
            }
            Token::Word(word) if word.quote_style.is_none() => self.word(&word.value),
            Token::Word(_)
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period => {}
            _ => self.operator(),
        }
    }

    fn word(&mut self, word: &str) {
        let among = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(word));
        if among(&RELATIONS) {
            self.relations += 1;
            self.from = false;
        } else if among(&FROM) {
            self.from = true;
        } else if among(&AFTER_FROM) {
            self.from = false;
        } else if among(&OPERATORS) {
            self.operator();
        }
    }

    fn operator(&mut self) {
        *self.level() += 1;
        self.nested += 1;
    }

    fn level(&mut self) -> &mut u64 {
        self.open.last_mut().unwrap_or(&mut self.outside)
    }
}

/// Words that make an expression one level deeper.
const OPERATORS: [&str; 32] = [
    "AND",
    "AT",
    "BETWEEN",
    "BINARY",
    "CASE",
    "COLLATE",
    "CONNECT_BY_ROOT",
    "DIV",
    "ELSE",
    "EXISTS",
    "EXPLAIN",
    "GLOB",
    "ILIKE",
    "IN",
    "INTERVAL",
    "IS",
    "ISNULL",
    "LIKE",
    "MATCH",
    "MEMBER",
    "MOD",
    "NOT",
    "NOTNULL",
    "OPERATOR",
    "OR",
    "OVERLAPS",
    "PRIOR",
    "REGEXP",
    "RLIKE",
    "SIMILAR",
    "SOUNDS",
    "XOR",
];

/// Words that put one more relation under or beside the others.
const RELATIONS: [&str; 7] = [
    "EXCEPT",
    "INTERSECT",
    "JOIN",
    "MINUS",
    "SELECT",
    "STRAIGHT_JOIN",
    "UNION",
];

const FROM: [&str; 1] = ["FROM"];
const AFTER_FROM: [&str; 6] = ["WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "SET"];

#[cfg(test)]
mod tests {
    use crate::sql::error::SyntaxError;
    use crate::sql::script::{Limits, split};

    fn refused(text: &str) -> bool {
        let limits = Limits {
            tokens: 100_000,
            chain: 1000,
        };
        matches!(split(text, limits), Err(SyntaxError::TooLarge { .. }))
    }

    #[test]
    fn chains_are_refused_and_lists_are_not() {
        for (part, prefix) in [
            (" and a=1", "select 1"),
            (" is null", "select 1"),
            (" + 1", "select 1"),
            ("-", "select "),
            ("not ", "select "),
            ("(", "select "),
            ("case when 1 then ", "select "),
            (" at time zone 'x'", "select a"),
            (" union select 1, 2", "select 1, 2"),
            (" join b using (c, d)", "select 1 from a"),
            (", t", "select 1 from t"),
            ("), a as (select 1 from b", "with b as (select 1"),
        ] {
            assert!(refused(&format!("{prefix}{}", part.repeat(2000))), "{part}");
            assert!(!refused(&format!("{prefix}{}", part.repeat(300))), "{part}");
        }
        for (part, prefix) in [
            (", 1 + 2", "select 1"),
            (", (1, 'x', -3)", "insert into t values (1)"),
            (",1", "select 1 in (2"),
        ] {
            assert!(
                !refused(&format!("{prefix}{}", part.repeat(3000))),
                "{part}"
            );
        }
        assert!(refused(&"x ".repeat(100_001)));
    }

    #[test]
    fn a_text_of_too_many_tokens_is_refused_before_they_are_made() {
        let limits = Limits {
            tokens: 1000,
            chain: 1000,
        };
        let check = |text: String| super::check_text(&text, limits).is_err();
        assert!(check("1,".repeat(600)) && check(" ".repeat(5000)) && check("''".repeat(2000)));
        assert!(!check("1,".repeat(400)) && !check("abc".repeat(2000)));
        let text = format!(
            "'{}' /* {} */ -- {}",
            "a,''".repeat(900),
            "b ".repeat(900),
            "c ".repeat(900)
        );
        assert!(!check(text));
    }

    #[test]
    fn brackets_that_do_not_match_are_left_to_the_parser() {
        assert!(!refused("select )))) + ((("));
    }
}
