//! `PROPERTIES ("key" = "value", ..)` of tables and partitions: keys, values, and the rules of `starrocks.md` 1.9.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::catalog::table::{Medium, WriteQuorum};
use crate::code::{Code, Failure};
use crate::sql::cursor::Cursor;
use crate::sql::ddl::DoubleQuoted;
use crate::sql::error::SyntaxError;
use crate::sql::place::At;

/// Keys and values as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Properties(pub Vec<(At<String>, At<String>)>);

impl Properties {
    /// Reads `("k" = "v", ..)`; a name or a number may stand for a text.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Properties, SyntaxError> {
        let pairs = c.parens(|c| {
            let key = c.at(|c| c.word_or_text())?;
            c.expect_token(&Token::Eq)?;
            Ok((key, c.at(|c| c.word_or_text())?))
        })?;
        Ok(Properties(pairs))
    }

    /// A property that was not read from a text.
    pub fn push(&mut self, key: &str, value: impl ToString) {
        let at = |what| At {
            what,
            place: Default::default(),
        };
        self.0.push((at(key.to_owned()), at(value.to_string())));
    }

    /// What the properties say, each key of `known` at most once.
    ///
    /// # Errors
    /// 5803 for a key that is not known here, 5064 for one that is there twice or a value that it can't take.
    pub fn checked(&self, known: &[Key]) -> Result<Known, Failure> {
        let mut result = Known::default();
        let mut seen = Vec::new();
        for (key, value) in &self.0 {
            let found = known
                .iter()
                .find(|k| k.word().eq_ignore_ascii_case(key.what.trim()));
            let Some(found) = found else {
                let words: Vec<&str> = known.iter().map(|k| k.word()).collect();
                let message = format!(
                    "Unknown properties: {}; there are {}",
                    key.what,
                    words.join(", ")
                );
                return Err(key.failure(Code::UNKNOWN_PROPERTY, message));
            };
            if seen.contains(found) {
                let message = format!("property {} is there twice", found.word());
                return Err(key.failure(Code::ANALYSIS, message));
            }
            seen.push(*found);
            result.take(*found, value)?;
        }
        Ok(result)
    }
}

/// A property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Replicas of each tablet.
    ReplicationNum,
    /// Replicas of tablets of partitions to come.
    DefaultReplicationNum,
    /// Replicas that must hold a load.
    WriteQuorum,
    /// Where new replicas go first.
    StorageMedium,
    /// Bytes that a bucket should hold.
    BucketSize,
}

impl Key {
    /// The key as SQL writes it.
    pub fn word(self) -> &'static str {
        match self {
            Key::ReplicationNum => "replication_num",
            Key::DefaultReplicationNum => "default.replication_num",
            Key::WriteQuorum => "write_quorum",
            Key::StorageMedium => "storage_medium",
            Key::BucketSize => "bucket_size",
        }
    }
}

/// Properties of CREATE TABLE.
pub const OF_TABLE: [Key; 4] = [
    Key::ReplicationNum,
    Key::WriteQuorum,
    Key::StorageMedium,
    Key::BucketSize,
];

/// Properties of a partition.
pub const OF_PARTITION: [Key; 2] = [Key::ReplicationNum, Key::StorageMedium];

/// What properties say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// `replication_num`.
    pub replication_num: Option<u16>,
    /// `default.replication_num`.
    pub default_replication_num: Option<u16>,
    /// `write_quorum`.
    pub write_quorum: Option<WriteQuorum>,
    /// `storage_medium`.
    pub storage_medium: Option<Medium>,
    /// `bucket_size` and where it stands.
    pub bucket_size: Option<At<u64>>,
}

impl Known {
    fn take(&mut self, key: Key, value: &At<String>) -> Result<(), Failure> {
        match key {
            Key::ReplicationNum => self.replication_num = Some(replicas(value)?),
            Key::DefaultReplicationNum => self.default_replication_num = Some(replicas(value)?),
            Key::WriteQuorum => match WriteQuorum::parse(value.what.trim()) {
                Some(quorum) => self.write_quorum = Some(quorum),
                None => {
                    let message = format!(
                        "unknown write quorum: {}; it is MAJORITY, ONE or ALL",
                        value.what
                    );
                    return Err(value.failure(Code::ANALYSIS, message));
                }
            },
            Key::StorageMedium => match Medium::parse(value.what.trim()) {
                Some(medium) => self.storage_medium = Some(medium),
                None => {
                    let message =
                        format!("Invalid storage medium: {}; it is HDD or SSD", value.what);
                    return Err(value.failure(Code::ANALYSIS, message));
                }
            },
            Key::BucketSize => match value.what.trim().parse() {
                Ok(bytes) if bytes > 0 => {
                    self.bucket_size = Some(At {
                        what: bytes,
                        place: value.place,
                    });
                }
                _ => {
                    let message = format!(
                        "Illegal bucket size: {}; it is a number of bytes above 0",
                        value.what
                    );
                    return Err(value.failure(Code::ANALYSIS, message));
                }
            },
        }
        Ok(())
    }
}

fn replicas(value: &At<String>) -> Result<u16, Failure> {
    let wrong = |message: String| value.failure(Code::ANALYSIS, message);
    match value.what.trim().parse::<i64>() {
        Ok(n) if n <= 0 => Err(wrong("Replication num should larger than 0".to_owned())),
        Ok(n) => u16::try_from(n).map_err(|_| wrong(format!("Replication num {n} is too large"))),
        Err(_) => Err(wrong(format!(
            "Invalid replication num: {}; it is a number above 0",
            value.what
        ))),
    }
}

impl fmt::Display for Properties {
    /// One a line in brackets, as SHOW CREATE TABLE prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(\n")?;
        for (i, (key, value)) in self.0.iter().enumerate() {
            let comma = if i > 0 { ",\n" } else { "" };
            let (key, value) = (DoubleQuoted(&key.what), DoubleQuoted(&value.what));
            write!(f, "{comma}{key} = {value}")?;
        }
        f.write_str("\n)")
    }
}

/// Properties in one line, as behind a partition or SET.
pub(crate) struct Inline<'a>(pub &'a Properties);

impl fmt::Display for Inline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pair = |(key, value): &(At<String>, At<String>)| {
            format!(
                "{} = {}",
                DoubleQuoted(&key.what),
                DoubleQuoted(&value.what)
            )
        };
        let pairs: Vec<String> = self.0.0.iter().map(pair).collect();
        write!(f, "({})", pairs.join(", "))
    }
}
