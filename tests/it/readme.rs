//! The README's tables of statements, of headers of loads and of differences from MariaDB are made from the lists that programs
//! read, so that they can't lie. `UPDATE_README=1` writes them anew.

use std::fs;
use std::path::Path;

use quorate::load::headers::{Effect, list};
use quorate::proc;
use quorate::sql::statements::ALL;

#[test]
fn the_readme_lists_what_there_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).expect("the README");
    let made = with(&text, "statements", &table());
    let made = with(&made, "load headers", &headers());
    let made = with(&made, "differences", &differences());
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &made).expect("the README is written");
    } else {
        assert!(
            text == made,
            "the README's tables are old: run UPDATE_README=1 cargo test --test it readme"
        );
    }
}

/// The text with another section of this name.
fn with(text: &str, name: &str, section: &str) -> String {
    let (begin, end) = (
        format!("<!-- {name} -->\n"),
        format!("<!-- end of {name} -->\n"),
    );
    let (before, rest) = text.split_once(&begin).expect("where the section begins");
    let (_, after) = rest.split_once(&end).expect("where the section ends");
    format!("{before}{begin}{section}{end}{after}")
}

/// What `tests/clients/differ.py` knows to differ from MariaDB, from the list that it reads.
fn differences() -> String {
    let list = include_str!("../clients/differ_explained.txt");
    let mut text = "| asked | here | MariaDB | why |\n|---|---|---|---|\n".to_owned();
    for entry in list.split("\n\n") {
        let of = |key: &str| {
            let found = entry
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| *name == key);
            found.map_or("", |(_, value)| value)
        };
        let kinds = match of("kinds") {
            "" => String::new(),
            kinds => format!(" (a column of {kinds})"),
        };
        text.push_str(&format!(
            "| `{}` | {}{kinds} | {} | {} |\n",
            of("query"),
            of("here"),
            of("mariadb"),
            of("why")
        ));
    }
    text
}

fn headers() -> String {
    let mut text = "| header of a load | what it does |\n|---|---|\n".to_owned();
    for header in list::ALL {
        let names: Vec<String> = header
            .names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let what = match header.effect {
            Effect::Done(what) => what.to_owned(),
            Effect::Refused([], instead) => format!("refused: {instead}"),
            Effect::Refused(harmless, instead) => {
                format!("refused, other than `{}`: {instead}", harmless.join("`, `"))
            }
            Effect::Nothing(why) => format!("changes nothing: {why}"),
        };
        text.push_str(&format!("| {} | {what} |\n", names.join(", ")));
    }
    text
}

fn table() -> String {
    let mut entries: Vec<_> = ALL.iter().collect();
    entries.sort_by_key(|entry| entry.heads.first().map(|head| head.join(" ")));
    let mut text = "| statement | what it does |\n|---|---|\n".to_owned();
    for entry in entries {
        let head = entry
            .heads
            .first()
            .map(|head| head.join(" "))
            .unwrap_or_default();
        text.push_str(&format!("| `{head}` | {} |\n", entry.help));
    }
    text.push_str(&format!("\nPROC paths: {}.\n", proc_paths().join(", ")));
    text
}

fn proc_paths() -> Vec<String> {
    proc::ALL
        .iter()
        .map(|entry| format!("`{}`", entry.path))
        .collect()
}
