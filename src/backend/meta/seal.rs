//! What is stored of a record: a CRC-32 of its table, its key and its content, then the content.

use crate::backend::meta::{Table, unpair};

/// The bytes that are stored.
pub fn sealed(table: Table, key: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 4);
    bytes.extend_from_slice(&checksum(table, key, content).to_be_bytes());
    bytes.extend_from_slice(content);
    bytes
}

/// The content of a record that is as it was written.
pub fn opened<'a>(table: Table, key: &[u8], stored: &'a [u8]) -> Option<&'a [u8]> {
    let (crc, content) = stored.split_first_chunk::<4>()?;
    (u32::from_be_bytes(*crc) == checksum(table, key, content)).then_some(content)
}

/// What is said of a record that is not.
pub fn broken(table: Table, key: &[u8]) -> String {
    let (first, second) = unpair(key);
    format!(
        "the checksum of record ({first}, {second}) of the table {} of its metadata is wrong",
        table.name()
    )
}

fn checksum(table: Table, key: &[u8], content: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(table.name().as_bytes());
    crc.update(key);
    crc.update(content);
    crc.finalize()
}
