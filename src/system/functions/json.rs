//! JSON texts: read where they stand, so that what is taken out looks as it was written.
//!
//! Owns the scanner. The functions are in [`json_functions`](crate::system::functions::json_functions).

/// How deep a JSON text may nest (MariaDB has a limit of the same kind).
const DEPTH_MAX: usize = 100;

/// A value inside of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node<'a> {
    /// Members in order: the key without quotes, and the value's text.
    Object(Vec<(String, &'a str)>),
    /// The texts of the elements.
    Array(Vec<&'a str>),
    /// A text, with its escapes read.
    Text(String),
    /// A number, `true`, `false` or `null`, as it is written.
    Word(&'a str),
}

/// The value that `text` is; `None` where it is no JSON.
pub fn read(text: &str) -> Option<Node<'_>> {
    let mut scanner = Scanner { text, at: 0 };
    let node = scanner.value(0)?.0;
    scanner.blanks();
    (scanner.at == text.len()).then_some(node)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|c| matches!(c, b' ' | b'\t' | b'\n' | b'\r'))
        {
            self.at += 1;
        }
    }

    fn eat(&mut self, c: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// A value, and its text.
    fn value(&mut self, depth: usize) -> Option<(Node<'a>, &'a str)> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.blanks();
        let start = self.at;
        let node = match self.peek()? {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => Node::Text(self.string()?),
            _ => Node::Word(self.word()?),
        };
        Some((node, self.text.get(start..self.at)?))
    }

    fn object(&mut self, depth: usize) -> Option<Node<'a>> {
        let mut members = Vec::new();
        self.eat(b'{');
        if self.eat(b'}') {
            return Some(Node::Object(members));
        }
        loop {
            self.blanks();
            let key = self.string()?;
            if !self.eat(b':') {
                return None;
            }
            members.push((key, self.value(depth + 1)?.1));
            if self.eat(b'}') {
                return Some(Node::Object(members));
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Node<'a>> {
        let mut elements = Vec::new();
        self.eat(b'[');
        if self.eat(b']') {
            return Some(Node::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?.1);
            if self.eat(b']') {
                return Some(Node::Array(elements));
            }
            if !self.eat(b',') {
                return None;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return None;
        }
        self.at += 1;
        while self.peek()? != b'"' {
            self.at += if self.peek() == Some(b'\\') { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn word(&mut self) -> Option<&'a str> {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'-' | b'.'))
        {
            self.at += 1;
        }
        let word = self.text.get(start..self.at)?;
        let known = matches!(word, "true" | "false" | "null");
        (known || serde_json::from_str::<serde_json::Number>(word).is_ok()).then_some(word)
    }
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    AnyKey,
    AnyIndex,
}

/// The texts that a path such as `$.a[0].b` leads to, and whether it can lead to more than one; `None` where it is no path.
pub fn find<'a>(text: &'a str, path: &str) -> Option<(Vec<&'a str>, bool)> {
    let steps = steps(path)?;
    let many = steps
        .iter()
        .any(|s| matches!(s, Step::AnyKey | Step::AnyIndex));
    let mut found = vec![text.trim()];
    for step in &steps {
        let mut next = Vec::new();
        for text in found {
            match (read(text)?, step) {
                (Node::Object(members), Step::Key(key)) => {
                    next.extend(members.iter().find(|(k, _)| k == key).map(|(_, v)| *v));
                }
                (Node::Object(members), Step::AnyKey) => {
                    next.extend(members.iter().map(|(_, v)| *v));
                }
                (Node::Array(elements), Step::Index(at)) => next.extend(elements.get(*at)),
                (Node::Array(elements), Step::AnyIndex) => next.extend(elements),
                // A value alone is an array of itself (MySQL).
                (Node::Text(_) | Node::Word(_) | Node::Object(_), Step::Index(0)) => {
                    next.push(text)
                }
                _ => {}
            }
        }
        found = next;
    }
    if steps.is_empty() {
        read(text)?;
    }
    Some((found, many))
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim().strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix("[*]") {
            steps.push(Step::AnyIndex);
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('[') {
            let (index, behind) = behind.split_once(']')?;
            steps.push(Step::Index(index.trim().parse().ok()?));
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix(".*") {
            steps.push(Step::AnyKey);
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix(".\"") {
            let (key, behind) = behind.split_once('"')?;
            steps.push(Step::Key(key.to_owned()));
            rest = behind;
        } else {
            let behind = rest.strip_prefix('.')?;
            let end = behind.find(['.', '[']).unwrap_or(behind.len());
            let (key, behind) = behind.split_at(end);
            if key.is_empty() || key.contains('*') {
                return None;
            }
            steps.push(Step::Key(key.trim().to_owned()));
            rest = behind;
        }
    }
    Some(steps)
}

/// A text as a JSON string, with its quotes.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_what_was_written() {
        let text = r#" {"a": [1,  {"b c": "x\ty"}], "n": -1.50, "z": null} "#;
        let find = |path| find(text, path).map(|(found, _)| found.join("|"));
        assert_eq!(find("$.a").as_deref(), Some(r#"[1,  {"b c": "x\ty"}]"#));
        assert_eq!(find("$.a[1].\"b c\"").as_deref(), Some(r#""x\ty""#));
        assert_eq!(find("$.n").as_deref(), Some("-1.50"));
        assert_eq!(find("$.n[0]").as_deref(), Some("-1.50"));
        assert_eq!(find("$.a[*]").as_deref(), Some(r#"1|{"b c": "x\ty"}"#));
        assert_eq!(find("$.nothing").as_deref(), Some(""));
        assert_eq!(find("a"), None);
        for wrong in ["{", "[1,]", "{a:1}", "01", "1 2", "nul", "\"x", "\"\\"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        assert_eq!(read(&deep), None);
    }
}
