//! Every kind of value, in text and in binary rows.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, TimeUnit, i256};
use quorate::config::Config;
use quorate::frontend::answer::{ResultColumn, ValueKind};

use super::client::*;
use super::echo::{Server, column};
use super::login::execute;

struct Case {
    kind: ValueKind,
    array: ArrayRef,
    text: &'static str,
    binary: &'static [u8],
}

fn case(
    kind: ValueKind,
    array: impl Array + 'static,
    text: &'static str,
    binary: &'static [u8],
) -> Case {
    Case {
        kind,
        array: Arc::new(array),
        text,
        binary,
    }
}

fn cases() -> Vec<Case> {
    use ValueKind::*;
    let mut cases = numbers();
    let text = b"\x03abc";
    let dictionary: DictionaryArray<Int32Type> = vec![Some("abc"), None].into_iter().collect();
    let moment = 1_357_095_845_060_708;
    let full = &[11, 0xdd, 7, 1, 2, 3, 4, 5, 0x24, 0xed, 0, 0];
    cases.extend([
        case(
            Text(3),
            StringArray::from(vec![Some("abc"), None]),
            "abc",
            text,
        ),
        case(
            Text(3),
            LargeStringArray::from(vec![Some("abc"), None]),
            "abc",
            text,
        ),
        case(
            Text(3),
            StringViewArray::from(vec![Some("abc"), None]),
            "abc",
            text,
        ),
        case(Text(3), dictionary, "abc", text),
        case(
            Text(9),
            Int64Array::from(vec![Some(-7), None]),
            "-7",
            b"\x02-7",
        ),
        case(
            Binary,
            BinaryArray::from(vec![Some(&b"abc"[..]), None]),
            "abc",
            text,
        ),
        case(
            Binary,
            LargeBinaryArray::from(vec![Some(&b"abc"[..]), None]),
            "abc",
            text,
        ),
        case(
            Binary,
            BinaryViewArray::from(vec![Some(&b"abc"[..]), None]),
            "abc",
            text,
        ),
        case(
            Date,
            Date32Array::from(vec![Some(15_707), None]),
            "2013-01-02",
            &[4, 0xdd, 7, 1, 2],
        ),
        case(
            Date,
            Date64Array::from(vec![Some(15_707 * 86_400_000), None]),
            "2013-01-02",
            &[4, 0xdd, 7, 1, 2],
        ),
        case(
            Datetime(6),
            TimestampMicrosecondArray::from(vec![Some(moment), None]),
            "2013-01-02 03:04:05.060708",
            full,
        ),
        case(
            Datetime(6),
            TimestampNanosecondArray::from(vec![Some(moment * 1000), None]),
            "2013-01-02 03:04:05.060708",
            full,
        ),
        case(
            Datetime(0),
            TimestampSecondArray::from(vec![Some(moment / 1_000_000), None]),
            "2013-01-02 03:04:05",
            &[7, 0xdd, 7, 1, 2, 3, 4, 5],
        ),
        case(
            Time,
            Time32SecondArray::from(vec![Some(3 * 3600 + 5), None]),
            "03:00:05",
            &[8, 0, 0, 0, 0, 0, 3, 0, 5],
        ),
        case(
            Time,
            Time64MicrosecondArray::from(vec![Some(1), None]),
            "00:00:00.000001",
            &[12, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        ),
        case(
            Text(64),
            DurationSecondArray::from(vec![Some(90), None]),
            "0 days 0 hours 1 mins 30 secs",
            b"\x1d0 days 0 hours 1 mins 30 secs",
        ),
        case(
            Text(64),
            IntervalYearMonthArray::from(vec![Some(14), None]),
            "1 years 2 mons",
            b"\x0e1 years 2 mons",
        ),
        case(Null, NullArray::new(2), "NULL", b""),
    ]);
    cases
}

fn numbers() -> Vec<Case> {
    use ValueKind::*;
    let large = i256::from_string("340282366920938463463374607431768211456").unwrap();
    vec![
        case(
            TinyInt,
            BooleanArray::from(vec![Some(true), None]),
            "1",
            &[1],
        ),
        case(
            TinyInt,
            Int8Array::from(vec![Some(-128), None]),
            "-128",
            &[0x80],
        ),
        case(
            SmallInt,
            Int16Array::from(vec![Some(-2), None]),
            "-2",
            &[0xfe, 0xff],
        ),
        case(
            SmallInt,
            UInt8Array::from(vec![Some(255), None]),
            "255",
            &[255, 0],
        ),
        case(
            Int,
            Int32Array::from(vec![Some(-2), None]),
            "-2",
            &[0xfe, 0xff, 0xff, 0xff],
        ),
        case(
            BigInt,
            Int64Array::from(vec![Some(-2), None]),
            "-2",
            &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        case(
            BigInt,
            UInt32Array::from(vec![Some(u32::MAX), None]),
            "4294967295",
            &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        ),
        case(
            UnsignedBigInt,
            UInt64Array::from(vec![Some(u64::MAX), None]),
            "18446744073709551615",
            &[0xff; 8],
        ),
        case(
            Float,
            Float32Array::from(vec![Some(0.1), None]),
            "0.1",
            &[0xcd, 0xcc, 0xcc, 0x3d],
        ),
        case(
            Double,
            Float64Array::from(vec![Some(1e20), None]),
            "1e20",
            &[0x40, 0x8c, 0xb5, 0x78, 0x1d, 0xaf, 0x15, 0x44],
        ),
        case(
            Decimal(9, 2),
            Decimal128Array::from(vec![Some(-125), None])
                .with_precision_and_scale(9, 2)
                .unwrap(),
            "-1.25",
            b"\x05-1.25",
        ),
        case(
            Decimal(40, 0),
            Decimal256Array::from(vec![Some(large), None])
                .with_precision_and_scale(40, 0)
                .unwrap(),
            "340282366920938463463374607431768211456",
            b"\x27340282366920938463463374607431768211456",
        ),
    ]
}

fn serve(cases: &[Case]) -> Server {
    let columns: Vec<ResultColumn> = cases
        .iter()
        .enumerate()
        .map(|(at, case)| column(&format!("c{at}"), case.kind))
        .collect();
    let fields: Vec<Field> = cases
        .iter()
        .zip(&columns)
        .map(|(case, column)| Field::new(&column.name, case.array.data_type().clone(), true))
        .collect();
    let arrays = cases.iter().map(|case| case.array.clone()).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    Server::with(Config::default(), None, Some((columns, batch)))
}

#[test]
fn every_kind_of_value_prints() {
    let cases = cases();
    let server = serve(&cases);
    let mut client = Client::root(server.addr, MODERN);
    let rows = client.query("types").text();
    for (at, case) in cases.iter().enumerate() {
        let expected = (case.text != "NULL").then(|| case.text.to_owned());
        assert_eq!(
            rows[0][at],
            expected,
            "{:?} {:?}",
            case.kind,
            case.array.data_type()
        );
        assert_eq!(rows[1][at], None);
    }
}

#[test]
fn every_kind_of_value_packs() {
    let cases = cases();
    let server = serve(&cases);
    let mut client = Client::root(server.addr, MODERN);
    client.start(b"\x16types");
    client.read().unwrap();
    let Reply::Rows { rows, .. } = client.command(&execute(1, &[])) else {
        panic!("no rows")
    };
    let bitmap_bytes = (cases.len() + 9) / 8;
    let mut bitmap = vec![0; bitmap_bytes];
    let mut values = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        values.extend(case.binary);
        if case.text == "NULL" {
            bitmap[(at + 2) / 8] |= 1 << ((at + 2) % 8);
        }
    }
    assert_eq!(rows[0], [&[0], &bitmap[..], &values[..]].concat());
    let nulls = &rows[1][1..];
    assert_eq!(nulls.len(), bitmap_bytes);
    let all = (0..cases.len()).all(|at| nulls[(at + 2) / 8] >> ((at + 2) % 8) & 1 == 1);
    assert!(all);
}

#[test]
fn a_value_that_has_no_form_ends_the_result_set_with_an_error() {
    let far = TimestampSecondArray::from(vec![Some(1 << 40)]);
    let server = serve(&[case(ValueKind::Datetime(0), far, "", b"")]);
    let mut client = Client::root(server.addr, MODERN);
    let reply = client.query("types");
    let Reply::Rows { rows, end, .. } = reply else {
        panic!("{reply:?}")
    };
    assert_eq!((rows.len(), end.code()), (0, 1264));
    assert_eq!(client.query("one").text().len(), 1);
}

#[test]
fn a_moment_with_a_time_zone_is_shown_in_it() {
    let array = TimestampSecondArray::from(vec![Some(0)]).with_timezone("+02:00");
    assert_eq!(
        array.data_type(),
        &DataType::Timestamp(TimeUnit::Second, Some("+02:00".into()))
    );
    let server = serve(&[case(ValueKind::Datetime(0), array, "", b"")]);
    let mut client = Client::root(server.addr, MODERN);
    assert_eq!(
        client.query("types").text(),
        [[Some("1970-01-01 02:00:00".to_owned())]]
    );
}
