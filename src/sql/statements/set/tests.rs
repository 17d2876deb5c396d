//! SET as clients send it, against a session.

use super::*;
use crate::proc::testing;
use crate::sql::script::{Limits, split};
use crate::sql::session::Session;

fn run(session: &mut Session, text: &str) -> Result<Option<Request>, u16> {
    let limits = Limits {
        tokens: 1000,
        chain: 100,
    };
    let view = testing::view();
    let script = split(text, limits).unwrap().remove(0);
    let statement = crate::sql::parse(&script, &[]).map_err(|e| Failure::from(e).code.mysql)?;
    let cx = Context {
        view: &view,
        session,
    };
    match statement.run(cx).map_err(|e| e.code.mysql)? {
        Outcome::Session(changes) => {
            for change in changes {
                session.apply(change);
            }
            Ok(None)
        }
        Outcome::Request(request) => Ok(Some(request)),
        other => panic!("{other:?}"),
    }
}

fn read(session: &Session, name: &str) -> Option<String> {
    let view = testing::view();
    let cx = Context {
        view: &view,
        session,
    };
    let value = variables::value(cx, None, name).unwrap();
    value.shown.map(|text| text.into_owned())
}

#[test]
fn what_clients_send_on_connect_is_taken() {
    let mut session = Session::default();
    for text in [
        "SET NAMES utf8mb4",
        "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_0900_ai_ci'",
        "SET AUTOCOMMIT = 0",
        "SET @@session.autocommit = OFF",
        "SET character_set_results = NULL",
        "set autocommit=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')",
        "SET SESSION SQL_AUTO_IS_NULL=0",
        "SET session_track_schema= ON",
        "SET session_track_system_variables='autocommit,character_set_client'",
        "set @@sql_select_limit=DEFAULT",
        "set @@max_execution_time=1000",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SET TRANSACTION READ WRITE",
        "SET SQL_SAFE_UPDATES=1",
        "/*!40100 SET @@SQL_MODE='' */",
        "/*!40103 SET TIME_ZONE='+00:00' */",
        "SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO'",
        "SET sql_mode = @old_sql_mode",
        "SET net_write_timeout=600",
    ] {
        assert_eq!(run(&mut session, text), Ok(None), "{text}");
    }
    assert_eq!(read(&session, "autocommit").as_deref(), Some("1"));
    assert_eq!(read(&session, "character_set_results"), None);
    assert_eq!(
        read(&session, "max_execution_time").as_deref(),
        Some("1000")
    );
    assert_eq!(read(&session, "sql_mode").as_deref(), Some(""));
    assert_eq!(read(&session, "time_zone").as_deref(), Some("+00:00"));
}

#[test]
fn items_see_those_before_them_and_a_failure_undoes_all() {
    let mut session = Session::default();
    let text = "SET @a = 2, @b = @a * 3, @c := CONCAT(@b, 'x'), @d = NULL";
    assert_eq!(run(&mut session, text), Ok(None));
    assert_eq!(session.user_variable("b"), Some("6"));
    assert_eq!(session.user_variable("c"), Some("6x"));
    assert_eq!(session.user_variable("d"), None);
    assert_eq!(run(&mut session, "SET @a = 9, no_such = 1"), Err(1193));
    assert_eq!(session.user_variable("a"), Some("2"));
}

#[test]
fn a_written_scope_holds_until_the_next_one() {
    let mut session = Session::default();
    let text = "SET SESSION sql_safe_updates = 1, sql_notes = 0, @@session.big_tables = on";
    assert_eq!(run(&mut session, text), Ok(None));
    assert_eq!(read(&session, "sql_notes").as_deref(), Some("0"));
    assert_eq!(run(&mut session, "SET GLOBAL sql_notes = 0"), Err(1235));
    assert_eq!(
        run(
            &mut session,
            "SET SESSION sql_notes = 1, GLOBAL big_tables = 1"
        ),
        Err(1235)
    );
    assert_eq!(read(&session, "sql_notes").as_deref(), Some("0"));
}

#[test]
fn what_can_not_be_set_says_so() {
    let mut session = Session::default();
    for (text, code) in [
        ("SET no_such = 1", 1193),
        ("SET version = 'x'", 1238),
        ("SET max_allowed_packet = 1", 1238),
        ("SET max_connections = 1", 1229),
        ("SET GLOBAL sql_log_bin = 1", 1229),
        ("SET sql_mode = 'NO_BACKSLASH_ESCAPES'", 1231),
        ("SET autocommit = maybe", 1231),
        ("SET wait_timeout = 'soon'", 1232),
        ("SET NAMES big5", 1115),
        ("SET NAMES utf8mb4 COLLATE utf8mb3_bin", 1253),
        ("SET GLOBAL max_connections = 5, autocommit = 1", 1210),
        ("SET ROLE x", 1235),
        ("SET sql_mode", 1064),
        ("SET @@ = 1", 1064),
        ("SET TRANSACTION ISOLATION LEVEL NONE", 1064),
    ] {
        assert_eq!(run(&mut session, text), Err(code), "{text}");
    }
}

#[test]
fn the_older_name_of_a_variable_follows() {
    let mut session = Session::default();
    assert_eq!(
        run(&mut session, "SET tx_isolation = 'SERIALIZABLE'"),
        Ok(None)
    );
    assert_eq!(
        read(&session, "transaction_isolation").as_deref(),
        Some("SERIALIZABLE")
    );
    assert_eq!(
        run(&mut session, "SET transaction_isolation = DEFAULT"),
        Ok(None)
    );
    assert_eq!(
        read(&session, "tx_isolation").as_deref(),
        Some("REPEATABLE-READ")
    );
}

#[test]
fn global_variables_that_are_settings_become_requests() {
    let mut session = Session::default();
    let request = run(&mut session, "SET PERSIST max_connections = 7").unwrap();
    assert_eq!(
        request,
        Some(Request::SetConfig {
            key: "max_connections".into(),
            value: "7".into(),
            persistent: true,
        })
    );
}
