//! Footers that were made to harm, and good ones.

use std::io::Write;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use std::sync::Arc;

use super::*;

/// A file with this footer.
fn file(footer: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"PAR1").unwrap();
    file.write_all(footer).unwrap();
    let length = u32::try_from(footer.len()).unwrap();
    file.write_all(&length.to_le_bytes()).unwrap();
    file.write_all(b"PAR1").unwrap();
    file
}

fn said(footer: &[u8]) -> String {
    check(&file(footer)).unwrap_err().to_string()
}

/// A number as the protocol writes it.
fn number(value: i64) -> Vec<u8> {
    unsigned(((value << 1) ^ (value >> 63)) as u64)
}

fn unsigned(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Field 2 of a footer: a schema of `elements`.
fn with_schema(size: usize, elements: &[u8]) -> Vec<u8> {
    let mut footer = vec![0x29, 0xfc];
    footer.extend(unsigned(size as u64));
    footer.extend(elements);
    footer
}

/// An element named `a` with `children`; `None` makes it a column.
fn element(children: Option<i64>) -> Vec<u8> {
    let mut element = vec![0x48, 0x01, b'a'];
    if let Some(children) = children {
        element.push(0x15);
        element.extend(number(children));
    }
    element.push(0);
    element
}

#[test]
fn a_footer_of_the_library_passes() {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
    let columns = (0..300).map(|n| (format!("c{n}"), ids.clone()));
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    for _ in 0..3 {
        writer.write(&batch).unwrap();
        writer.flush().unwrap();
    }
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&writer.into_inner().unwrap()).unwrap();
    check(&file).unwrap();
}

#[test]
fn fifty_one_bytes_do_not_reserve_gigabytes() {
    let hex = "504152311502193c4804726f6f741504001504250218016b00150c250218017600160219fcffffffff07002700000050415231";
    let bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(bytes.len(), 51);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let error = check(&file).unwrap_err().to_string();
    assert!(error.contains("larger than what is left"), "{error}");
}

#[test]
fn columns_that_are_nested_deep_are_refused_without_recursion() {
    for depth in [101_usize, 4_000, 5_000, 20_000, 1_000_000] {
        let mut elements = element(Some(1)).repeat(depth);
        elements.extend(element(None));
        let error = said(&with_schema(depth + 1, &elements));
        assert!(
            error.contains("100 deep") || error.contains("8192"),
            "{depth}: {error}"
        );
    }
    let mut elements = element(Some(1)).repeat(100);
    elements.extend(element(None));
    let mut footer = with_schema(101, &elements);
    footer.push(0);
    check(&file(&footer)).unwrap();
}

#[test]
fn structures_that_are_nested_deep_are_refused_without_recursion() {
    for depth in [101_usize, 5_000, 1_000_000] {
        // A field that nobody knows: a structure, or a list, that holds one, and so on.
        assert!(said(&vec![0xfc; depth]).contains("100 deep"));
        let mut lists = vec![0xf9];
        lists.extend(vec![0x19; depth]);
        assert!(said(&lists).contains("100 deep"), "{depth}");
    }
}

#[test]
fn many_columns_or_members_that_there_are_not_are_refused() {
    let wide = |columns: usize| {
        let mut elements = element(Some(columns as i64));
        elements.extend(element(None).repeat(columns));
        with_schema(columns + 1, &elements)
    };
    assert!(said(&wide(1_000_000)).contains("8192"));
    assert!(said(&wide(5_000)).contains("4096 columns"));
    let mut footer = wide(4096);
    footer.push(0);
    check(&file(&footer)).unwrap();
    for children in [-1, 2, i64::from(i32::MAX)] {
        let mut elements = element(Some(children));
        elements.extend(element(None));
        let error = said(&with_schema(2, &elements));
        assert!(error.contains("group"), "{children}: {error}");
    }
    let mut outside = element(None);
    outside.extend(element(None));
    assert!(said(&with_schema(2, &outside)).contains("outside"));
}

#[test]
fn a_file_without_a_tail_is_refused() {
    for bytes in [
        &b""[..],
        b"PAR1",
        b"PAR1\0\0\0\0",
        b"PAR1\xff\xff\xff\xffPAR1",
        b"PAR1\0\0\0\0PARE",
    ] {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        assert!(matches!(check(&file), Err(Error::Footer(_))), "{bytes:?}");
    }
}
