//! What SET may give a variable: the value in its one printed form, or why not.

use crate::clock::zone::{Zone, offset_text};
use crate::code::{Code, Failure};
use crate::sql::charset;
use crate::sql::expr::value::{Number, Value};
use crate::sql::session::Warning;
use crate::sql::variables::{Kind, Variable};

/// Bytes of a value: a session keeps it.
const VALUE_MAX: usize = 16 << 10;

/// A value that a variable takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// As SHOW VARIABLES prints it.
    pub text: String,
    /// What was changed about it.
    pub warning: Option<Warning>,
}

impl Variable {
    /// Checks a value.
    ///
    /// # Errors
    /// 1231 for a value that the variable can't take, 1232 for one of the wrong type, 1115 and 1273 for unknown
    /// character sets and collations, 1298 for unknown time zones.
    pub fn take(&self, value: &Value) -> Result<Taken, Failure> {
        if value
            .shown
            .as_ref()
            .is_some_and(|text| text.len() > VALUE_MAX)
        {
            let message = format!("Variable '{}' takes at most {VALUE_MAX} bytes", self.name);
            return Err(Failure::new(Code::WRONG_VALUE_FOR_VARIABLE, message));
        }
        let text = match (&value.shown, self.kind) {
            (Some(text), _) => text.trim(),
            (None, Kind::TextOrNull | Kind::Charset(true)) => "",
            (None, _) => return Err(self.cannot_be("NULL")),
        };
        let text = match self.kind {
            Kind::Text | Kind::TextOrNull => text.to_owned(),
            Kind::Charset(true) if value.is_null() => String::new(),
            Kind::Bool => self.bool(text)?,
            Kind::Int(low, high) => return self.int(value, low, high),
            Kind::Choice(words) => match words.iter().find(|w| w.eq_ignore_ascii_case(text)) {
                Some(word) => (*word).to_owned(),
                None => return Err(self.cannot_be(text)),
            },
            Kind::Charset(_) => match charset::find(text) {
                Some(charset) => charset.name.to_owned(),
                None => return Err(unknown_charset(text)),
            },
            Kind::Collation => match charset::find_collation(text) {
                Some(collation) => collation.name.to_owned(),
                None => return Err(unknown_collation(text)),
            },
            Kind::SqlMode => self.sql_mode(text)?,
            Kind::TimeZone => time_zone(text)?,
            Kind::Instant => match text.parse::<f64>() {
                Ok(seconds) if (0.0..INSTANT_MAX).contains(&seconds) => text.to_owned(),
                _ => return Err(self.cannot_be(text)),
            },
        };
        Ok(Taken {
            text,
            warning: None,
        })
    }

    fn bool(&self, text: &str) -> Result<String, Failure> {
        let on = ["ON", "1", "TRUE"];
        let off = ["OFF", "0", "FALSE"];
        for (words, word) in [(on, "ON"), (off, "OFF")] {
            if words.iter().any(|w| w.eq_ignore_ascii_case(text)) {
                return Ok(word.to_owned());
            }
        }
        Err(self.cannot_be(text))
    }

    /// A number outside of the range becomes the nearest inside, with a warning (MySQL).
    fn int(&self, value: &Value, low: u64, high: u64) -> Result<Taken, Failure> {
        let text = value.shown.as_deref().unwrap_or_default();
        let wanted: i128 = match value.number() {
            Some(Number::Int(n)) => n.into(),
            // Whole numbers up to 2^64 are read exactly from their text.
            Some(Number::Double(_)) if text.parse::<u64>().is_ok() => {
                text.parse::<u64>().unwrap_or(u64::MAX).into()
            }
            _ => {
                let message = format!("Incorrect argument type to variable '{}'", self.name);
                return Err(Failure::new(Code::WRONG_TYPE_FOR_VARIABLE, message));
            }
        };
        let taken = wanted.clamp(low.into(), high.into());
        Ok(Taken {
            text: taken.to_string(),
            warning: (taken != wanted).then(|| Warning {
                level: "Warning",
                code: Code::TRUNCATED_WRONG_VALUE.mysql,
                message: format!("Truncated incorrect {} value: '{wanted}'", self.name),
            }),
        })
    }

    /// Modes in upper case, once each. Modes that would change how statements are read are refused.
    fn sql_mode(&self, text: &str) -> Result<String, Failure> {
        if text == "0" {
            return Ok(String::new());
        }
        let mut modes: Vec<&str> = Vec::new();
        for word in text.split(',').map(str::trim).filter(|w| !w.is_empty()) {
            if CHANGES_READING.iter().any(|m| m.eq_ignore_ascii_case(word)) {
                let message = format!(
                    "sql_mode {} is not supported: statements are read with backslashes in texts, and NOT binds less than BETWEEN",
                    word.to_ascii_uppercase()
                );
                return Err(Failure::new(Code::WRONG_VALUE_FOR_VARIABLE, message));
            }
            let combined = COMBINED.iter().find(|(m, _)| m.eq_ignore_ascii_case(word));
            let Some(mode) = MODES.iter().find(|m| m.eq_ignore_ascii_case(word)) else {
                return Err(self.cannot_be(word));
            };
            for mode in combined.map_or(std::slice::from_ref(mode), |(_, all)| all) {
                if !modes.contains(mode) {
                    modes.push(mode);
                }
            }
        }
        Ok(modes.join(","))
    }

    fn cannot_be(&self, text: &str) -> Failure {
        let message = format!(
            "Variable '{}' can't be set to the value of '{text}'",
            self.name
        );
        Failure::new(Code::WRONG_VALUE_FOR_VARIABLE, message)
    }
}

/// The error for a character set that is none of ours.
pub fn unknown_charset(name: &str) -> Failure {
    let message = format!("Unknown character set: '{name}'; texts are UTF-8, say utf8mb4");
    Failure::new(Code::UNKNOWN_CHARACTER_SET, message)
}

/// The error for a collation that is none of ours.
pub fn unknown_collation(name: &str) -> Failure {
    let message = format!("Unknown collation: '{name}'; SHOW COLLATION lists them");
    Failure::new(Code::UNKNOWN_COLLATION, message)
}

/// `SYSTEM`, an offset between -13:59 and +14:00 (MySQL), or a name of the zone database.
fn time_zone(text: &str) -> Result<String, Failure> {
    for (name, means) in [
        ("SYSTEM", "SYSTEM"),
        ("UTC", "+00:00"),
        ("GMT", "+00:00"),
        ("Etc/UTC", "+00:00"),
        ("Z", "+00:00"),
    ] {
        if text.eq_ignore_ascii_case(name) {
            return Ok(means.to_owned());
        }
    }
    if text.starts_with(['+', '-']) {
        if let Some(offset) = offset_text(text) {
            return Ok(offset);
        }
    } else if Zone::parse(text).is_some() {
        return Ok(text.to_owned());
    }
    let message = format!(
        "Unknown or incorrect time zone: '{text}'; say SYSTEM, an offset like '+01:00', or a name like 'Europe/Prague'"
    );
    Err(Failure::new(Code::UNKNOWN_TIME_ZONE, message))
}

/// The last second that MariaDB takes for `timestamp`.
const INSTANT_MAX: f64 = 2_147_483_648.0;

const CHANGES_READING: [&str; 2] = ["HIGH_NOT_PRECEDENCE", "NO_BACKSLASH_ESCAPES"];

/// Modes that stand for several.
const COMBINED: [(&str, &[&str]); 2] = [
    (
        "ANSI",
        &[
            "REAL_AS_FLOAT",
            "PIPES_AS_CONCAT",
            "ANSI_QUOTES",
            "IGNORE_SPACE",
            "ANSI",
        ],
    ),
    (
        "TRADITIONAL",
        &[
            "STRICT_TRANS_TABLES",
            "STRICT_ALL_TABLES",
            "NO_ZERO_IN_DATE",
            "NO_ZERO_DATE",
            "ERROR_FOR_DIVISION_BY_ZERO",
            "TRADITIONAL",
            "NO_ENGINE_SUBSTITUTION",
        ],
    ),
];

const MODES: [&str; 19] = [
    "ALLOW_INVALID_DATES",
    "ANSI",
    "ANSI_QUOTES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "IGNORE_SPACE",
    "NO_AUTO_CREATE_USER",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_DIR_IN_CREATE",
    "NO_ENGINE_SUBSTITUTION",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ONLY_FULL_GROUP_BY",
    "PAD_CHAR_TO_FULL_LENGTH",
    "PIPES_AS_CONCAT",
    "REAL_AS_FLOAT",
    "STRICT_ALL_TABLES",
    "STRICT_TRANS_TABLES",
    "TRADITIONAL",
];
