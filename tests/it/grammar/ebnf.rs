//! Reading of the EBNF of `grammar/*.ebnf`: words in quotes, names of rules, `|`, `[ ]`, `{ }`, `( )`, and `? prose ?`
//! for what the generator makes itself.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::vec::IntoIter;

/// The right side of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A keyword or sign.
    Word(String),
    /// Another rule.
    Rule(String),
    /// One after the other.
    All(Vec<Node>),
    /// One of them.
    One(Vec<Node>),
    /// `[ ]`: perhaps.
    Perhaps(Box<Node>),
    /// `{ }`: any number of times.
    Many(Box<Node>),
    /// `? ?`: said in prose.
    Prose,
}

/// Rules by name.
pub type Rules = BTreeMap<String, Node>;

/// Reads the rules of a file; `Err` says what is wrong with it.
pub fn read(text: &str) -> Result<Rules, String> {
    let mut tokens = tokens(text)?.into_iter().peekable();
    let mut rules = Rules::new();
    while let Some(token) = tokens.next() {
        let Token::Name(name) = token else {
            return Err(format!("a rule begins with its name, not {token:?}"));
        };
        expect(&mut tokens, '=')?;
        let node = alternatives(&mut tokens)?;
        expect(&mut tokens, ';')?;
        if rules.insert(name.clone(), node).is_some() {
            return Err(format!("rule {name} is there twice"));
        }
    }
    Ok(rules)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Word(String),
    Prose,
    Sign(char),
}

type Tokens = Peekable<IntoIter<Token>>;

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let close = match c {
            '(' if rest.starts_with("(*") => "*)",
            '"' => "\"",
            '?' => "?",
            _ => "",
        };
        let taken = if !close.is_empty() {
            let open = if close == "*)" { 2 } else { 1 };
            let inside = rest[open..].find(close);
            let inside = inside.ok_or_else(|| format!("no {close} after {rest:.20}"))?;
            match c {
                '"' => tokens.push(Token::Word(rest[1..=inside].to_owned())),
                '?' => tokens.push(Token::Prose),
                _ => {}
            }
            open + inside + close.len()
        } else if c.is_ascii_alphabetic() || c == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let end = end.unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..end].to_owned()));
            end
        } else if "=;|[]{}()".contains(c) {
            tokens.push(Token::Sign(c));
            1
        } else {
            return Err(format!("what is {rest:.20}"));
        };
        rest = rest[taken..].trim_start();
    }
    Ok(tokens)
}

fn expect(tokens: &mut Tokens, sign: char) -> Result<(), String> {
    match tokens.next() {
        Some(Token::Sign(found)) if found == sign => Ok(()),
        other => Err(format!("expected {sign}, found {other:?}")),
    }
}

fn alternatives(tokens: &mut Tokens) -> Result<Node, String> {
    let mut nodes = vec![sequence(tokens)?];
    while tokens.next_if_eq(&Token::Sign('|')).is_some() {
        nodes.push(sequence(tokens)?);
    }
    Ok(if nodes.len() == 1 {
        nodes.remove(0)
    } else {
        Node::One(nodes)
    })
}

fn sequence(tokens: &mut Tokens) -> Result<Node, String> {
    let mut nodes = Vec::new();
    loop {
        let node = match tokens.peek() {
            Some(Token::Name(name)) => Node::Rule(name.clone()),
            Some(Token::Word(word)) => Node::Word(word.clone()),
            Some(Token::Prose) => Node::Prose,
            Some(Token::Sign(open @ ('(' | '[' | '{'))) => {
                let (open, close) = match open {
                    '(' => ('(', ')'),
                    '[' => ('[', ']'),
                    _ => ('{', '}'),
                };
                tokens.next();
                let inner = alternatives(tokens)?;
                if tokens.peek() != Some(&Token::Sign(close)) {
                    return Err(format!("expected {close}, found {:?}", tokens.peek()));
                }
                match open {
                    '(' => inner,
                    '[' => Node::Perhaps(Box::new(inner)),
                    _ => Node::Many(Box::new(inner)),
                }
            }
            _ => break,
        };
        tokens.next();
        nodes.push(node);
    }
    match nodes.len() {
        0 => Err(format!("an empty alternative before {:?}", tokens.peek())),
        1 => Ok(nodes.remove(0)),
        _ => Ok(Node::All(nodes)),
    }
}
