//! The table of variables and the values that they take.

use super::*;
use crate::sql::expr::value::Value;

#[test]
fn the_list_is_sorted_and_in_lower_case_so_that_names_are_found() {
    for pair in list::ALL.windows(2) {
        assert!(pair[0].name < pair[1].name, "{}", pair[1].name);
    }
    for variable in list::ALL {
        assert_eq!(variable.name, variable.name.to_ascii_lowercase());
        assert_eq!(
            find(&variable.name.to_uppercase()).unwrap().name,
            variable.name
        );
    }
    assert_eq!(
        find("no_such").unwrap_err().code,
        Code::UNKNOWN_SYSTEM_VARIABLE
    );
}

#[test]
fn every_initial_value_is_one_that_the_variable_takes() {
    for variable in list::ALL.iter().filter(|v| v.access == Access::Session) {
        let Initial::Text(text) = variable.initial else {
            continue;
        };
        let taken = variable.take(&Value::text(text));
        let expected = Taken {
            text: text.to_owned(),
            warning: None,
        };
        assert_eq!(taken, Ok(expected), "{}", variable.name);
    }
}

fn take(name: &str, value: Value) -> Result<String, u16> {
    let taken = find(name).unwrap().take(&value);
    taken.map(|t| t.text).map_err(|e| e.code.mysql)
}

#[test]
fn values_are_checked_and_get_one_form() {
    let text = |t: &'static str| Value::text(t);
    assert_eq!(take("autocommit", text("off")), Ok("OFF".into()));
    assert_eq!(take("autocommit", Value::int(1)), Ok("ON".into()));
    assert_eq!(take("autocommit", Value::int(2)), Err(1231));
    assert_eq!(take("autocommit", Value::NULL), Err(1231));
    assert_eq!(take("net_write_timeout", text("soon")), Err(1232));
    assert_eq!(take("net_write_timeout", Value::int(-5)), Ok("1".into()));
    assert_eq!(
        take("sql_select_limit", text("18446744073709551615")),
        Ok("18446744073709551615".into())
    );
    assert_eq!(take("sql_mode", text("")), Ok("".into()));
    assert_eq!(
        take(
            "sql_mode",
            text("strict_trans_tables, ,STRICT_TRANS_TABLES")
        ),
        Ok("STRICT_TRANS_TABLES".into())
    );
    assert_eq!(
        take("sql_mode", text("ansi_quotes,Pipes_as_concat")),
        Ok("ANSI_QUOTES,PIPES_AS_CONCAT".into())
    );
    assert_eq!(take("sql_mode", text("no_backslash_escapes")), Err(1231));
    assert_eq!(take("sql_mode", text("NONSENSE")), Err(1231));
    assert_eq!(take("character_set_results", Value::NULL), Ok("".into()));
    assert_eq!(take("character_set_client", Value::NULL), Err(1231));
    assert_eq!(
        take("character_set_client", text("UTF8")),
        Ok("utf8mb3".into())
    );
    assert_eq!(take("character_set_client", text("big5")), Err(1115));
    assert_eq!(take("collation_connection", text("klingon_ci")), Err(1273));
    assert_eq!(take("time_zone", text("+1:00")), Ok("+01:00".into()));
    assert_eq!(take("time_zone", text("-13:59")), Ok("-13:59".into()));
    assert_eq!(take("time_zone", text("+14:01")), Err(1298));
    assert_eq!(take("time_zone", text("Mars/Olympus")), Err(1298));
    assert_eq!(
        take("transaction_isolation", text("serializable")),
        Ok("SERIALIZABLE".into())
    );
}

#[test]
fn a_number_out_of_range_is_drawn_inside_with_a_warning() {
    let taken = find("wait_timeout").unwrap().take(&Value::int(0)).unwrap();
    assert_eq!(taken.text, "1");
    assert_eq!(taken.warning.unwrap().code, 1292);
}
