//! Functions and operators against the results that MySQL's reference manual prints.

use super::{check, check_values};

#[tokio::test]
async fn texts() {
    check_values(&[
        ("CONCAT('My', 'S', 'QL')", "MySQL"),
        ("CONCAT('My', NULL, 'QL')", "NULL"),
        ("CONCAT(14.3, 1)", "14.31"),
        (
            "CONCAT_WS(',', 'First name', NULL, 'Last Name')",
            "First name,Last Name",
        ),
        ("CONCAT_WS(NULL, 'a')", "NULL"),
        ("LOCATE('bar', 'foobarbar')", "4"),
        ("LOCATE('xbar', 'foobar')", "0"),
        ("LOCATE('bar', 'foobarbar', 5)", "7"),
        ("INSTR('foobarbar', 'bar')", "4"),
        ("POSITION('bar' IN 'foobarbar')", "4"),
        ("SUBSTRING('Quadratically', 5)", "ratically"),
        ("SUBSTRING('foobarbar' FROM 4)", "barbar"),
        ("SUBSTRING('Quadratically', 5, 6)", "ratica"),
        ("SUBSTRING('Sakila', -3)", "ila"),
        ("SUBSTRING('Sakila', -5, 3)", "aki"),
        ("SUBSTR('Sakila' FROM -4 FOR 2)", "ki"),
        ("SUBSTRING_INDEX('www.mysql.com', '.', 2)", "www.mysql"),
        ("SUBSTRING_INDEX('www.mysql.com', '.', -2)", "mysql.com"),
        ("LEFT('foobarbar', 5)", "fooba"),
        ("RIGHT('foobarbar', 4)", "rbar"),
        ("LCASE('QUADRATICALLY')", "quadratically"),
        ("UCASE('Hej')", "HEJ"),
        ("LENGTH('täxt')", "5"),
        ("CHAR_LENGTH('täxt')", "4"),
        ("TRIM('  bar   ')", "bar"),
        ("REPLACE('www.mysql.com', 'w', 'Ww')", "WwWwWw.mysql.com"),
        ("LPAD('hi', 4, '??')", "??hi"),
        ("REVERSE('abc')", "cba"),
        ("FIELD('Bb', 'Aa', 'Bb', 'Cc')", "2"),
        ("ELT(1, 'Aa', 'Bb')", "Aa"),
        ("FIND_IN_SET('b', 'a,b,c,d')", "2"),
        ("STRCMP('text', 'text2')", "-1"),
        ("FORMAT(12332.123456, 4)", "12,332.1235"),
        ("HEX('abc')", "616263"),
        ("QUOTE('Don\\'t!')", "'Don\\'t!'"),
        ("'a' 'b'", "ab"),
    ])
    .await;
}

#[tokio::test]
async fn dates() {
    check_values(&[
        ("NOW()", "2013-01-05 10:11:12"),
        ("UTC_TIMESTAMP()", "2013-01-05 10:11:12"),
        ("UTC_TIMESTAMP", "2013-01-05 10:11:12"),
        ("CURRENT_TIMESTAMP", "2013-01-05 10:11:12"),
        ("CURDATE()", "2013-01-05"),
        ("TIMEDIFF(NOW(), UTC_TIMESTAMP())", "00:00:00"),
        (
            "TIMEDIFF('2000-01-01 00:00:00', '2000-01-01 00:00:00.000001')",
            "-00:00:00.000001",
        ),
        ("YEAR('1987-01-01')", "1987"),
        ("MONTH('2008-02-03')", "2"),
        ("DAY('2007-02-03')", "3"),
    ])
    .await;
}

#[tokio::test]
async fn parts_and_formats_of_dates() {
    check_values(&[
        ("DAYOFYEAR('2007-02-03')", "34"),
        ("DAYOFWEEK('2007-02-03')", "7"),
        ("WEEKDAY('2008-02-03 22:23:00')", "6"),
        ("QUARTER('2008-04-01')", "2"),
        ("WEEK('2008-02-20')", "7"),
        ("WEEK('2008-02-20', 1)", "8"),
        ("HOUR('2008-02-03 10:05:03')", "10"),
        ("DATE('2003-12-31 01:02:03')", "2003-12-31"),
        (
            "DATE_FORMAT('2009-10-04 22:23:00', '%W %M %Y')",
            "Sunday October 2009",
        ),
        ("DATE_FORMAT('2007-10-04 22:23:00', '%H:%i:%s')", "22:23:00"),
        (
            "DATE_FORMAT('1900-10-04 22:23:00', '%D %y %a %d %m %b %j')",
            "4th 00 Thu 04 10 Oct 277",
        ),
        (
            "DATE_FORMAT('1997-10-04 22:23:00', '%H %k %I %r %T %S %w')",
            "22 22 10 10:23:00 PM 22:23:00 00 6",
        ),
        ("STR_TO_DATE('May 1, 2013', '%M %d,%Y')", "2013-05-01"),
        ("STR_TO_DATE('01,5,2013', '%d,%m,%Y')", "2013-05-01"),
        ("DATE_ADD('2018-05-01', INTERVAL 1 DAY)", "2018-05-02"),
        ("DATE_SUB('2018-05-01', INTERVAL 1 YEAR)", "2017-05-01"),
        (
            "DATE_ADD('2020-12-31 23:59:59', INTERVAL 1 SECOND)",
            "2021-01-01 00:00:00",
        ),
        ("DATE_ADD('2024-03-30', INTERVAL 1 MONTH)", "2024-04-30"),
        ("DATE_ADD('2024-01-31', INTERVAL 1 MONTH)", "2024-02-29"),
        (
            "'2018-12-31 23:59:59' + INTERVAL 1 SECOND",
            "2019-01-01 00:00:00",
        ),
        (
            "CAST('2025-01-01' AS DATE) - INTERVAL 1 SECOND",
            "2024-12-31 23:59:59",
        ),
        ("CAST('2025-01-01' AS DATE) + INTERVAL 1 WEEK", "2025-01-08"),
        ("NOW() - INTERVAL 1 HOUR", "2013-01-05 09:11:12"),
        ("DATEDIFF('2007-12-31 23:59:59', '2007-12-30')", "1"),
        ("DATEDIFF('2010-11-30 23:59:59', '2010-12-31')", "-31"),
        ("TIMESTAMPDIFF(MONTH, '2003-02-01', '2003-05-01')", "3"),
        ("TIMESTAMPDIFF(YEAR, '2002-05-01', '2001-01-01')", "-1"),
        (
            "TIMESTAMPDIFF(MINUTE, '2003-02-01', '2003-05-01 12:05:55')",
            "128885",
        ),
        (
            "TIMESTAMPADD(MINUTE, 1, '2003-01-02')",
            "2003-01-02 00:01:00",
        ),
        ("LAST_DAY('2004-02-05')", "2004-02-29"),
        ("TO_DAYS('2007-10-07')", "733321"),
        ("FROM_DAYS(730669)", "2000-07-03"),
        ("MAKEDATE(2011, 32)", "2011-02-01"),
        ("EXTRACT(YEAR FROM CAST('2019-07-02' AS DATE))", "2019"),
        ("DATE_FORMAT('no date', '%Y')", "NULL"),
    ])
    .await;
}

#[tokio::test]
async fn control_flow_and_operators() {
    check_values(&[
        ("IF(1 > 2, 2, 3)", "3"),
        ("IF(1, 'yes', 'no')", "yes"),
        ("IF(NULL, 'yes', 'no')", "no"),
        ("IFNULL(1, 0)", "1"),
        ("IFNULL(NULL, 10)", "10"),
        ("NULLIF(1, 1)", "NULL"),
        ("ISNULL(1 + 1)", "0"),
        ("ISNULL(NULL)", "1"),
        ("COALESCE(NULL, NULL, 3)", "3"),
        (
            "CASE 1 WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'more' END",
            "one",
        ),
        ("CASE WHEN 1 > 0 THEN 'true' ELSE 'false' END", "true"),
        ("CASE WHEN 0 THEN 1 END", "NULL"),
        ("1 <=> 1", "1"),
        ("NULL <=> NULL", "1"),
        ("1 <=> NULL", "0"),
    ])
    .await;
}

#[tokio::test]
async fn operators() {
    check_values(&[
        ("CAST('12abc' AS SIGNED)", "12"),
        ("CAST('abc' AS SIGNED)", "0"),
        ("CAST('2013-01-05 10:00:00' AS DATE)", "2013-01-05"),
        ("CAST('2013-01-05' AS DATETIME)", "2013-01-05 00:00:00"),
        ("CAST('no' AS DATE)", "NULL"),
        ("CAST(TRUE AS CHAR)", "1"),
        ("CAST(1.555 AS DECIMAL(5,2))", "1.56"),
        ("1 = '1'", "1"),
        ("1 = '01'", "1"),
        ("'a' = 0", "1"),
        ("5 DIV 2", "2"),
        ("-5 DIV 2", "-2"),
        ("7 DIV 2 + 1", "4"),
        ("20 DIV 3 DIV 2", "3"),
        ("5 DIV 0", "NULL"),
        ("29 MOD 9", "2"),
        ("MOD(234, 10)", "4"),
        ("253 % 7", "1"),
        ("5 % 0", "NULL"),
        ("3 / 5", "0.6000"),
        ("102 / (1 - 1)", "NULL"),
        ("3 - 5", "-2"),
        ("1.5 * 2", "3.0"),
        ("'3' + 4", "7"),
        ("TRUE + TRUE", "2"),
        ("NOT 10", "0"),
        ("NOT 0", "1"),
        ("1 AND 0", "0"),
        ("1 && 1", "1"),
        ("0 OR NULL", "NULL"),
        ("0 || 1", "1"),
        ("1 XOR 1", "0"),
        ("1 XOR 0", "1"),
        ("'Michael!' REGEXP '.*'", "1"),
        ("'a' REGEXP '^[b-d]'", "0"),
        ("'a' NOT REGEXP 'a'", "0"),
        ("'fofo' RLIKE '^fo*$'", "0"),
        ("'David!' LIKE 'David_'", "1"),
        ("'David_' LIKE 'David\\_'", "1"),
        ("'x' LIKE NULL", "NULL"),
        ("2 BETWEEN 1 AND 3", "1"),
        ("2 IN (0, 3, 5, 7)", "0"),
        ("'a' COLLATE utf8mb4_bin", "a"),
        ("_utf8mb4'abc'", "abc"),
        ("CAST('12' AS SIGNED) + 1", "13"),
        ("CAST(1.5 AS CHAR)", "1.5"),
        ("CONVERT('x' USING utf8mb4)", "x"),
        ("ABS(-32)", "32"),
        ("ROUND(1.298, 1)", "1.3"),
        ("FLOOR(1.23)", "1"),
        ("CEILING(1.23)", "2"),
        ("SIGN(-32)", "-1"),
        ("GREATEST(2, 0)", "2"),
        ("CRC32('MySQL')", "3259397556"),
    ])
    .await;
}

#[tokio::test]
async fn groups() {
    let numbers = "(SELECT 1 AS n, 'a' AS t UNION ALL SELECT 2, 'b' UNION ALL SELECT 3, 'b') AS q";
    let case = |text: &str| text.replace("$", numbers);
    check(&[
        (
            &case("SELECT GROUP_CONCAT(t ORDER BY n SEPARATOR ';') AS x FROM $"),
            "x\na;b;b",
        ),
        (
            &case("SELECT t, COUNT(*), SUM(n = 3) s FROM $ GROUP BY t ORDER BY 1 DESC"),
            "t\tCOUNT(*)\ts\nb\t2\t1\na\t1\t0",
        ),
        (
            &case("SELECT t, COUNT(*) c FROM $ GROUP BY t HAVING c > 1"),
            "t\tc\nb\t2",
        ),
        (
            &case("SELECT t, SUM(n) FROM $ GROUP BY t WITH ROLLUP ORDER BY 2"),
            "t\tSUM(n)\na\t1\nb\t5\nNULL\t6",
        ),
        (
            &case("SELECT COUNT(DISTINCT t) FROM $"),
            "COUNT(DISTINCT t)\n2",
        ),
        (&case("SELECT n FROM $ ORDER BY n DESC LIMIT 1, 1"), "n\n2"),
        (&case("SELECT STD(n) x FROM $ WHERE n < 3"), "x\n0.5"),
    ])
    .await;
}
