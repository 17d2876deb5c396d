//! Queries printed so that they read back as the same query.
//!
//! sqlparser prints texts without knowing whether backslashes in them are escapes, and MySQL reads them as such: the
//! texts are escaped before it prints them.

use std::fmt;
use std::ops::ControlFlow;

use sqlparser::ast::{Query, Value, ValueWithSpan, VisitMut, VisitorMut};

/// A query to print.
pub struct Printed<'a>(pub &'a Query);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = self.0.clone();
        let _: ControlFlow<()> = query.visit(&mut Escape);
        query.fmt(f)
    }
}

struct Escape;

impl VisitorMut for Escape {
    type Break = ();

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<()> {
        match &mut value.value {
            Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => {
                *text = escaped(text, '\'');
            }
            Value::DoubleQuotedString(text) => *text = escaped(text, '"'),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn escaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\\' || c == quote {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
