//! The journal's bytes and what they say: encoding of records and checkpoints, and reading them back after a start.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::change::Change;
use crate::catalog::checkpoint::{CheckpointChunk, Restorer};
use crate::catalog::recovery::RecoveryChange;
use crate::catalog::state::Catalog;
use crate::catalog::user::{User, Verifier};
use crate::ids::UserId;
use crate::store::error::Error;
use crate::store::journal::{Item, Journal, Record};

/// The name of the user that a new cluster has.
pub const FIRST_USER: &str = "root";

/// A record of the journal with these changes. Fields are kept with their names, so that later programs can read it.
pub fn record(seq: u64, changes: &[Change]) -> Result<Record, String> {
    let bytes = encode(changes)?;
    Ok(Record { seq, bytes })
}

/// The bytes of a chunk of a checkpoint.
pub fn chunk(chunk: &CheckpointChunk) -> Result<Vec<u8>, String> {
    encode(chunk)
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    rmp_serde::to_vec_named(value).map_err(|e| e.to_string())
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    rmp_serde::from_slice(bytes).map_err(|e| e.to_string())
}

/// Gives a new cluster its first user, without a password. An existing cluster is left as it is.
pub fn found(journal: &mut impl Journal) -> Result<(), Error> {
    if journal.extent().last > 0 {
        return Ok(());
    }
    let user = User {
        id: UserId(1),
        name: FIRST_USER.to_owned(),
        password: Verifier::Empty,
    };
    let first = record(1, &[Change::CreateUser { user }])
        .map_err(|why| Error::damaged(journal.place(), why))?;
    journal.append(&[first])
}

/// Puts into the journal that the frontend was told to take over, before anything else is decided: all partitions that it knows
/// are in doubt, and ids go on where no other journal has given any. A start that was told of already changes nothing.
pub fn take_over(journal: &mut impl Journal, takeovers: u64) -> Result<(), Error> {
    if takeovers == 0 {
        return Ok(());
    }
    let (known, last) = catalog(journal)?;
    if takeovers <= known.recovery.takeovers {
        return Ok(());
    }
    let told = Change::Recovery(RecoveryChange::TakeOver { takeovers });
    let record = record(last + 1, &[told]).map_err(|why| Error::damaged(journal.place(), why))?;
    tracing::warn!(
        takeovers,
        partitions = known.partitions.len(),
        "this frontend takes over: its partitions take no loads until backends have shown that they hold no more; ADMIN \
         RECOVER DRY RUN lists what they hold"
    );
    journal.append(&[record])
}

/// What the journal holds, and the last record in it.
pub fn catalog(journal: &impl Journal) -> Result<(Catalog, u64), Error> {
    let mut restorer = Restorer::default();
    let mut chunks = 0;
    let unreadable = |what: String| Error::damaged(journal.place(), what);
    journal.load(&mut |item| match item {
        Item::Chunk(bytes) => {
            chunks += 1;
            decode(bytes)
                .and_then(|chunk| restorer.chunk(chunk).map_err(|e| e.why.to_string()))
                .map_err(|why| unreadable(format!("checkpoint chunk {chunks}: {why}")))
        }
        Item::Record(seq, bytes) => decode(bytes)
            .and_then(|changes: Vec<Change>| {
                restorer
                    .record(seq, &changes)
                    .map_err(|e| e.why.to_string())
            })
            .map_err(|why| unreadable(format!("record {seq}: {why}"))),
    })?;
    Ok((restorer.finish(), journal.extent().last))
}
