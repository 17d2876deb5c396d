//! What `sql_mode` changes about reading: PIPES_AS_CONCAT and ANSI_QUOTES.
//!
//! Tokens are changed before they are parsed, so that precedence follows: `||` binds like OR, or like `+`; `&&` like AND.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// Reads `tokens` as the session's `sql_mode` says.
pub fn apply(mut tokens: Vec<TokenWithSpan>, sql_mode: &str) -> Vec<TokenWithSpan> {
    let has = |mode: &str| sql_mode.split(',').any(|m| m == mode);
    let (pipes, quotes) = (has("PIPES_AS_CONCAT"), has("ANSI_QUOTES"));
    for token in &mut tokens {
        match &mut token.token {
            Token::Overlap => token.token = Token::make_keyword("AND"),
            Token::StringConcat if !pipes => token.token = Token::make_keyword("OR"),
            Token::DoubleQuotedString(name) if quotes => {
                token.token = Token::Word(Word {
                    value: std::mem::take(name),
                    quote_style: Some('`'),
                    keyword: sqlparser::keywords::Keyword::NoKeyword,
                });
            }
            _ => {}
        }
    }
    tokens
}
