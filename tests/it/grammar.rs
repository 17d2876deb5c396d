//! The grammar files are true: random sentences of each are understood, and print back to an equal statement.

mod ebnf;
mod sentence;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use quorate::sql::script::{Limits, split};
use quorate::sql::statements::{ALL, Statement};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Files of rules that several statements share.
const SHARED: [&str; 2] = ["lexical", "tail"];
const SENTENCES: u64 = 300;

#[test]
fn sentences_of_each_grammar_are_read_and_print_back_to_equal_statements() {
    let shared = shared();
    let mut wrong = Vec::new();
    for entry in ALL {
        let mut rules = ebnf::read(entry.grammar).unwrap_or_else(|e| panic!("{}: {e}", entry.name));
        for (name, node) in &shared {
            assert!(
                rules.insert(name.clone(), node.clone()).is_none(),
                "{}: rule {name} is a shared one",
                entry.name
            );
        }
        for seed in 0..SENTENCES {
            let random = &mut StdRng::seed_from_u64(seed);
            let text = sentence::sentence(&rules, entry.name, random)
                .unwrap_or_else(|e| panic!("{}: {e}", entry.name));
            if let Err(error) = round_trip(&text) {
                wrong.push(format!("{} (seed {seed}): {error}", entry.name));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_statement_has_its_three_files_and_no_file_is_left_over() {
    let names: BTreeSet<String> = ALL.iter().map(|e| e.name.to_owned()).collect();
    assert_eq!(names.len(), ALL.len(), "a name is there twice");
    assert_eq!(files("src/sql/statements", "rs"), names);
    assert_eq!(files("tests/slt", "slt"), names);
    let mut grammars = files("grammar", "ebnf");
    for name in SHARED {
        assert!(grammars.remove(name), "grammar/{name}.ebnf is missing");
    }
    assert_eq!(grammars, names);
}

#[test]
fn every_statement_has_a_sentence_for_help_and_its_own_first_words() {
    let mut heads = BTreeSet::new();
    for entry in ALL {
        assert!(entry.help.ends_with('.'), "{}: {}", entry.name, entry.help);
        assert!(!entry.heads.is_empty(), "{} has no head", entry.name);
        for head in entry.heads {
            assert!(heads.insert(*head), "{}: {head:?} is taken", entry.name);
        }
    }
}

fn round_trip(text: &str) -> Result<(), String> {
    let statement = read(text).map_err(|e| format!("{text}\n    is refused: {e}"))?;
    let printed = statement.to_string();
    let again = read(&printed).map_err(|e| format!("{text}\n    prints as {printed}: {e}"))?;
    if again == statement {
        Ok(())
    } else {
        Err(format!(
            "{text}\n    prints as {printed}, which means {again:?} and not {statement:?}"
        ))
    }
}

fn read(text: &str) -> Result<Statement, String> {
    let limits = Limits {
        tokens: 10_000,
        chain: 1000,
    };
    let scripts = split(text, limits).map_err(|e| e.to_string())?;
    match scripts.as_slice() {
        [script] => quorate::sql::parse(script, &[]).map_err(|e| e.to_string()),
        _ => Err(format!("{} statements", scripts.len())),
    }
}

fn shared() -> ebnf::Rules {
    let mut rules = ebnf::Rules::new();
    for name in SHARED {
        let text = fs::read_to_string(root(&format!("grammar/{name}.ebnf"))).unwrap();
        rules.extend(ebnf::read(&text).unwrap_or_else(|e| panic!("{name}: {e}")));
    }
    rules
}

fn files(folder: &str, ending: &str) -> BTreeSet<String> {
    let found = fs::read_dir(root(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    found
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect()
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
