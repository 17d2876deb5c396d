//! Reading a statement's tokens. The one place that knows sqlparser's parser, with `statements/select.rs` and
//! `statements/insert.rs`, which hand it whole queries.

use std::fmt;

use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

use crate::sql::dialect::Extended;
use crate::sql::error::SyntaxError;
use crate::sql::place::{At, Place};

static DIALECT: Extended = Extended(MySqlDialect {});

/// A place in a statement's tokens.
pub struct Cursor<'a> {
    tokens: &'a [TokenWithSpan],
    at: usize,
    source: &'a str,
    describing: bool,
}

/// A table name, with its database when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// Database; `None` means the session's.
    pub db: Option<String>,
    /// Table.
    pub table: String,
}

impl fmt::Display for TableName {
    /// In backquotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(db) = &self.db {
            write!(f, "{}.", quoted_name(db))?;
        }
        f.write_str(&quoted_name(&self.table))
    }
}

impl<'a> Cursor<'a> {
    /// A cursor at the first of `tokens`, which came from `source`.
    pub fn new(tokens: &'a [TokenWithSpan], source: &'a str) -> Cursor<'a> {
        Cursor {
            tokens,
            at: 0,
            source,
            describing: false,
        }
    }

    /// The same, with any value taken for a placeholder that is still there: to find the header of a prepared
    /// statement before it has values.
    pub fn describing(tokens: &'a [TokenWithSpan], source: &'a str) -> Cursor<'a> {
        Cursor {
            describing: true,
            ..Cursor::new(tokens, source)
        }
    }

    /// Takes a placeholder, where one may stand for a value.
    pub fn eat_placeholder(&mut self) -> bool {
        let sees = self.describing && matches!(self.peek(0), Some(Token::Placeholder(_)));
        self.at += usize::from(sees);
        sees
    }

    /// The text that the tokens came from.
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// The token `ahead` places on.
    pub fn peek(&self, ahead: usize) -> Option<&'a Token> {
        self.rest().get(ahead).map(|t| &t.token)
    }

    /// Takes the next token.
    pub fn bump(&mut self) -> Option<&'a TokenWithSpan> {
        let token = self.tokens.get(self.at);
        self.at += usize::from(token.is_some());
        token
    }

    /// Where the next token starts; the end of the text when there is none.
    pub fn location(&self) -> Location {
        match (self.tokens.get(self.at), self.tokens.last()) {
            (Some(token), _) => token.span.start,
            (None, Some(last)) => last.span.end,
            (None, None) => Location { line: 1, column: 1 },
        }
    }

    /// Where the next token starts, for errors found later.
    pub fn place(&self) -> Place {
        self.location().into()
    }

    /// What `read` reads, with its place.
    pub fn at<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<At<T>, SyntaxError> {
        let place = self.place();
        Ok(At {
            what: read(self)?,
            place,
        })
    }

    /// The tokens that are not read yet.
    pub fn rest(&self) -> &'a [TokenWithSpan] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    /// Whether these words come next (a quoted name is no word).
    pub fn sees(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(i, word)| self.peek(i).is_some_and(|t| is_word(t, word)))
    }

    /// Takes these words if all of them come next.
    pub fn eat(&mut self, words: &[&str]) -> bool {
        let sees = self.sees(words);
        if sees {
            self.at += words.len();
        }
        sees
    }

    /// Takes this token if it comes next.
    pub fn eat_token(&mut self, token: &Token) -> bool {
        let sees = self.peek(0) == Some(token);
        self.at += usize::from(sees);
        sees
    }

    /// Takes these words, or says that they were expected.
    pub fn expect(&mut self, words: &[&str]) -> Result<(), SyntaxError> {
        for word in words {
            if !self.eat(&[word]) {
                return Err(self.expected(*word));
            }
        }
        Ok(())
    }

    /// Takes this token, or says that it was expected.
    pub fn expect_token(&mut self, token: &Token) -> Result<(), SyntaxError> {
        if self.eat_token(token) {
            Ok(())
        } else {
            Err(self.expected(format!("'{token}'")))
        }
    }

    /// A name: a word that is not quoted as text, or a backquoted name.
    pub fn ident(&mut self) -> Result<String, SyntaxError> {
        match self.peek(0) {
            Some(Token::Word(word)) if is_name(word) => {
                let name = word.value.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.expected("a name")),
        }
    }

    /// A text in single or double quotes.
    pub fn string(&mut self) -> Result<String, SyntaxError> {
        match self.peek(0) {
            Some(Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)) => {
                self.at += 1;
                Ok(text.clone())
            }
            _ if self.eat_placeholder() => Ok(String::new()),
            _ => Err(self.expected("a text in quotes")),
        }
    }

    /// A whole number without a sign.
    pub fn number(&mut self) -> Result<u64, SyntaxError> {
        match self.peek(0) {
            Some(Token::Number(digits, _)) => match digits.parse() {
                Ok(n) => {
                    self.at += 1;
                    Ok(n)
                }
                Err(_) => Err(self.expected("a whole number below 2^64")),
            },
            _ if self.eat_placeholder() => Ok(0),
            _ => Err(self.expected("a whole number")),
        }
    }

    /// `[db.]table`.
    pub fn table_name(&mut self) -> Result<TableName, SyntaxError> {
        let first = self.ident()?;
        if !self.eat_token(&Token::Period) {
            return Ok(TableName {
                db: None,
                table: first,
            });
        }
        Ok(TableName {
            db: Some(first),
            table: self.ident()?,
        })
    }

    /// `(item, item, ..)`, at least one.
    pub fn parens<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        self.expect_token(&Token::LParen)?;
        let items = self.list(&mut item)?;
        self.expect_token(&Token::RParen)?;
        Ok(items)
    }

    /// `item, item, ..`, at least one.
    pub fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<Vec<T>, SyntaxError> {
        let mut items = vec![item(self)?];
        while self.eat_token(&Token::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// `("k" = "v", ..)`; a name or a number may stand for a text.
    pub fn properties(&mut self) -> Result<Vec<(String, String)>, SyntaxError> {
        self.parens(|c| {
            let key = c.word_or_text()?;
            c.expect_token(&Token::Eq)?;
            Ok((key, c.word_or_text()?))
        })
    }

    /// A text, a name, or a number with its sign, as text.
    pub fn word_or_text(&mut self) -> Result<String, SyntaxError> {
        let minus = self.eat_token(&Token::Minus);
        match self.peek(0) {
            Some(Token::Number(digits, _)) => {
                self.at += 1;
                Ok(format!("{}{digits}", if minus { "-" } else { "" }))
            }
            Some(Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)) if !minus => {
                self.string()
            }
            _ if !minus => self
                .ident()
                .map_err(|_| self.expected("a name, a number or a text in quotes")),
            _ => Err(self.expected("a number")),
        }
    }

    /// Hands the rest to sqlparser's parser and goes on behind what it took.
    pub fn standard<T>(
        &mut self,
        parse: impl FnOnce(&mut Parser<'_>) -> Result<T, ParserError>,
    ) -> Result<T, SyntaxError> {
        let mut parser = Parser::new(&DIALECT).with_tokens_with_locations(self.rest().to_vec());
        let result = parse(&mut parser);
        // sqlparser counts every token that it was given, and blanks were left out before.
        self.at = (self.at + parser.index()).min(self.tokens.len());
        result.map_err(|error| self.foreign(error))
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), SyntaxError> {
        if self.peek(0).is_some() {
            Err(self.expected("the end of the statement"))
        } else {
            Ok(())
        }
    }

    /// The error "`what` was expected here".
    pub fn expected(&self, what: impl Into<String>) -> SyntaxError {
        let at = self.location();
        let found = self
            .peek(0)
            .map_or_else(|| "the end".to_owned(), |t| format!("'{t}'"));
        SyntaxError::Expected {
            expected: what.into(),
            found,
            line: at.line,
            column: at.column,
        }
    }

    fn foreign(&self, error: ParserError) -> SyntaxError {
        let at = self.location();
        let (message, line, column) = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => placed(text, at),
            ParserError::RecursionLimitExceeded => {
                ("nested too deeply".to_owned(), at.line, at.column)
            }
        };
        SyntaxError::Text {
            message,
            line,
            column,
        }
    }
}

/// sqlparser writes the place into its text (`.. at Line: 1, Column: 5`): takes it out again.
fn placed(text: String, otherwise: Location) -> (String, u64, u64) {
    let found = text.rsplit_once(" at Line: ").and_then(|(message, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((
            message.to_owned(),
            line.trim().parse().ok()?,
            column.trim().parse().ok()?,
        ))
    });
    found.unwrap_or((text, otherwise.line, otherwise.column))
}

/// `@x` is a variable, and so no name.
fn is_name(word: &Word) -> bool {
    match word.quote_style {
        None => !word.value.starts_with('@'),
        Some(quote) => quote == '`',
    }
}

/// A bracket counts as the word that it is, so that it can begin a statement.
fn is_word(token: &Token, word: &str) -> bool {
    if word == "(" {
        return *token == Token::LParen;
    }
    matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

/// A name as the dialect writes it: in backquotes, doubled inside.
pub fn quoted_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text as the dialect writes it: in single quotes, with backslash escapes.
pub fn quoted_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}
