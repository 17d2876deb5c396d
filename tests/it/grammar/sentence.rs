//! Random sentences of a grammar, from a seed.

use rand::Rng;
use rand::rngs::StdRng;

use super::ebnf::{Node, Rules};

/// A random sentence of `rule`.
pub fn sentence(rules: &Rules, rule: &str, random: &mut StdRng) -> Result<String, String> {
    let mut words = Vec::new();
    let node = Node::Rule(rule.to_owned());
    say(rules, &node, rule, random, 0, &mut words)?;
    Ok(words.join(" "))
}

/// Depth from which on what may be left out is left out.
const DEEP: usize = 12;

fn say(
    rules: &Rules,
    node: &Node,
    rule: &str,
    random: &mut StdRng,
    depth: usize,
    words: &mut Vec<String>,
) -> Result<(), String> {
    if depth > 100 {
        return Err(format!("rule {rule} has no end"));
    }
    let mut go =
        |node: &Node, random: &mut StdRng| say(rules, node, rule, random, depth + 1, words);
    match node {
        Node::Word(word) => words.push(any_case(word, random)),
        Node::All(nodes) => {
            for node in nodes {
                go(node, random)?;
            }
        }
        Node::One(nodes) if depth > DEEP => go(&nodes[0], random)?,
        Node::One(nodes) => go(&nodes[random.random_range(0..nodes.len())], random)?,
        Node::Perhaps(node) => {
            if depth <= DEEP && random.random_bool(0.5) {
                go(node, random)?;
            }
        }
        Node::Many(node) => {
            while depth <= DEEP && random.random_bool(0.4) {
                go(node, random)?;
            }
        }
        Node::Rule(name) => match rules.get(name) {
            Some(Node::Prose) => words.push(made(name, random)?),
            Some(node) => say(rules, node, name, random, depth + 1, words)?,
            None => return Err(format!("rule {rule} names {name}, which no file has")),
        },
        Node::Prose => return Err(format!("prose in the midst of rule {rule}")),
    }
    Ok(())
}

fn any_case(word: &str, random: &mut StdRng) -> String {
    match random.random_range(0..3) {
        0 => word.to_ascii_lowercase(),
        _ => word.to_owned(),
    }
}

/// A sample of a rule that is said in prose.
fn made(rule: &str, random: &mut StdRng) -> Result<String, String> {
    let small = random.random_range(0..30);
    Ok(match rule {
        "name" => pick(random, &NAMES).to_owned(),
        "text" => pick(random, &TEXTS).to_owned(),
        "number" => random.random_range(0..100_000_u32).to_string(),
        "decimal" => format!("{small}.{}", random.random_range(0..1000)),
        "system_variable" => pick(
            random,
            &["@@autocommit", "@@session.sql_mode", "@@GLOBAL.port"],
        )
        .to_owned(),
        "user_variable" => pick(random, &["@x", "@`a b`", "@'q'", "@X_1"]).to_owned(),
        "bare_user" => pick(random, &["u1", "u1@localhost", "root@`%`"]).to_owned(),
        _ => return Err(format!("the generator has no samples of {rule}")),
    })
}

fn pick<'a>(random: &mut StdRng, from: &[&'a str]) -> &'a str {
    from[random.random_range(0..from.len())]
}

const NAMES: [&str; 8] = [
    "t1",
    "orders",
    "Flights_2013",
    "`select`",
    "`a b`",
    "`a``b`",
    "`\u{e9}t\u{e9}`",
    "$x",
];

const TEXTS: [&str; 9] = [
    "'x'",
    "\"two words\"",
    "''",
    "'it''s'",
    "'a\\'b'",
    "'back\\\\slash'",
    "'%_\\%'",
    "'\u{e9}\\n'",
    "'2013-01-31'",
];
