//! Digests: what the rows of a replica amount to, whatever has been compacted and however Parquet encodes them.
//!
//! Each column is hashed on its own, value by value in the order of rows, with a byte that tells NULL from a value and the
//! length before each text. The digest is the hash of the number of rows and of the columns' hashes, so it differs when any
//! value, any NULL or the order of rows does. Each file is compared with its checksum before its rows are read: a replica whose
//! files are wrong is bad, and has no digest that could be voted on. The disk reads a file once, at the pace of scrubs; its
//! rows come from the memory that it was read into.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, downcast_primitive_array};
use arrow::datatypes::{DataType, ToByteSlice};
use sha2::{Digest, Sha256};

use crate::backend::api::{DigestTablets, Digests, ScanRequest, TabletDigest};
use crate::backend::damage;
use crate::backend::error::Error;
use crate::backend::pace::Pace;
use crate::backend::scan::cursor::Cursor;
use crate::backend::state::State;
use crate::backend::tablet::Tablet;
use crate::backend::verify;
use crate::ids::{ReplicaId, TabletId, Version};

/// What is hashed first; another number when the form of values changes, so that old and new digests never agree.
const FORM: &[u8] = b"quorate digest 1";
/// Batches that are hashed at once.
const BATCHES: usize = 16;

/// Computes the digests of replicas, one after the other, in turn with other calls.
pub async fn digest(state: &State, request: DigestTablets) -> Digests {
    let mut answer = Digests::default();
    for (tablet, replica, version) in request.tablets {
        let turn = state.digests().acquire().await;
        let result = match turn {
            Ok(_turn) => one(state, tablet, replica, version).await,
            Err(_) => Err(Error::Stopping),
        };
        let damaged = |e: &Error| e.is_damage() || matches!(e, Error::Bad { .. });
        answer.digests.push(TabletDigest {
            tablet,
            replica,
            version,
            bad: result.as_ref().err().is_some_and(damaged),
            result: result.map_err(|e| e.to_string()),
        });
    }
    answer
}

async fn one(
    state: &State,
    id: TabletId,
    replica: ReplicaId,
    version: Version,
) -> Result<(u64, u64), Error> {
    let (path, tablet) = state.find(id)?;
    path.shared.online()?;
    if tablet.spec.replica != replica {
        return Err(Error::Stale(format!(
            "tablet {id} is here as replica {}, not as replica {replica}",
            tablet.spec.replica
        )));
    }
    let result = of_rows(&tablet, version, state.digest_pace()).await;
    if let Err(error) = &result {
        damage::note(state, id, error).await;
    }
    result
}

/// Digest and number of the rows up to `version`.
async fn of_rows(tablet: &Tablet, version: Version, pace: &Pace) -> Result<(u64, u64), Error> {
    let mut summary = Summary::new(tablet.columns.columns.len());
    let mut end = 0;
    for (rowset, rows) in tablet.at(version)? {
        let mut first = end;
        end += rows;
        for segment in &rowset.segments {
            verify::whole(segment, pace).await?;
            let after = (first + segment.record.rows).min(end);
            let request = ScanRequest {
                tablet: tablet.id(),
                version,
                columns: (0..tablet.columns.columns.len()).collect(),
                from_ordinal: first,
                limit: Some(after - first),
                filters: Vec::new(),
            };
            summary = of_cursor(summary, Cursor::new(tablet, request)?).await?;
            first = after;
        }
    }
    Ok(summary.finish())
}

/// Adds the rows of a cursor.
async fn of_cursor(mut summary: Summary, mut cursor: Cursor) -> Result<Summary, Error> {
    loop {
        let (rest, sum, ended) = tokio::task::spawn_blocking(move || {
            let ended = summary.take(&mut cursor);
            (cursor, summary, ended)
        })
        .await
        .map_err(|_| Error::Stopping)?;
        (cursor, summary) = (rest, sum);
        if ended? {
            return Ok(summary);
        }
        // Others go first.
        tokio::task::yield_now().await;
    }
}

/// The hashes of the columns so far.
struct Summary {
    columns: Vec<Sha256>,
    rows: u64,
    bytes: Vec<u8>,
}

impl Summary {
    fn new(columns: usize) -> Summary {
        Summary {
            columns: vec![Sha256::new(); columns],
            rows: 0,
            bytes: Vec::new(),
        }
    }

    /// Adds the next rows of a cursor; true when there are no more. Blocks.
    fn take(&mut self, cursor: &mut Cursor) -> Result<bool, Error> {
        for _ in 0..BATCHES {
            match cursor.next_batch()? {
                Some(batch) => self.add(&batch)?,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Adds the rows of a batch, whose first column is the ordinal.
    fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows += batch.num_rows() as u64;
        for (hash, array) in self.columns.iter_mut().zip(batch.columns().iter().skip(1)) {
            self.bytes.clear();
            write(array, &mut self.bytes)?;
            hash.update(&self.bytes);
        }
        Ok(())
    }

    fn finish(self) -> (u64, u64) {
        let mut all = Sha256::new_with_prefix(FORM);
        all.update(self.rows.to_be_bytes());
        for column in self.columns {
            all.update(column.finalize());
        }
        let digest: [u8; 32] = all.finalize().into();
        let head = digest.first_chunk::<8>();
        (head.map_or(0, |head| u64::from_be_bytes(*head)), self.rows)
    }
}

/// Writes the values of an array in their canonical form: 0 for NULL; else 1 and the value's bytes, little end first,
/// those of a text after its length.
fn write(array: &ArrayRef, out: &mut Vec<u8>) -> Result<(), Error> {
    downcast_primitive_array!(
        array => for at in 0..array.len() {
            if array.is_null(at) {
                out.push(0);
            } else {
                out.push(1);
                out.extend_from_slice(array.value(at).to_byte_slice());
            }
        },
        DataType::Boolean => for value in array.as_boolean() {
            out.extend(value.map_or([0, 0], |v| [1, u8::from(v)]));
        },
        DataType::Utf8 => for value in array.as_string::<i32>() {
            match value {
                None => out.push(0),
                Some(text) => {
                    out.push(1);
                    out.extend((text.len() as u64).to_le_bytes());
                    out.extend_from_slice(text.as_bytes());
                }
            }
        },
        other => return Err(Error::Request(format!("values of type {other} have no digest"))),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        BooleanArray, Date32Array, Decimal256Array, Float64Array, Int8Array, StringArray,
    };
    use arrow::datatypes::i256;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn form(array: ArrayRef) -> Vec<u8> {
        let mut out = Vec::new();
        write(&array, &mut out).unwrap();
        out
    }

    #[test]
    fn different_values_have_different_forms() {
        let texts = [
            vec![Some("a"), Some("b")],
            vec![Some("b"), Some("a")],
            vec![Some("ab"), Some("")],
            vec![Some("ab"), None],
            vec![None, Some("ab")],
            vec![Some("ab")],
            vec![Some("\u{1}a")],
        ];
        let forms: BTreeSet<_> = texts
            .iter()
            .map(|t| form(Arc::new(StringArray::from(t.clone()))))
            .collect();
        assert_eq!(forms.len(), texts.len());
        let of_bools = |v: Vec<Option<bool>>| form(Arc::new(BooleanArray::from(v)));
        assert_ne!(of_bools(vec![Some(false)]), of_bools(vec![None]));
        assert_ne!(of_bools(vec![Some(false)]), of_bools(vec![Some(true)]));
        let of_floats = |v: f64| form(Arc::new(Float64Array::from(vec![v])));
        assert_ne!(of_floats(0.5), of_floats(0.25));
        let all: ArrayRef = Arc::new(Int8Array::from(vec![Some(1), None, Some(3)]));
        assert_eq!(form(all.slice(1, 2)), [0, 1, 3]);
        let large = Decimal256Array::from(vec![i256::from_i128(7)]);
        assert_eq!(form(Arc::new(large)).len(), 33);
        assert_eq!(form(Arc::new(Date32Array::from(vec![2]))), [1, 2, 0, 0, 0]);
    }
}
