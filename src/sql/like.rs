//! LIKE patterns of SHOW statements: `%`, `_`, backslash, without regard to case.

/// Whether `text` fits `pattern` whole.
pub fn like(pattern: &str, text: &str) -> bool {
    let pattern = units(pattern);
    let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on after a mismatch: behind the last `%`, with one more character under it.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Unit::Many) => {
                retry = Some((p + 1, t));
                p += 1;
                continue;
            }
            Some(unit) if unit.takes(text[t]) => {
                (p, t) = (p + 1, t + 1);
                continue;
            }
            _ => {}
        }
        match retry {
            Some((behind, under)) => {
                retry = Some((behind, under + 1));
                (p, t) = (behind, under + 1);
            }
            None => return false,
        }
    }
    pattern[p..].iter().all(|unit| *unit == Unit::Many)
}

#[derive(PartialEq)]
enum Unit {
    Many,
    One,
    Char(char),
}

impl Unit {
    fn takes(&self, c: char) -> bool {
        match self {
            Unit::Many | Unit::One => true,
            Unit::Char(own) => *own == c,
        }
    }
}

fn units(pattern: &str) -> Vec<Unit> {
    let mut units = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => units.push(Unit::Many),
            '_' => units.push(Unit::One),
            // A backslash at the end stands for itself.
            '\\' => {
                let literal = chars.next().unwrap_or('\\');
                units.extend(literal.to_lowercase().map(Unit::Char));
            }
            other => units.extend(other.to_lowercase().map(Unit::Char)),
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_pattern_must_fit_the_whole_text() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("%", "", true),
            ("_", "", false),
            ("HEART%interval%", "heartbeat_interval_second", true),
            ("%second", "heartbeat_interval_second", true),
            ("%secon", "heartbeat_interval_second", false),
            ("a\\_b", "a_b", true),
            ("a\\_b", "axb", false),
            ("a_b", "axb", true),
            ("%ab%ab%", "aabab", true),
            ("\\", "\\", true),
        ] {
            assert_eq!(like(pattern, text), fits, "{pattern} {text}");
        }
        assert!(!like(&"%a".repeat(1000), &"b".repeat(10_000)));
    }
}
