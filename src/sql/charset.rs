//! Character sets and collations that clients may name. Text is UTF-8 everywhere; the names only satisfy clients.
//!
//! Ids are MySQL's: every id that a column definition carries is in this list, because clients look it up.

use sqlparser::tokenizer::Token;

use crate::sql::cursor::Cursor;
use crate::sql::error::SyntaxError;

/// A collation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collation {
    /// Name.
    pub name: &'static str,
    /// Its character set.
    pub charset: &'static str,
    /// MySQL's id.
    pub id: u8,
    /// Whether the character set takes it when none is named.
    pub default: bool,
    /// `NO PAD` rather than `PAD SPACE`.
    pub no_pad: bool,
}

/// A character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset {
    /// Name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Bytes of the longest character.
    pub bytes_max: u8,
}

/// Character sets whose texts are UTF-8, and `binary`.
pub const CHARSETS: [Charset; 4] = [
    charset("ascii", "US ASCII", 1),
    charset("binary", "Binary pseudo charset", 1),
    charset("utf8mb3", "UTF-8 Unicode", 3),
    charset("utf8mb4", "UTF-8 Unicode", 4),
];

/// Collations, by name.
pub const COLLATIONS: [Collation; 16] = [
    collation("ascii_bin", "ascii", 65, false, false),
    collation("ascii_general_ci", "ascii", 11, true, false),
    collation("binary", "binary", 63, true, true),
    collation("utf8mb3_bin", "utf8mb3", 83, false, false),
    collation("utf8mb3_general_ci", "utf8mb3", 33, true, false),
    collation("utf8mb3_unicode_520_ci", "utf8mb3", 214, false, false),
    collation("utf8mb3_unicode_ci", "utf8mb3", 192, false, false),
    collation("utf8mb4_0900_ai_ci", "utf8mb4", 255, true, true),
    collation("utf8mb4_bin", "utf8mb4", 46, false, false),
    collation("utf8mb4_croatian_ci", "utf8mb4", 245, false, false),
    collation("utf8mb4_general_ci", "utf8mb4", 45, false, false),
    collation("utf8mb4_polish_ci", "utf8mb4", 229, false, false),
    collation("utf8mb4_swedish_ci", "utf8mb4", 232, false, false),
    collation("utf8mb4_unicode_520_ci", "utf8mb4", 246, false, false),
    collation("utf8mb4_unicode_ci", "utf8mb4", 224, false, false),
    collation("utf8mb4_vietnamese_ci", "utf8mb4", 247, false, false),
];

const fn charset(name: &'static str, description: &'static str, bytes_max: u8) -> Charset {
    Charset {
        name,
        description,
        bytes_max,
    }
}

const fn collation(
    name: &'static str,
    charset: &'static str,
    id: u8,
    default: bool,
    no_pad: bool,
) -> Collation {
    Collation {
        name,
        charset,
        id,
        default,
        no_pad,
    }
}

/// The character set that `name` names, in any case; `utf8` is `utf8mb3`.
pub fn find(name: &str) -> Option<&'static Charset> {
    let name = if name.eq_ignore_ascii_case("utf8") {
        "utf8mb3"
    } else {
        name
    };
    CHARSETS.iter().find(|c| c.name.eq_ignore_ascii_case(name))
}

/// The collation that `name` names, in any case and with the older `utf8_` for `utf8mb3_`.
pub fn find_collation(name: &str) -> Option<&'static Collation> {
    let lower = name.to_ascii_lowercase();
    let name = match lower.strip_prefix("utf8_") {
        Some(rest) => format!("utf8mb3_{rest}"),
        None => lower,
    };
    COLLATIONS.iter().find(|c| c.name == name)
}

/// The collation that a character set takes when none is named.
pub fn default_collation(charset: &str) -> &'static str {
    let found = COLLATIONS
        .iter()
        .find(|c| c.charset == charset && c.default);
    found.map_or("utf8mb4_0900_ai_ci", |c| c.name)
}

/// Reads `[DEFAULT] CHARACTER SET [=] x` and `[DEFAULT] COLLATE [=] x` of a definition, as often as they come; how many there were.
/// Whatever they say, texts are UTF-8 and compared byte by byte.
pub fn options(c: &mut Cursor<'_>) -> Result<usize, SyntaxError> {
    const WORDS: [&[&str]; 6] = [
        &["DEFAULT", "CHARACTER", "SET"],
        &["DEFAULT", "CHARSET"],
        &["DEFAULT", "COLLATE"],
        &["CHARACTER", "SET"],
        &["CHARSET"],
        &["COLLATE"],
    ];
    let mut count = 0;
    while WORDS.iter().any(|words| c.eat(words)) {
        c.eat_token(&Token::Eq);
        c.word_or_text()?;
        count += 1;
    }
    Ok(count)
}
