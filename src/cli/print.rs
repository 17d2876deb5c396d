//! Results as a person or a script reads them.

use std::io::{self, Write};
use std::time::Duration;

use mysql_async::{Column, Row, Value};
use prettytable::{Cell, Row as PrettyRow, Table as PrettyTable, format};

/// A result set with every cell as text.
pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// The result set with these columns and rows.
    pub fn new(columns: &[Column], rows: Vec<Row>) -> Table {
        let names = columns.iter().map(|c| c.name_str().into_owned()).collect();
        let rows = rows
            .into_iter()
            .map(|row| row.unwrap().into_iter().map(text).collect())
            .collect();
        Table { names, rows }
    }
}

/// A box around the table, as the mysql client draws it, and how many rows it has.
pub fn boxed(out: &mut impl Write, table: &Table, took: Duration) -> io::Result<()> {
    let seconds = took.as_secs_f64();
    if table.rows.is_empty() {
        return writeln!(out, "Empty set ({seconds:.2} sec)\n");
    }
    let mut pretty = PrettyTable::new();
    pretty.set_format(*format::consts::FORMAT_NO_LINESEP_WITH_TITLE);
    pretty.set_titles(PrettyRow::new(
        table.names.iter().map(|n| Cell::new(n)).collect(),
    ));
    for row in &table.rows {
        let cells = row
            .iter()
            .map(|cell| Cell::new(cell.as_deref().unwrap_or("NULL")))
            .collect();
        pretty.add_row(PrettyRow::new(cells));
    }
    pretty.print(out)?;
    let noun = if table.rows.len() == 1 { "row" } else { "rows" };
    writeln!(
        out,
        "{} {noun} in set ({seconds:.2} sec)\n",
        table.rows.len()
    )
}

/// One line a row, cells between tabs, with the header first. Tabs, line ends and backslashes are escaped.
pub fn tabs(out: &mut impl Write, table: &Table) -> io::Result<()> {
    writeln!(out, "{}", table.names.join("\t"))?;
    for row in &table.rows {
        let cells: Vec<String> = row
            .iter()
            .map(|cell| cell.as_deref().map_or("NULL".to_owned(), escaped))
            .collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        Table {
            names: vec!["a".into(), "b".into()],
            rows: vec![vec![Some("1\t2".into()), None]],
        }
    }

    #[test]
    fn a_person_sees_a_box() {
        let mut out = Vec::new();
        boxed(&mut out, &sample(), Duration::ZERO).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("+"), "{text}");
        assert!(
            text.contains("| a") && text.contains("NULL") && text.contains("1 row in set"),
            "{text}"
        );
    }

    #[test]
    fn a_script_sees_tabs() {
        let mut out = Vec::new();
        tabs(&mut out, &sample()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\tb\n1\\t2\tNULL\n");
    }
}
