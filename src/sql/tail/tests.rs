//! The tail, on a small result.

use super::*;
use crate::rows::Type;
use crate::sql::script::{Limits, split};

fn tail(text: &str) -> Tail {
    let limits = Limits {
        tokens: 1000,
        chain: 100,
    };
    let script = split(text, limits).unwrap().remove(0);
    let mut c = Cursor::new(&script.tokens, &script.source);
    let tail = Tail::parse_with_like(&mut c).unwrap();
    c.end().unwrap();
    tail
}

fn rows() -> Rows {
    let mut checked = Column::new("Checked", Type::Text);
    checked.null_text = Some("N/A");
    let text = |t: &'static str| Cell::Text(t.into());
    Rows {
        columns: vec![
            Column::new("Id", Type::Text),
            Column::new("Size", Type::Size),
            Column::new("Used", Type::Percent),
            checked,
        ],
        rows: vec![
            vec![
                text("10"),
                Cell::Int(1 << 30),
                Cell::Double(50.0),
                text("yes"),
            ],
            vec![text("9"), Cell::Int(2048), Cell::Double(7.29), Cell::Null],
            vec![text("Total"), Cell::Null, Cell::Double(57.29), text("no")],
        ],
    }
}

fn ids(text: &str) -> Vec<String> {
    let shown = tail(text).apply(rows()).unwrap();
    let ids = shown.rows.iter().map(|row| row[0].show(&shown.columns[0]));
    ids.map(|id| id.unwrap().into_owned()).collect()
}

#[test]
fn where_compares_by_value_and_by_what_is_printed() {
    assert_eq!(ids("WHERE size > 2000"), ["10", "9"]);
    assert_eq!(ids("WHERE size = '2.000 KB'"), ["9"]);
    assert_eq!(ids("WHERE USED >= 7.29 AND `used` < 57"), ["10", "9"]);
    assert_eq!(ids("WHERE used = '7.29 %'"), ["9"]);
    assert_eq!(ids("WHERE checked = 'N/A'"), ["9"]);
    assert_eq!(ids("WHERE checked IS NULL"), ["9"]);
    assert_eq!(ids("WHERE size IS NULL OR id IN (9, 11)"), ["9", "Total"]);
    assert_eq!(ids("WHERE id NOT LIKE '%t%'"), ["10", "9"]);
    assert_eq!(ids("WHERE size != 2048"), ["10"], "NULL is not unequal");
    assert_eq!(ids("WHERE id BETWEEN 9 AND 10"), ["10", "9"]);
    assert_eq!(ids("LIKE 't_tal'"), ["Total"]);
}

#[test]
fn order_by_sorts_in_the_direction_that_is_written() {
    assert_eq!(ids("ORDER BY Id"), ["9", "10", "Total"]);
    assert_eq!(ids("ORDER BY id DESC"), ["Total", "10", "9"]);
    assert_eq!(ids("ORDER BY size"), ["Total", "9", "10"]);
    assert_eq!(ids("ORDER BY size NULLS LAST"), ["9", "10", "Total"]);
    assert_eq!(ids("ORDER BY 3 DESC"), ["Total", "10", "9"]);
    assert_eq!(ids("WHERE used < 55 ORDER BY used"), ["9", "10"]);
    assert_eq!(ids("ORDER BY used LIMIT 1"), ["9"]);
    assert_eq!(ids("ORDER BY used LIMIT 1, 5"), ["10", "Total"]);
    assert_eq!(ids("LIMIT 1 OFFSET 2"), ["Total"]);
    assert_eq!(ids("LIMIT 5 OFFSET 9"), [""; 0]);
}

#[test]
fn unknown_columns_are_errors_even_without_rows() {
    let none = Rows {
        columns: rows().columns,
        rows: vec![],
    };
    let filter = tail("WHERE nothing = 1").apply(none.clone()).unwrap_err();
    assert_eq!(filter.code, Code::BAD_FIELD);
    let order = tail("ORDER BY nothing").apply(none.clone()).unwrap_err();
    assert_eq!(order.code, Code::WRONG_COLUMN_NAME);
    let order = tail("ORDER BY 5").apply(none).unwrap_err();
    assert_eq!(order.code, Code::WRONG_COLUMN_NAME);
}

#[test]
fn it_prints_as_it_can_be_read() {
    for text in [
        "LIKE 'a\\'b\\\\_'",
        "WHERE a = 1 OR (b != 'x' AND NOT c) ORDER BY a DESC NULLS FIRST, 2 LIMIT 3, 4",
        "WHERE a - (b - 1) > -5 AND (a = b) = c AND x IS NOT TRUE",
        "WHERE a NOT BETWEEN 1 AND 2 AND (a OR b) IN (1, NULL)",
    ] {
        let once = tail(text);
        assert_eq!(tail(&once.to_string()), once, "{once}");
    }
}
