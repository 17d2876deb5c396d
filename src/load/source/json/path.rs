//! Paths to a value within another: `$.a.b[0]`, `$["a key"]`.

use crate::load::error::Error;
use crate::load::source::json::scan;

/// The way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(Vec<u8>),
    Element(usize),
}

impl Path {
    /// Reads one.
    ///
    /// # Errors
    /// It is none, or has steps other than keys and numbers.
    pub fn parse(header: &'static str, text: &str) -> Result<Path, Error> {
        let wrong = || Error::Header {
            header,
            why: format!("'{text}' is no path of keys and numbers: write one as $.a.b[0]"),
        };
        let mut rest = text.trim();
        rest = rest.strip_prefix('$').unwrap_or(rest);
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (step, behind) = bracket(inner).ok_or_else(wrong)?;
                steps.push(step);
                rest = behind;
                continue;
            }
            rest = match rest.strip_prefix('.') {
                Some(behind) => behind,
                None if steps.is_empty() => rest,
                None => return Err(wrong()),
            };
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, behind) = rest.split_at(end);
            if key.is_empty() || key.contains('*') {
                return Err(wrong());
            }
            steps.push(Step::Key(key.trim_matches('"').as_bytes().to_vec()));
            rest = behind;
        }
        Ok(Path(steps))
    }

    /// Reads an array of paths.
    ///
    /// # Errors
    /// It is no array of texts, or one of them is no path.
    pub fn parse_list(text: &str) -> Result<Vec<Path>, Error> {
        let all: Result<Vec<String>, _> = serde_json::from_str(text);
        let all = all.map_err(|e| Error::Header {
            header: "jsonpaths",
            why: format!("'{text}' is no array of paths, as [\"$.a\", \"$.b\"]: {e}"),
        })?;
        let paths = all.iter().map(|text| Path::parse("jsonpaths", text));
        paths.collect()
    }

    /// Where the value is that the path leads to, from that of `span`; `None` where there is none.
    pub fn find(&self, text: &[u8], span: (usize, usize)) -> Option<(usize, usize)> {
        self.0.iter().try_fold(span, |(start, _), step| {
            let mut found = None;
            match (step, text.get(start)?) {
                (Step::Key(key), b'{') => {
                    let mut each = |name: (usize, usize), value| {
                        if scan::unescaped(&text[name.0..name.1]).as_ref() == key.as_slice() {
                            found = Some(value);
                        }
                    };
                    scan::members(text, start, 0, &mut each).ok()?;
                }
                (Step::Element(wanted), b'[') => {
                    let mut at = 0;
                    let mut each = |value| {
                        if at == *wanted {
                            found = Some(value);
                        }
                        at += 1;
                    };
                    scan::elements(text, start, 0, &mut each).ok()?;
                }
                _ => return None,
            }
            found
        })
    }
}

/// `0]` or `"a key"]`, and what stands behind it.
fn bracket(text: &str) -> Option<(Step, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote {
        let (key, behind) = text.get(1..)?.split_once(quote)?;
        return Some((
            Step::Key(key.as_bytes().to_vec()),
            behind.strip_prefix(']')?,
        ));
    }
    let (number, behind) = text.split_once(']')?;
    Some((Step::Element(number.trim().parse().ok()?), behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_values() {
        let text = br#"{"a": {"b c": [10, {"d": "x"}], "b": 1}, "A": 2}"#;
        for (path, expected) in [
            ("$.a.b", Some("1")),
            ("a.b", Some("1")),
            ("$['a'][\"b c\"][0]", Some("10")),
            ("$.a[\"b c\"][1].d", Some("\"x\"")),
            ("$.A", Some("2")),
            ("$.a.b.c", None),
            ("$.a[0]", None),
            ("$.z", None),
        ] {
            let found = Path::parse("jsonpaths", path).unwrap();
            let found = found.find(text, (0, text.len()));
            let found = found.map(|(start, end)| std::str::from_utf8(&text[start..end]).unwrap());
            assert_eq!(found, expected, "{path}");
        }
        for wrong in ["$.", "$.a[", "$.a[x]", "$.*", "$.a[*]", "$a[0]b", "$..a"] {
            assert!(Path::parse("jsonpaths", wrong).is_err(), "{wrong}");
        }
        assert!(Path::parse_list("[\"$.a\", 1]").is_err());
    }
}
