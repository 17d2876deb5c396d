//! Changes of records that are durable in the redo log and not in the store yet; of several changes of a record, the last.

use std::collections::BTreeMap;

use crate::backend::meta::{Op, Table};

/// Bytes of an operation before its value: table, kind, key, length of the value.
const HEAD: usize = 1 + 1 + 16 + 4;
/// Kinds of operations.
const DELETE: u8 = 0;
const PUT: u8 = 1;

/// The changes that wait.
#[derive(Debug, Clone, Default)]
pub struct Waiting(BTreeMap<(Table, [u8; 16]), Option<Vec<u8>>>);

impl Waiting {
    /// Adds a change that is durable.
    pub fn add(&mut self, ops: impl IntoIterator<Item = Op>) {
        let ops = ops.into_iter();
        self.0.extend(ops.map(|op| ((op.table, op.key), op.value)));
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As one change.
    pub fn ops(&self) -> Vec<Op> {
        let ops = self.0.iter().map(|((table, key), value)| Op {
            table: *table,
            key: *key,
            value: value.clone(),
        });
        ops.collect()
    }

    /// What becomes of a record: `None` where it does not change.
    pub fn of(&self, table: Table, key: &[u8]) -> Option<Option<&[u8]>> {
        let key = key.try_into().ok()?;
        let value = self.0.get(&(table, key))?;
        Some(value.as_deref())
    }

    /// The records of a table that are written, by key.
    pub fn written(&self, table: Table) -> impl Iterator<Item = (&[u8; 16], &[u8])> {
        let all = (table, [0; 16])..=(table, [u8::MAX; 16]);
        let range = self.0.range(all);
        range.filter_map(|((_, key), value)| Some((key, value.as_deref()?)))
    }

    /// All are in the store.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// A change as the redo log keeps it.
pub fn encode(ops: &[Op]) -> Vec<u8> {
    let size = ops
        .iter()
        .map(|op| HEAD + op.value.as_ref().map_or(0, Vec::len));
    let mut bytes = Vec::with_capacity(size.sum());
    for op in ops {
        let value = op.value.as_deref().unwrap_or_default();
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        bytes.push(op.table as u8);
        bytes.push(if op.value.is_some() { PUT } else { DELETE });
        bytes.extend(op.key);
        bytes.extend(length.to_le_bytes());
        bytes.extend(value);
    }
    bytes
}

/// The change that was encoded; `None` where it is none.
pub fn decode(mut bytes: &[u8]) -> Option<Vec<Op>> {
    let mut ops = Vec::new();
    while !bytes.is_empty() {
        let ([table, kind], rest) = bytes.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        ops.push(Op {
            table: *Table::ALL.get(usize::from(*table))?,
            key: *key,
            value: match *kind {
                PUT => Some(value.to_vec()),
                DELETE => None,
                _ => return None,
            },
        });
        bytes = rest;
    }
    Some(ops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_as_it_was_and_the_last_of_a_record_counts() {
        for (at, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(table as usize, at, "the number is a part of the format");
        }
        let op = |table, key, value: Option<&str>| Op {
            table,
            key: [key; 16],
            value: value.map(|text| text.as_bytes().to_vec()),
        };
        let ops = vec![
            op(Table::Tablets, 1, Some("one")),
            op(Table::Tablets, 255, Some("")),
            op(Table::Pending, 1, None),
            op(Table::Tablets, 1, None),
        ];
        let bytes = encode(&ops);
        assert_eq!(decode(&bytes), Some(ops.clone()));
        for shorter in 1..bytes.len() {
            let read = decode(&bytes[..shorter]);
            assert!(read.is_none_or(|read| read.len() < ops.len()));
        }
        let mut waiting = Waiting::default();
        waiting.add(ops);
        assert_eq!(waiting.ops().len(), 3);
        assert_eq!(waiting.of(Table::Tablets, &[1; 16]), Some(None));
        assert_eq!(waiting.of(Table::Tablets, &[255; 16]), Some(Some(&[][..])));
        assert_eq!(waiting.of(Table::Rowsets, &[1; 16]), None);
        let written: Vec<_> = waiting.written(Table::Tablets).collect();
        assert_eq!(written, [(&[255; 16], &[][..])]);
    }
}
