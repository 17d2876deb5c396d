//! The format of `.slt` files: blocks with blank lines between them, near to sqllogictest's.
//!
//! `statement ok`, `statement error <code>`, `query` and `query sorted`, each with a statement below it. Behind `----`
//! stands the error's text, or the header of the result and its rows. Lines that begin with `#` are comments.

use std::fmt;

/// A part of a file.
pub enum Block {
    /// A comment, or an empty line.
    Other(String),
    /// A statement.
    Statement {
        /// Where it stands, from 1.
        line: usize,
        /// The statement.
        sql: String,
        /// What the server should say.
        expect: Expect,
    },
}

/// What the server says.
#[derive(Debug, PartialEq)]
pub enum Expect {
    /// Done.
    Ok,
    /// An error: its code and text.
    Error(u16, String),
    /// A result: its header, then its rows.
    Rows {
        /// The order of rows does not matter.
        sorted: bool,
        /// Header and rows.
        lines: Vec<String>,
    },
}

/// Reads a file.
pub fn read(text: &str) -> Result<Vec<Block>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if line.trim().is_empty() || line.starts_with('#') {
            blocks.push(Block::Other((*line).to_owned()));
            at += 1;
            continue;
        }
        let end = lines[at..].iter().position(|l| l.trim().is_empty());
        let end = end.map_or(lines.len(), |n| at + n);
        blocks.push(statement(&lines[at..end], at + 1)?);
        at = end;
    }
    Ok(blocks)
}

fn statement(lines: &[&str], line: usize) -> Result<Block, String> {
    let words: Vec<&str> = lines[0].split_whitespace().collect();
    let bar = lines.iter().position(|l| *l == "----");
    let sql = lines[1..bar.unwrap_or(lines.len())].join("\n");
    let below: Vec<String> = match bar {
        Some(bar) => lines[bar + 1..].iter().map(|l| (*l).to_owned()).collect(),
        None => vec![],
    };
    let expect = match words.as_slice() {
        ["statement", "ok"] => Expect::Ok,
        ["statement", "error", code] => {
            let code = code.parse().map_err(|_| format!("line {line}: {code}"))?;
            Expect::Error(code, below.join("\n"))
        }
        ["query"] => Expect::Rows {
            sorted: false,
            lines: below,
        },
        ["query", "sorted"] => Expect::Rows {
            sorted: true,
            lines: below,
        },
        _ => return Err(format!("line {line}: what is '{}'", lines[0])),
    };
    if sql.is_empty() {
        return Err(format!("line {line}: no statement"));
    }
    Ok(Block::Statement { line, sql, expect })
}

/// The file again.
pub fn written(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        match block {
            Block::Other(line) => text.push_str(line),
            Block::Statement { sql, expect, .. } => {
                let head = match expect {
                    Expect::Ok => "statement ok".to_owned(),
                    Expect::Error(code, _) => format!("statement error {code}"),
                    Expect::Rows { sorted: false, .. } => "query".to_owned(),
                    Expect::Rows { sorted: true, .. } => "query sorted".to_owned(),
                };
                text.push_str(&format!("{head}\n{sql}"));
                if *expect != Expect::Ok {
                    text.push_str(&format!("\n----\n{expect}"));
                }
            }
        }
        text.push('\n');
    }
    text
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Ok => f.write_str("done"),
            Expect::Error(_, message) => f.write_str(message),
            Expect::Rows { lines, .. } => f.write_str(&lines.join("\n")),
        }
    }
}
