//! CREATE TABLE as a whole: from its clauses to the definition that the leader is asked to make.

use crate::catalog::partition::PartitionSpec;
use crate::catalog::schema::{ColumnDef, DataType};
use crate::catalog::table::{
    Distribution, Medium, Partitioning, TableProperties, TableSpec, WriteQuorum,
};
use crate::code::{Code, Failure};
use crate::config::Config;
use crate::sql::ddl::column::ColumnClause;
use crate::sql::ddl::distribution::DistributionClause;
use crate::sql::ddl::index::IndexHint;
use crate::sql::ddl::partition::PartitionBy;
use crate::sql::ddl::property::{Known, OF_TABLE, Properties};
use crate::sql::ddl::ranges::{self, Defaults};
use crate::sql::ddl::types;
use crate::sql::place::At;

/// Columns of one table at most.
const COLUMNS_MAX: usize = 4096;
/// Columns of a key that nobody chose (StarRocks).
const SHORT_KEY_COLUMNS_MAX: usize = 3;
/// Bytes of a key that nobody chose (StarRocks).
const SHORT_KEY_BYTES_MAX: u32 = 36;

/// What stands behind the name in CREATE TABLE.
#[derive(Debug, Clone, PartialEq)]
pub struct TableClauses {
    /// Columns.
    pub columns: Vec<ColumnClause>,
    /// Indexes, which have no effect.
    pub indexes: Vec<IndexHint>,
    /// ENGINE, where it is another than OLAP.
    pub engine: Option<String>,
    /// DUPLICATE KEY; `None` when it is left to the rule.
    pub keys: Option<Vec<At<String>>>,
    /// COMMENT; empty when there is none.
    pub comment: String,
    /// PARTITION BY.
    pub partition: Option<PartitionBy>,
    /// DISTRIBUTED BY; RANDOM with automatic buckets when it is not there.
    pub distribution: DistributionClause,
    /// PROPERTIES.
    pub properties: Properties,
}

impl TableClauses {
    /// The definition of a table called `name`, and its first partitions in range order.
    ///
    /// # Errors
    /// The first thing that can't be, with its place: names, types, keys, defaults, ranges, properties.
    pub fn checked(
        &self,
        name: &str,
        config: &Config,
    ) -> Result<(TableSpec, Vec<PartitionSpec>), Failure> {
        let columns = self.checked_columns()?;
        for index in &self.indexes {
            index.check(&columns)?;
        }
        let key_columns = self.checked_keys(&columns)?;
        let distribution = self.distribution.checked(&columns)?;
        let known = self.properties.checked(&OF_TABLE)?;
        let properties = properties(&known, &distribution, config)?;
        let medium = properties.storage_medium.unwrap_or(Medium::Hdd);
        let buckets = distribution.buckets.unwrap_or(0);
        let (partitioning, partitions) = match &self.partition {
            None => {
                let whole = PartitionSpec {
                    name: name.to_owned(),
                    range: None,
                    buckets,
                    replication_num: properties.replication_num,
                    medium,
                };
                (Partitioning::None, vec![whole])
            }
            Some(by) => {
                let column = partition_column(&by.column, &columns)?;
                let defaults = Defaults {
                    data_type: columns[column].data_type,
                    buckets,
                    replication_num: properties.replication_num,
                    medium,
                };
                let partitions = ranges::checked(&by.partitions, &[], defaults)?;
                (Partitioning::Range { column }, partitions)
            }
        };
        let spec = TableSpec {
            columns,
            key_columns,
            comment: self.comment.clone(),
            partitioning,
            distribution,
            properties,
        };
        Ok((spec, partitions))
    }

    /// What has no effect, for SHOW WARNINGS.
    pub fn warnings(&self) -> Vec<String> {
        let engine = self
            .engine
            .iter()
            .map(|engine| format!("the engine is OLAP, and not {engine}, as every table's"));
        engine
            .chain(self.indexes.iter().map(IndexHint::warning))
            .collect()
    }

    fn checked_columns(&self) -> Result<Vec<ColumnDef>, Failure> {
        let mut columns: Vec<ColumnDef> = Vec::with_capacity(self.columns.len());
        if self.columns.len() > COLUMNS_MAX {
            let message = format!("Too many columns: at most {COLUMNS_MAX}");
            return Err(Failure::new(Code::TOO_MANY_FIELDS, message));
        }
        let mut names = std::collections::BTreeSet::new();
        for clause in &self.columns {
            let column = clause.checked()?;
            if !names.insert(column.name.to_lowercase()) {
                let message = format!("Duplicate column name '{}'", column.name);
                return Err(clause.name.failure(Code::DUP_FIELDNAME, message));
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// How many leading columns are the key.
    fn checked_keys(&self, columns: &[ColumnDef]) -> Result<usize, Failure> {
        let Some(keys) = &self.keys else {
            return default_keys(columns);
        };
        for (at, key) in keys.iter().enumerate() {
            let same = |c: &ColumnDef| c.name.eq_ignore_ascii_case(&key.what);
            let Some(column) = columns.iter().position(same) else {
                let message = format!("Key column '{}' doesn't exist in table", key.what);
                return Err(key.failure(Code::KEY_COLUMN_MISSING, message));
            };
            if keys[..at]
                .iter()
                .any(|k| k.what.eq_ignore_ascii_case(&key.what))
            {
                let message = format!("Duplicate column name '{}' in the key", key.what);
                return Err(key.failure(Code::DUP_FIELDNAME, message));
            }
            if column != at {
                let message = format!(
                    "Key columns must be the first columns, in their order: '{}' is column {}",
                    key.what,
                    column + 1
                );
                return Err(key.failure(Code::ANALYSIS, message));
            }
            let data_type = columns[column].data_type;
            if !types::can_be_key(data_type) {
                let message = format!(
                    "Invalid data type of key column '{}': '{data_type}'",
                    key.what
                );
                return Err(key.failure(Code::ANALYSIS, message));
            }
        }
        Ok(keys.len())
    }
}

/// The key of a table that names none: up to 3 leading columns of up to 36 bytes, ending with the first VARCHAR or
/// before the first column that can't be a key (StarRocks).
fn default_keys(columns: &[ColumnDef]) -> Result<usize, Failure> {
    let mut count = 0;
    let mut bytes = 0_u32;
    for column in columns {
        let data_type = column.data_type;
        bytes = bytes.saturating_add(types::key_bytes(data_type));
        let text = matches!(
            data_type,
            DataType::Char(_) | DataType::Varchar(_) | DataType::String
        );
        if count >= SHORT_KEY_COLUMNS_MAX || bytes > SHORT_KEY_BYTES_MAX {
            // A first column that is too wide still is the key: there must be one.
            count += usize::from(count == 0 && text);
            break;
        }
        // A long text is the key only where there is no other.
        if !types::can_be_key(data_type) || count > 0 && data_type == DataType::String {
            break;
        }
        count += 1;
        if matches!(data_type, DataType::Varchar(_) | DataType::String) {
            break;
        }
    }
    match columns.first() {
        Some(first) if count == 0 => {
            let message = format!(
                "Data type of first column cannot be {}: a table needs a key; put another column first",
                first.data_type
            );
            Err(Failure::new(Code::ANALYSIS, message))
        }
        Some(_) => Ok(count),
        None => {
            let message = "A table must have at least 1 column";
            Err(Failure::new(Code::TABLE_MUST_HAVE_COLUMNS, message))
        }
    }
}

fn partition_column(name: &At<String>, columns: &[ColumnDef]) -> Result<usize, Failure> {
    let same = |c: &ColumnDef| c.name.eq_ignore_ascii_case(&name.what);
    let Some(at) = columns.iter().position(same) else {
        let message = format!("Partition column '{}' doesn't exist in table", name.what);
        return Err(name.failure(Code::KEY_COLUMN_MISSING, message));
    };
    let data_type = columns[at].data_type;
    let time = matches!(data_type, DataType::Date | DataType::Datetime);
    if !time && types::int_range(data_type).is_none() {
        let message = format!(
            "Column '{}' of type {data_type} can't be the partition column: it must be an integer, DATE or DATETIME",
            name.what
        );
        return Err(name.failure(Code::ANALYSIS, message));
    }
    Ok(at)
}

fn properties(
    known: &Known,
    distribution: &Distribution,
    config: &Config,
) -> Result<TableProperties, Failure> {
    if let Some(at) = &known.bucket_size
        && (!distribution.columns.is_empty() || distribution.buckets.is_some())
    {
        let message =
            "Setting bucket size is not allowed: it is for RANDOM distribution without BUCKETS";
        return Err(at.failure(Code::ANALYSIS, message));
    }
    let default = u16::try_from(config.default_replication_num).unwrap_or(u16::MAX);
    Ok(TableProperties {
        replication_num: known.replication_num.unwrap_or(default.max(1)),
        write_quorum: known.write_quorum.unwrap_or(WriteQuorum::Majority),
        storage_medium: known.storage_medium,
        bucket_size: known.bucket_size.as_ref().map_or(0, |at| at.what),
    })
}
