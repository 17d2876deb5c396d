//! From a path to what it leads to: a path of the list, or a directory that lists what is below it.

use crate::proc::ALL;
use crate::proc::node::{Entry, Part};
use crate::proc::path::{Error, Path};
use crate::proc::place::Place;
use crate::rows::{Column, Row, Rows, Type};
use crate::view::View;

/// What a path leads to.
pub struct Open<'a> {
    place: Place<'a>,
    target: Target,
}

enum Target {
    /// A path of the list.
    Entry(&'static Entry),
    /// A directory that only lists what is below it.
    Listing(Vec<&'static str>),
}

/// What `path` leads to. Names and ids inside it are looked up when the rows are read.
///
/// # Errors
/// `Unknown proc node path: ..` as StarRocks words it, with what was wrong and where.
pub fn open<'a>(view: &'a View, path: &str) -> Result<Open<'a>, Error> {
    let path = Path::parse(path)?;
    let parts = path.parts();
    let below = Below::of(parts);
    if path.wants_directory() && !below.any() && exact(parts).is_some() {
        return Err(path.not_a_directory(parts.len()));
    }
    let (params, target) = match exact(parts) {
        Some(entry) => (params(entry, parts), Target::Entry(entry)),
        None if below.any() => (Vec::new(), Target::Listing(below.words())),
        None => return Err(nowhere(&path)),
    };
    Ok(Open {
        place: Place::new(view, path, params),
        target,
    })
}

impl Open<'_> {
    /// The header, known without reading rows.
    pub fn columns(&self) -> Vec<Column> {
        match &self.target {
            Target::Entry(entry) => (entry.columns)(),
            Target::Listing(_) => vec![Column::new("name", Type::Text)],
        }
    }

    /// The rows; read once.
    pub fn rows(&self) -> Result<Rows, Error> {
        let rows = match &self.target {
            Target::Entry(entry) => (entry.rows)(&self.place)?,
            Target::Listing(words) => words.iter().map(|w| -> Row { vec![(*w).into()] }).collect(),
        };
        Ok(Rows {
            columns: self.columns(),
            rows,
        })
    }
}

/// The entry of exactly these parts; of two that fit, the one with fewer varying parts.
fn exact(parts: &[String]) -> Option<&'static Entry> {
    let varying = |entry: &Entry| entry.parts().filter(|p| matches!(p, Part::Name(_))).count();
    ALL.iter()
        .filter(|entry| entry.parts().count() == parts.len() && begins(entry, parts))
        .min_by_key(|entry| varying(entry))
}

fn begins(entry: &Entry, parts: &[String]) -> bool {
    let pattern = entry.parts();
    parts
        .iter()
        .zip(pattern)
        .all(|(text, part)| part.takes(text))
}

/// What the parts that vary stand for.
fn params(entry: &Entry, parts: &[String]) -> Vec<(&'static str, String)> {
    let pairs = entry.parts().zip(parts);
    pairs
        .filter_map(|(part, text)| match part {
            Part::Name(name) => Some((name, text.clone())),
            Part::Word(_) => None,
        })
        .collect()
}

/// What comes next in the paths that go on from a place.
struct Below(Vec<Part>);

impl Below {
    fn of(parts: &[String]) -> Below {
        let deeper = ALL
            .iter()
            .filter(|entry| entry.parts().count() > parts.len() && begins(entry, parts));
        Below(deeper.filter_map(|e| e.parts().nth(parts.len())).collect())
    }

    fn any(&self) -> bool {
        !self.0.is_empty()
    }

    fn words(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        for part in &self.0 {
            match part {
                Part::Word(word) if !words.contains(word) => words.push(*word),
                _ => {}
            }
        }
        words
    }
}

/// Why nothing is there: the path goes on behind a leaf, or a word is wrong.
fn nowhere(path: &Path) -> Error {
    let mut prefix = path.parts();
    while let Some((_, shorter)) = prefix.split_last() {
        prefix = shorter;
        if exact(prefix).is_some() && !Below::of(prefix).any() {
            return path.not_a_directory(prefix.len());
        }
    }
    path.not_found()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::testing;

    #[test]
    fn the_root_lists_the_first_words() {
        let view = testing::view();
        let root = open(&view, " //").unwrap();
        assert_eq!(root.columns()[0].name, "name");
        let rows = root.rows().unwrap();
        assert_eq!(rows.text(0, "name").as_deref(), Some("statistic"));
        assert!((1..rows.rows.len()).all(|i| rows.text(i, "name") != rows.text(i - 1, "name")));
    }

    #[test]
    fn a_wrong_path_says_what_is_wrong() {
        let view = testing::view();
        let error = |path| open(&view, path).err().unwrap().to_string();
        assert_eq!(
            error("statistic"),
            "Unknown proc node path: statistic. msg: Path(statistic) does not start with '/'"
        );
        assert_eq!(
            error("/nowhere"),
            "Unknown proc node path: /nowhere. msg: Cannot find path: /nowhere"
        );
        assert_eq!(
            error("/backends/1/x"),
            "Unknown proc node path: /backends/1/x. msg: /backends/1 is not a directory"
        );
        assert_eq!(
            error("/frontends/"),
            "Unknown proc node path: /frontends/. msg: /frontends is not a directory"
        );
    }
}
