//! What the code base promises of itself: layers, sizes, and words that do not belong.

use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of the crate a module may name. A module that is not listed here fails the test.
const LAYERS: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("clock", &[]),
    ("code", &[]),
    ("durable", &[]),
    ("fault", &[]),
    ("lock", &[]),
    ("memory", &["code"]),
    ("overlay", &[]),
    ("proof", &[]),
    ("redo", &["durable"]),
    ("listener", &[]),
    ("door", &["code", "listener", "memory", "proof"]),
    ("rows", &["clock", "ids"]),
    ("config", &["clock", "code", "rows"]),
    ("catalog", &["ids", "clock", "code"]),
    (
        "tablet",
        &["ids", "clock", "code", "config", "catalog", "view"],
    ),
    ("view", &["ids", "clock", "config", "catalog", "tablet"]),
    (
        "leader",
        &[
            "ids", "clock", "code", "config", "fault", "catalog", "tablet", "view", "store",
            "load", "backend",
        ],
    ),
    (
        "store",
        &[
            "ids", "clock", "code", "config", "durable", "fault", "lock", "overlay", "redo",
            "catalog", "leader",
        ],
    ),
    (
        "load",
        &[
            "ids", "clock", "code", "door", "memory", "config", "fault", "catalog", "leader",
            "backend", "rows",
        ],
    ),
    (
        "backend",
        &[
            "ids", "clock", "code", "proof", "listener", "door", "memory", "config", "durable",
            "fault", "lock", "overlay", "redo", "rows", "catalog", "load",
        ],
    ),
    (
        "proc",
        &[
            "ids", "clock", "code", "config", "rows", "catalog", "tablet", "view", "row",
        ],
    ),
    (
        "sql",
        &[
            "ids", "clock", "code", "memory", "config", "rows", "catalog", "tablet", "view",
            "leader", "proc", "row",
        ],
    ),
    (
        "system",
        &[
            "ids", "clock", "code", "memory", "config", "rows", "catalog", "tablet", "view",
            "leader", "proc", "load", "backend", "sql", "frontend", "row",
        ],
    ),
    (
        "frontend",
        &[
            "ids", "clock", "code", "memory", "config", "rows", "catalog", "tablet", "view",
            "leader", "load", "backend", "sql", "system", "row",
        ],
    ),
    (
        "mysql",
        &[
            "ids", "clock", "code", "listener", "memory", "config", "rows", "catalog", "sql",
            "frontend",
        ],
    ),
    (
        "http",
        &[
            "ids", "clock", "code", "proof", "listener", "door", "memory", "config", "rows",
            "catalog", "tablet", "view", "leader", "load", "backend", "proc", "sql", "frontend",
        ],
    ),
    (
        "server",
        &[
            "ids", "clock", "code", "proof", "listener", "door", "memory", "config", "catalog",
            "leader", "store", "load", "backend", "http", "mysql", "frontend", "view",
        ],
    ),
    (
        "cli",
        &[
            "ids", "clock", "code", "memory", "config", "catalog", "backend", "sql", "server",
        ],
    ),
];

/// Which crates only some modules may name.
const CRATES: &[(&str, &[&str])] = &[
    ("opensrv_mysql", &["mysql"]),
    ("axum", &["http", "backend", "load", "listener", "door"]),
    ("redb", &["store", "backend", "overlay"]),
    (
        "datafusion",
        &[
            "system",
            "frontend",
            "sql/statements/select",
            "sql/statements/insert",
        ],
    ),
    (
        "arrow",
        &[
            "load",
            "backend",
            "system",
            "frontend",
            "mysql",
            "clock/zone",
        ],
    ),
    ("parquet", &["load", "backend"]),
    ("clap", &["cli", "main"]),
    ("prettytable", &["cli"]),
    ("mysql_async", &["cli"]),
];

/// Words that pure code must not hold: each would make an answer depend on something other than its arguments.
const IMPURE: &[&str] = &[
    "async ",
    "tokio",
    "Instant::now",
    "SystemTime",
    "rand::",
    "std::fs",
    "std::net",
    "HashMap",
    "HashSet",
    "thread::",
];

/// Where code is pure.
const PURE: &[&str] = &[
    "catalog",
    "tablet",
    "leader/core",
    "leader/request",
    "leader/event",
    "leader/action",
    "view",
    "ids",
    "rows",
    "proc",
];

/// Where the wall clock may be read: what people see, and what they set by the hour of the day. Whatever else decides by time
/// goes by elapsed time, which does not jump.
const WALL: &[&str] = &[
    "clock",
    "load/columns",
    "sql/tail",
    "sql/variables/list",
    "system/functions/session",
    "system/rows_table",
    "tablet/consistency",
    // Numbers of changes begin with it; who asks after those of another process is told of everything.
    "backend/state",
];

const LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;

#[test]
fn modules_name_only_the_layers_below_them() {
    let mut wrong = Vec::new();
    for source in sources() {
        let top = source.name.split('/').next().unwrap_or_default().to_owned();
        if matches!(top.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(module, _)| *module == top) else {
            wrong.push(format!(
                "{}: module `{top}` is not in the table of layers",
                source.name
            ));
            continue;
        };
        for named in source
            .code
            .match_indices("crate::")
            .map(|(at, word)| &source.code[at + word.len()..])
        {
            let module: String = named
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            if module != top && !module.is_empty() && !allowed.contains(&module.as_str()) {
                wrong.push(format!("{}: names crate::{module}", source.name));
            }
        }
    }
    none(wrong);
}

#[test]
fn crates_are_named_only_where_they_belong() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (krate, places) in CRATES {
            let used = source.code.contains(&format!("{krate}::"))
                || source.code.contains(&format!("use {krate};"));
            if used && !places.iter().any(|place| source.name.starts_with(place)) {
                wrong.push(format!("{}: names {krate}", source.name));
            }
        }
    }
    none(wrong);
}

/// A router that is not made by `door::Doors` could hold a route that says nothing of who may call it.
#[test]
fn every_route_has_a_rule() {
    let mut wrong = Vec::new();
    for source in sources() {
        let place = source.name.split('/').next().unwrap_or_default();
        let serves = matches!(place, "http" | "backend" | "server" | "frontend");
        if serves && source.code.contains("Router::new()") {
            wrong.push(format!("{}: makes a router without rules", source.name));
        }
    }
    none(wrong);
}

#[test]
fn decisions_are_pure() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|s| {
        PURE.iter()
            .any(|p| s.name == *p || s.name.starts_with(&format!("{p}/")))
    }) {
        for (number, line) in source.code.lines().enumerate() {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{}: {word}", source.name, number + 1));
            }
        }
    }
    none(wrong);
}

#[test]
fn files_and_functions_stay_small() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{}: {lines} lines", source.name));
        }
        for (name, lines) in functions(&source.text)
            .into_iter()
            .filter(|(_, lines)| *lines > FUNCTION_LINES_MAX)
        {
            wrong.push(format!("{}: fn {name} has {lines} lines", source.name));
        }
    }
    none(wrong);
}

#[test]
fn every_file_says_what_it_owns_and_holds_no_unfinished_work() {
    let mut wrong = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//!") {
            wrong.push(format!("{}: no module comment", source.name));
        }
        for word in ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"] {
            if source.code.contains(word) {
                wrong.push(format!("{}: {word}", source.name));
            }
        }
    }
    none(wrong);
}

#[test]
fn only_what_people_see_goes_by_the_wall_clock() {
    let mut wrong = Vec::new();
    for source in sources() {
        let may = |of: &&str| source.name == **of || source.name.starts_with(&format!("{of}/"));
        let words = [
            "wall_ms",
            "SystemTime",
            "Utc::now",
            "Local::now",
            ".modified()",
        ];
        let found: Vec<_> = words.iter().filter(|w| source.code.contains(**w)).collect();
        if !found.is_empty() && !WALL.iter().any(may) {
            wrong.push(format!("{}: {found:?}", source.name));
        }
    }
    none(wrong);
}

/// A Rust file of `src`.
struct Source {
    /// Path below `src` without its ending.
    name: String,
    /// The whole text.
    text: String,
    /// The text without comments and without its inline tests.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    // Tests beside the code may hold long tables of cases.
    files.retain(|path| {
        !path.ends_with("tests.rs") && !path.components().any(|part| part.as_os_str() == "tests")
    });
    files.sort();
    assert!(
        files.len() > 20,
        "the sources were not found below {}",
        root.display()
    );
    files.iter().map(|path| source(&root, path)).collect()
}

fn source(root: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source file is readable");
    let untested = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code = untested
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let name = path
        .strip_prefix(root)
        .expect("below src")
        .with_extension("")
        .display()
        .to_string();
    Source { name, text, code }
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Names and lengths of functions, by the indentation that rustfmt gives them.
fn functions(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        if let Some((name, at, start)) = open.take() {
            if indent == at && line.trim_start().starts_with('}') {
                found.push((name, number - start + 1));
            } else if indent == at && line.trim_end().ends_with(';') {
                // The end of a declaration over several lines: it has no body.
                open = None;
            } else {
                open = Some((name, at, start));
            }
        } else if let Some(rest) = line.split("fn ").nth(1).filter(|_| is_function(line)) {
            let name = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !line.trim_end().ends_with(';') && !line.trim_end().ends_with('}') {
                open = Some((name, indent, number));
            }
        }
    }
    found
}

fn is_function(line: &str) -> bool {
    let (before, _) = line.split_once("fn ").unwrap_or_default();
    let mut words = before.split_whitespace();
    let visibility = |word: &str| word.starts_with("pub(") || word.ends_with(')');
    line.contains("fn ")
        && words.all(|word| matches!(word, "pub" | "const" | "async" | "in") || visibility(word))
}

#[test]
fn functions_are_measured_from_their_first_line_to_their_last() {
    let text = "pub(in crate::a) fn one(\n) -> A {\n    b\n}\ntrait T {\n    fn none(\n        &self,\n    ) -> A;\n\n    \
                async fn two(&self) {\n    }\n    fn line() {}\n}\n";
    let expected = [("one".to_owned(), 4), ("two".to_owned(), 2)];
    assert_eq!(functions(text), expected);
}

fn none(wrong: Vec<String>) {
    assert!(
        wrong.is_empty(),
        "{} breaches:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
