//! Statements that are wrong: each is refused with its code, and where the fault has a place, with line and column.

use std::fs;
use std::path::Path;

use quorate::code::Failure;
use quorate::sql::script::{Limits, split};

/// A line of `tests/it/malformed.txt`: `code line:column statement`, with `-` for no place, `\n` for a new line and
/// `<<300*x>>` for x, 300 times.
struct Case {
    code: u16,
    place: Option<String>,
    sql: String,
}

#[test]
fn each_malformed_statement_is_refused_with_its_code_and_place() {
    let cases = cases();
    assert!(cases.len() >= 100, "only {} statements", cases.len());
    let wrong: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(case: &Case) -> Result<(), String> {
    let Err(failure) = read(&case.sql) else {
        return Err(format!("taken: {}", case.sql));
    };
    let place = case.place.as_deref().map(|place| {
        let (line, column) = place.split_once(':').expect("line:column");
        format!("line {line}, column {column}")
    });
    let there = match &place {
        Some(place) => failure.message.contains(place.as_str()),
        None => !failure.message.contains("column "),
    };
    if failure.code.mysql == case.code && there {
        return Ok(());
    }
    Err(format!(
        "{}\n    expected {} at {}, got {}: {failure}",
        case.sql,
        case.code,
        place.as_deref().unwrap_or("no place"),
        failure.code.mysql
    ))
}

fn read(text: &str) -> Result<(), Failure> {
    let limits = Limits {
        tokens: 2000,
        chain: 200,
    };
    let scripts = split(text, limits)?;
    if scripts.is_empty() {
        return Err(quorate::sql::error::SyntaxError::Empty.into());
    }
    for script in &scripts {
        quorate::sql::parse(script, &[])?;
    }
    Ok(())
}

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/malformed.txt");
    let text = fs::read_to_string(path).expect("the statements are readable");
    let lines = text
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(case).collect()
}

fn case(line: &str) -> Case {
    let mut parts = line.splitn(3, ' ');
    let mut part = || parts.next().unwrap_or_else(|| panic!("too short: {line}"));
    let code = part().parse().unwrap_or_else(|_| panic!("no code: {line}"));
    let place = Some(part()).filter(|p| *p != "-").map(str::to_owned);
    let sql = part().replace("\\n", "\n");
    Case {
        code,
        place,
        sql: repeated(&sql),
    }
}

fn repeated(sql: &str) -> String {
    let Some((before, rest)) = sql.split_once("<<") else {
        return sql.to_owned();
    };
    let (part, after) = rest.split_once(">>").expect("<<n*text>>");
    let (times, text) = part.split_once('*').expect("<<n*text>>");
    let times = times.parse().expect("a number");
    format!("{before}{}{after}", text.repeat(times))
}
