//! Version comments: `/*!40101 SET NAMES utf8 */` is for servers from that version on.
//!
//! Clients and dump programs put statements, or words of them, into such comments. Their marks are painted over with
//! blanks before the text is cut into tokens, one blank for each character, so that every place stays where it was.

/// The version that `/*!nnnnn` is compared with: that of `@@version`.
const VERSION: u32 = 80_033;

/// `text` with the marks of version comments painted over; comments for newer servers and for MariaDB (`/*M!`) stay
/// comments. `None` when there are none.
pub fn open_version_comments(text: &str) -> Option<String> {
    if !text.contains("/*!") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut open = false;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\'' | '"' | '`' => quoted(rest, c),
            '#' => line(rest),
            '-' if is_comment_dash(rest) => line(rest),
            '*' if open && rest.starts_with("*/") => {
                open = false;
                out.push_str("  ");
                rest = &rest[2..];
                continue;
            }
            '/' if rest.starts_with("/*!") => {
                let digits = rest[3..].bytes().take_while(u8::is_ascii_digit).count();
                let version: u32 = rest[3..3 + digits].parse().unwrap_or(0);
                if version <= VERSION && !open {
                    open = true;
                    out.extend(std::iter::repeat_n(' ', 3 + digits));
                    rest = &rest[3 + digits..];
                } else {
                    // The mark would still be obeyed by the tokenizer.
                    let comment = block(rest);
                    out.push_str("/* ");
                    out.push_str(&rest[3..comment]);
                    rest = &rest[comment..];
                }
                continue;
            }
            '/' if rest.starts_with("/*") => block(rest),
            other => other.len_utf8(),
        };
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    Some(out)
}

/// Bytes up to and with the closing quote; a backslash takes the next character with it, except in backquotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote != '`' {
            chars.next();
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

fn block(text: &str) -> usize {
    text[2..].find("*/").map_or(text.len(), |end| end + 4)
}

/// Two dashes begin a comment only before a blank (MySQL).
fn is_comment_dash(text: &str) -> bool {
    let after = text.strip_prefix("--").map(|rest| rest.chars().next());
    after.is_some_and(|c| c.is_none_or(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_blanks_and_places_stay() {
        for (text, opened) in [
            ("a /*!40101 b */ c", "a          b    c"),
            ("a /*! b*/c", "a     b  c"),
            ("a /*!99999 b */", "a /* 99999 b */"),
            ("'/*!1 */' /*!1 x*/", "'/*!1 */'      x  "),
            ("-- /*!1 x*/\n/*!1 y*/", "-- /*!1 x*/\n     y  "),
            ("/* /*!1 x*/ /*!y*/", "/* /*!1 x*/    y  "),
            ("/*!1 '*/' */", "     '*/'   "),
            ("/*!", "   "),
            ("/*!99999", "/* 99999"),
            ("'\u{e9}\\'' /*!1 x*/", "'\u{e9}\\''      x  "),
        ] {
            assert_eq!(open_version_comments(text).as_deref(), Some(opened));
        }
        assert_eq!(open_version_comments("a /*+ hint */ b"), None);
    }
}
