//! A PROC path as it is written, and the errors of looking one up.

use crate::code::{Code, Coded};

/// A path that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unknown proc node path: {path}. msg: {message}")]
pub struct Error {
    /// The path as it was written.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::PROC_PATH
    }
}

/// A path cut into its parts. Blanks before it are skipped, repeated slashes count once, the first blank ends it
/// (StarRocks: ProcService).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    parts: Vec<String>,
}

impl Path {
    /// Cuts `text`.
    pub fn parse(text: &str) -> Result<Path, Error> {
        const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];
        let trimmed = text.trim_start_matches(BLANKS);
        let path = trimmed.split(BLANKS).next().unwrap_or_default();
        if !path.starts_with('/') {
            return Err(Error {
                path: text.to_owned(),
                message: format!("Path({text}) does not start with '/'"),
            });
        }
        Ok(Path {
            text: path.to_owned(),
            parts: split(path).map(str::to_owned).collect(),
        })
    }

    /// `/`.
    pub fn root() -> Path {
        Path {
            text: "/".to_owned(),
            parts: Vec::new(),
        }
    }

    /// The parts, without slashes.
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// Whether it ends with a slash, and so must lead to a directory.
    pub fn wants_directory(&self) -> bool {
        self.text.ends_with('/')
    }

    /// The error "there is nothing here".
    pub fn not_found(&self) -> Error {
        self.error(format!("Cannot find path: {}", self.text))
    }

    /// The error "the first `parts` parts lead to a leaf".
    pub fn not_a_directory(&self, parts: usize) -> Error {
        let upto = self.parts.get(..parts).unwrap_or(&self.parts).join("/");
        self.error(format!("/{upto} is not a directory"))
    }

    /// An error about this path.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error {
            path: self.text.clone(),
            message: message.into(),
        }
    }
}

/// The parts of a path or of a pattern.
pub fn split(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}
