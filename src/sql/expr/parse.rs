//! Reading of expressions, by precedence: OR, AND, NOT, comparisons, sums, products, signs, operands.

use sqlparser::tokenizer::Token;

use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;
use crate::sql::expr::{Expr, Op, Scope};

/// How deep brackets, signs and functions may nest.
const DEPTH_MAX: usize = 64;
/// How many operators of one rank may stand in a row, other than AND and OR.
const CHAIN_MAX: usize = 64;

/// Words that are no column unless they stand in backquotes.
const RESERVED: [&str; 14] = [
    "AND", "ASC", "BETWEEN", "BY", "DESC", "FROM", "IN", "IS", "LIKE", "LIMIT", "NOT", "OR",
    "ORDER", "WHERE",
];

/// Reads one expression.
pub fn parse(c: &mut Cursor<'_>) -> Result<Expr, SyntaxError> {
    any(c, 0)
}

fn any(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    if depth > DEPTH_MAX {
        return Err(c.expected(format!(
            "an expression nested at most {DEPTH_MAX} levels deep"
        )));
    }
    let mut items = vec![all(c, depth)?];
    while c.eat(&["OR"]) || c.eat_token(&Token::StringConcat) {
        items.push(all(c, depth)?);
    }
    Ok(one_or(items, Expr::Any))
}

fn all(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    let mut items = vec![not(c, depth)?];
    while c.eat(&["AND"]) || c.eat_token(&Token::Overlap) {
        items.push(not(c, depth)?);
    }
    Ok(one_or(items, Expr::All))
}

fn one_or(mut items: Vec<Expr>, make: fn(Vec<Expr>) -> Expr) -> Expr {
    match items.len() {
        1 => items.remove(0),
        _ => make(items),
    }
}

fn not(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    if depth > DEPTH_MAX {
        return Err(c.expected("fewer NOTs in a row"));
    }
    if c.eat(&["NOT"]) || c.eat_token(&Token::ExclamationMark) {
        return Ok(Expr::Not(Box::new(not(c, depth + 1)?)));
    }
    predicate(c, depth)
}

fn predicate(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    let mut left = sum(c, depth)?;
    for _ in 0..CHAIN_MAX {
        if let Some(op) = comparison(c) {
            let right = sum(c, depth)?;
            left = Expr::Binary(Box::new(left), op, Box::new(right));
        } else if c.eat(&["IS"]) {
            let negated = c.eat(&["NOT"]);
            left = Expr::Is(Box::new(left), negated, truth(c)?);
        } else if c.sees(&["NOT", "LIKE"]) || c.sees(&["LIKE"]) {
            let negated = c.eat(&["NOT"]);
            c.expect(&["LIKE"])?;
            left = Expr::Like(Box::new(left), negated, Box::new(sum(c, depth)?));
        } else if c.sees(&["NOT", "IN"]) || c.sees(&["IN"]) {
            let negated = c.eat(&["NOT"]);
            c.expect(&["IN"])?;
            let list = c.parens(|c| any(c, depth + 1))?;
            left = Expr::In(Box::new(left), negated, list);
        } else if c.sees(&["NOT", "BETWEEN"]) || c.sees(&["BETWEEN"]) {
            let negated = c.eat(&["NOT"]);
            c.expect(&["BETWEEN"])?;
            let low = sum(c, depth)?;
            c.expect(&["AND"])?;
            let bounds = Box::new([low, sum(c, depth)?]);
            left = Expr::Between(Box::new(left), negated, bounds);
        } else {
            return Ok(left);
        }
    }
    Err(c.expected(format!("at most {CHAIN_MAX} comparisons in a row")))
}

fn comparison(c: &mut Cursor<'_>) -> Option<Op> {
    let op = match c.peek(0)? {
        Token::Eq | Token::DoubleEq => Op::Eq,
        Token::Spaceship => Op::NullSafeEq,
        Token::Neq => Op::Ne,
        Token::Lt => Op::Lt,
        Token::LtEq => Op::Le,
        Token::Gt => Op::Gt,
        Token::GtEq => Op::Ge,
        _ => return None,
    };
    c.bump();
    Some(op)
}

fn truth(c: &mut Cursor<'_>) -> Result<Option<bool>, SyntaxError> {
    if c.eat(&["NULL"]) {
        Ok(None)
    } else if c.eat(&["TRUE"]) {
        Ok(Some(true))
    } else if c.eat(&["FALSE"]) {
        Ok(Some(false))
    } else {
        Err(c.expected("NULL, TRUE or FALSE"))
    }
}

fn sum(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    chain(c, depth, product, |c| {
        let op = match c.peek(0)? {
            Token::Plus => Op::Add,
            Token::Minus => Op::Sub,
            _ => return None,
        };
        c.bump();
        Some(op)
    })
}

fn product(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    chain(c, depth, sign, |c| {
        let op = match c.peek(0)? {
            Token::Mul => Op::Mul,
            Token::Div => Op::Div,
            Token::Mod => Op::Mod,
            _ if c.sees(&["MOD"]) => Op::Mod,
            _ if c.sees(&["DIV"]) => Op::IntDiv,
            _ => return None,
        };
        c.bump();
        Some(op)
    })
}

fn chain(
    c: &mut Cursor<'_>,
    depth: usize,
    operand: fn(&mut Cursor<'_>, usize) -> Result<Expr, SyntaxError>,
    operator: fn(&mut Cursor<'_>) -> Option<Op>,
) -> Result<Expr, SyntaxError> {
    let mut left = operand(c, depth)?;
    for _ in 0..CHAIN_MAX {
        let Some(op) = operator(c) else {
            return Ok(left);
        };
        left = Expr::Binary(Box::new(left), op, Box::new(operand(c, depth)?));
    }
    Err(c.expected(format!("at most {CHAIN_MAX} operators in a row")))
}

fn sign(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    if depth > DEPTH_MAX {
        return Err(c.expected("fewer signs in a row"));
    }
    if c.eat_token(&Token::Minus) {
        return Ok(Expr::Negative(Box::new(sign(c, depth + 1)?)));
    }
    if c.eat_token(&Token::Plus) {
        return sign(c, depth + 1);
    }
    operand(c, depth)
}

fn operand(c: &mut Cursor<'_>, depth: usize) -> Result<Expr, SyntaxError> {
    if c.eat_token(&Token::LParen) {
        // A SELECT that reads no table is the value of its expression.
        c.eat(&["SELECT"]);
        let inner = any(c, depth + 1)?;
        c.expect_token(&Token::RParen)?;
        return Ok(inner);
    }
    match c.peek(0) {
        Some(Token::Number(digits, _)) => {
            c.bump();
            Ok(Expr::Number(digits.clone()))
        }
        Some(Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)) => text(c),
        Some(Token::NationalStringLiteral(text)) => {
            c.bump();
            Ok(Expr::Text(text.clone()))
        }
        Some(Token::AtSign) => Ok(Expr::User(user_variable_name(c)?)),
        Some(Token::Word(word)) if word.quote_style.is_none() => bare_word(c, &word.value, depth),
        Some(Token::Word(word)) if word.quote_style == Some('`') => {
            c.bump();
            Ok(Expr::Name(word.value.clone()))
        }
        _ if c.eat_placeholder() => Ok(Expr::Null),
        _ => Err(c.expected("an expression")),
    }
}

/// One or more texts in a row are one text.
fn text(c: &mut Cursor<'_>) -> Result<Expr, SyntaxError> {
    let mut whole = c.string()?;
    while let Some(Token::SingleQuotedString(_) | Token::DoubleQuotedString(_)) = c.peek(0) {
        whole.push_str(&c.string()?);
    }
    Ok(Expr::Text(whole))
}

fn bare_word(c: &mut Cursor<'_>, word: &str, depth: usize) -> Result<Expr, SyntaxError> {
    for (literal, value) in [
        ("NULL", Expr::Null),
        ("TRUE", Expr::Bool(true)),
        ("FALSE", Expr::Bool(false)),
    ] {
        if c.eat(&[literal]) {
            return Ok(value);
        }
    }
    if word.starts_with("@@") {
        let (scope, name) = system_variable(c)?;
        return Ok(Expr::System(scope, name));
    }
    if word.starts_with('@') {
        return Ok(Expr::User(user_variable_name(c)?));
    }
    if c.peek(1) == Some(&Token::LParen) {
        return call(c, word, depth);
    }
    if RESERVED.iter().any(|r| r.eq_ignore_ascii_case(word)) {
        return Err(c.expected("an expression"));
    }
    let name = c.ident()?;
    // MySQL: these functions need no brackets.
    for bare in [
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "CURRENT_DATE",
        "LOCALTIME",
    ] {
        if name.eq_ignore_ascii_case(bare) {
            return Ok(Expr::Call(bare.to_owned(), vec![]));
        }
    }
    Ok(Expr::Name(name))
}

fn call(c: &mut Cursor<'_>, name: &str, depth: usize) -> Result<Expr, SyntaxError> {
    c.bump();
    c.expect_token(&Token::LParen)?;
    let mut arguments = Vec::new();
    if !c.eat_token(&Token::RParen) {
        arguments = c.list(|c| any(c, depth + 1))?;
        c.expect_token(&Token::RParen)?;
    }
    Ok(Expr::Call(name.to_ascii_uppercase(), arguments))
}

/// `@@name`, `@@global.name`, `@@session.name`, `@@local.name`; the name comes in lower case.
pub(crate) fn system_variable(c: &mut Cursor<'_>) -> Result<(Option<Scope>, String), SyntaxError> {
    let at = match c.peek(0) {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.strip_prefix("@@"),
        _ => None,
    };
    let Some(first) = at.filter(|name| !name.is_empty()) else {
        return Err(c.expected("a system variable, as @@name"));
    };
    let first = first.to_ascii_lowercase();
    c.bump();
    let scope = match first.as_str() {
        "global" => Some(Scope::Global),
        "session" | "local" => Some(Scope::Session),
        _ => None,
    };
    if scope.is_some() && c.eat_token(&Token::Period) {
        return Ok((scope, c.ident()?.to_ascii_lowercase()));
    }
    Ok((None, first))
}

/// `@name`, `@'name'` or `` @`name` ``; the name comes in lower case.
pub(crate) fn user_variable_name(c: &mut Cursor<'_>) -> Result<String, SyntaxError> {
    if c.eat_token(&Token::AtSign) {
        return Ok(c.word_or_text()?.to_lowercase());
    }
    match c.peek(0) {
        Some(Token::Word(word)) if word.quote_style.is_none() => {
            match word.value.strip_prefix('@') {
                Some(name) if !name.is_empty() && !name.starts_with('@') => {
                    c.bump();
                    Ok(name.to_lowercase())
                }
                _ => Err(c.expected("a user variable, as @name")),
            }
        }
        _ => Err(c.expected("a user variable, as @name")),
    }
}
