//! The README's table of statements is made from the list of statements, so that it can't lie. `UPDATE_README=1` writes
//! it anew.

use std::fs;
use std::path::Path;

use quorate::proc;
use quorate::sql::statements::ALL;

const BEGIN: &str = "<!-- statements -->\n";
const END: &str = "<!-- end of statements -->\n";

#[test]
fn the_readme_lists_the_statements_that_there_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).expect("the README");
    let (before, rest) = text.split_once(BEGIN).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where the table ends");
    let made = format!("{before}{BEGIN}{}{END}{after}", table());
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, &made).expect("the README is written");
    } else {
        assert!(
            text == made,
            "the README's table of statements is old: run UPDATE_README=1 cargo test --test it readme"
        );
    }
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
