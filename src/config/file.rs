//! The config file: lines of `key = value`, `#` begins a comment (StarRocks: fe.conf).

use std::fs;
use std::path::{Path, PathBuf};

use crate::code::{Code, Coded};
use crate::config::Config;

/// Why a config file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It can't be read.
    #[error("config file {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        cause: String,
    },
    /// A line is not of the form that a setting has.
    #[error("config file {}, line {line}: '{text}' is not of the form key = value", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// A setting is unknown, given twice, or has a value that it can't take.
    #[error("config file {}, line {line}: {cause}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        cause: String,
    },
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::SET_CONFIG_FAILED
    }
}

/// One line of a config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The line, from 1.
    pub line: usize,
    /// The key as written.
    pub key: String,
    /// The value, without the blanks around it.
    pub value: String,
}

/// The settings of a frontend: those that the file names, and the defaults of all others.
pub fn load(path: &Path) -> Result<Config, Error> {
    let mut config = Config::default();
    apply(path, &entries(path)?, |key, value| {
        config.set_at_start(key, value).map_err(|e| e.to_string())
    })?;
    Ok(config)
}

/// Hands each entry to `set`, which gives the proper name of the setting; a setting may be named once only.
pub fn apply(
    path: &Path,
    entries: &[Entry],
    mut set: impl FnMut(&str, &str) -> Result<&'static str, String>,
) -> Result<(), Error> {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for entry in entries {
        let wrong = |cause| Error::Setting {
            path: path.to_owned(),
            line: entry.line,
            cause,
        };
        let key = set(&entry.key, &entry.value).map_err(wrong)?;
        if let Some((_, first)) = seen.iter().find(|(k, _)| *k == key) {
            return Err(wrong(format!("'{key}' was set in line {first} already")));
        }
        seen.push((key, entry.line));
    }
    Ok(())
}

/// The lines of a config file that say something.
pub fn entries(path: &Path) -> Result<Vec<Entry>, Error> {
    let text = fs::read_to_string(path).map_err(|e| Error::Read {
        path: path.to_owned(),
        cause: e.to_string(),
    })?;
    let mut entries = Vec::new();
    for (text, line) in text.lines().zip(1..) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (key, value) = text.split_once('=').ok_or_else(|| Error::Line {
            path: path.to_owned(),
            line,
            text: text.to_owned(),
        })?;
        entries.push(Entry {
            line,
            key: key.trim().to_owned(),
            value: value.trim().to_owned(),
        });
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fe.conf");
        fs::write(&path, text).unwrap();
        load(&path)
    }

    #[test]
    fn settings_are_taken_from_lines() {
        let config =
            parse("# times\n\nheartbeat_interval_second = 1\nMAX_connections=7\n").unwrap();
        assert_eq!(
            (config.heartbeat_interval_second, config.max_connections),
            (1, 7)
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, says) in [
            ("a line", "line 1", "key = value"),
            ("\nno_such = 1", "line 2", "unknown setting 'no_such'"),
            ("max_connections = many", "line 1", "not 'many'"),
            (
                "max_connections=1\nmax_connections=2",
                "line 2",
                "line 1 already",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(line) && error.contains(says), "{error}");
        }
        assert!(matches!(
            load(Path::new("/no/such")),
            Err(Error::Read { .. })
        ));
    }
}
