//! Small scalar expressions: what WHERE of a SHOW, the right side of SET and DO are made of.
//!
//! Owns the tree, its printed form and its reading; `eval` gives it values. Queries over tables are sqlparser's and
//! DataFusion's. AND and OR hold lists, and other nesting is bounded, so that no tree is deep enough to hurt a stack.

pub mod context;
pub mod eval;
mod functions;
pub(crate) mod parse;
pub mod value;

use std::fmt;

pub use parse::parse;

use crate::sql::cursor::{quoted_name, quoted_text};

/// A scalar expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// NULL.
    Null,
    /// TRUE or FALSE.
    Bool(bool),
    /// A number without a sign, as written.
    Number(String),
    /// A text.
    Text(String),
    /// A column of the result, or a bare word on the right side of SET.
    Name(String),
    /// `@@name`, with its scope when it was written.
    System(Option<Scope>, String),
    /// `@name`.
    User(String),
    /// NOT.
    Not(Box<Expr>),
    /// A minus sign.
    Negative(Box<Expr>),
    /// AND of two or more.
    All(Vec<Expr>),
    /// OR of two or more.
    Any(Vec<Expr>),
    /// Two operands.
    Binary(Box<Expr>, Op, Box<Expr>),
    /// `[NOT] LIKE pattern`.
    Like(Box<Expr>, bool, Box<Expr>),
    /// `[NOT] IN (..)`.
    In(Box<Expr>, bool, Vec<Expr>),
    /// `[NOT] BETWEEN low AND high`.
    Between(Box<Expr>, bool, Box<[Expr; 2]>),
    /// `IS [NOT] NULL | TRUE | FALSE`; the truth value is `None` for NULL.
    Is(Box<Expr>, bool, Option<bool>),
    /// A function.
    Call(String, Vec<Expr>),
}

/// Which value of a variable is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The server's.
    Global,
    /// This connection's.
    Session,
}

impl Scope {
    /// The word as SQL writes it.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Global => "GLOBAL",
            Scope::Session => "SESSION",
        }
    }
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Eq,
    /// `<=>`: equal, and NULL equals NULL.
    NullSafeEq,
    /// `<>`, `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`, MOD
    Mod,
    /// `DIV`
    IntDiv,
}

impl Op {
    /// The operator as SQL writes it.
    pub fn sign(self) -> &'static str {
        match self {
            Op::Eq => "=",
            Op::NullSafeEq => "<=>",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Add => "+",
            Op::Sub => "-",
            Op::Mul => "*",
            Op::Div => "/",
            Op::Mod => "%",
            Op::IntDiv => "DIV",
        }
    }
}

impl Expr {
    /// The operands.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Null
            | Expr::Bool(_)
            | Expr::Number(_)
            | Expr::Text(_)
            | Expr::Name(_)
            | Expr::System(..)
            | Expr::User(_) => vec![],
            Expr::Not(of) | Expr::Negative(of) | Expr::Is(of, ..) => vec![of],
            Expr::All(of) | Expr::Any(of) | Expr::Call(_, of) => of.iter().collect(),
            Expr::Binary(left, _, right) | Expr::Like(left, _, right) => vec![left, right],
            Expr::In(of, _, list) => std::iter::once(&**of).chain(list).collect(),
            Expr::Between(of, _, bounds) => std::iter::once(&**of).chain(bounds.iter()).collect(),
        }
    }

    /// Every column that it names.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Expr::Name(name) => vec![name],
            _ => self.children().into_iter().flat_map(Expr::names).collect(),
        }
    }
}

/// An operand: in brackets unless it is one word.
struct Operand<'a>(&'a Expr);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expr::Call(..) => self.0.fmt(f),
            leaf if leaf.children().is_empty() => leaf.fmt(f),
            tree => write!(f, "({tree})"),
        }
    }
}

/// Items with a text between them.
pub(crate) struct Joined<'a, T>(pub &'a [T], pub &'static str);

impl<T: fmt::Display> fmt::Display for Joined<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(self.1)?;
            }
            item.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |negated: &bool| if *negated { "NOT " } else { "" };
        match self {
            Expr::Null => f.write_str("NULL"),
            Expr::Bool(true) => f.write_str("TRUE"),
            Expr::Bool(false) => f.write_str("FALSE"),
            Expr::Number(digits) => f.write_str(digits),
            Expr::Text(text) => f.write_str(&quoted_text(text)),
            Expr::Name(name) => f.write_str(&quoted_name(name)),
            Expr::System(None, name) => write!(f, "@@{name}"),
            Expr::System(Some(scope), name) => write!(f, "@@{}.{name}", scope.word()),
            Expr::User(name) => write!(f, "@{}", quoted_name(name)),
            Expr::Not(of) => write!(f, "NOT {}", Operand(of)),
            Expr::Negative(of) => write!(f, "-{}", Operand(of)),
            Expr::All(of) => operands(of, " AND ").fmt(f),
            Expr::Any(of) => operands(of, " OR ").fmt(f),
            Expr::Binary(left, op, right) => {
                write!(f, "{} {} {}", Operand(left), op.sign(), Operand(right))
            }
            Expr::Like(of, negated, pattern) => {
                write!(
                    f,
                    "{} {}LIKE {}",
                    Operand(of),
                    not(negated),
                    Operand(pattern)
                )
            }
            Expr::In(of, negated, list) => {
                write!(
                    f,
                    "{} {}IN ({})",
                    Operand(of),
                    not(negated),
                    Joined(list, ", ")
                )
            }
            Expr::Between(of, negated, bounds) => {
                let [low, high] = &**bounds;
                let (of, not) = (Operand(of), not(negated));
                write!(
                    f,
                    "{of} {not}BETWEEN {} AND {}",
                    Operand(low),
                    Operand(high)
                )
            }
            Expr::Is(of, negated, truth) => {
                let truth = truth.map_or(Expr::Null, Expr::Bool);
                write!(f, "{} IS {}{truth}", Operand(of), not(negated))
            }
            Expr::Call(name, of) => write!(f, "{name}({})", Joined(of, ", ")),
        }
    }
}

fn operands(of: &[Expr], between: &str) -> String {
    let printed: Vec<String> = of.iter().map(|e| Operand(e).to_string()).collect();
    printed.join(between)
}
