//! `ALTER TABLE [db.]table SET .. | ADD PARTITION .. | DROP PARTITION .. | MODIFY PARTITION ..`.

use std::fmt;

use sqlparser::tokenizer::Token;

use crate::catalog::partition::PartitionSpec;
use crate::catalog::table::{Medium, Partitioning, Table};
use crate::code::{Code, Failure};
use crate::leader::request::{Property, Request};
use crate::sql::cursor::{Cursor, TableName, quoted_name};
use crate::sql::ddl::index::IndexHint;
use crate::sql::ddl::distribution::DistributionClause;
use crate::sql::ddl::partition::PartitionItem;
use crate::sql::ddl::property::{Inline, Key, OF_PARTITION, Properties};
use crate::sql::ddl::ranges::{self, Defaults};
use crate::sql::error::SyntaxError;
use crate::sql::naming;
use crate::sql::outcome::Outcome;
use crate::sql::place::At;
use crate::sql::statements::create_table::enough_backends;
use crate::sql::statements::{Context, Spec};

/// `ALTER TABLE`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlterTable {
    /// Table.
    pub table: TableName,
    /// What to change.
    pub action: Action,
}

/// What ALTER TABLE changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// ADD INDEX, which has no effect.
    Index(IndexHint),
    /// `SET ("key" = "value")`.
    Set(Properties),
    /// `ADD PARTITION ..`, `ADD PARTITIONS START ..`.
    Add(PartitionItem, Option<DistributionClause>),
    /// `DROP PARTITION [IF EXISTS] p [FORCE]`.
    Drop(String, bool),
    /// `MODIFY PARTITION p | (p, ..) | (*) SET (..)`; no names is `(*)`.
    Modify(Vec<At<String>>, Properties),
}

/// What SET may name.
const SETTABLE: [Key; 5] = [
    Key::ReplicationNum,
    Key::DefaultReplicationNum,
    Key::WriteQuorum,
    Key::StorageMedium,
    Key::BucketSize,
];

impl Spec for AlterTable {
    const HEADS: &'static [&'static [&'static str]] = &[&["ALTER", "TABLE"]];
    const GRAMMAR: &'static str = include_str!("../../../grammar/alter_table.ebnf");
    const HELP: &'static str =
        "Changes a property of a table or its partitions, or adds and drops partitions.";

    fn parse(c: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        c.expect(&["ALTER", "TABLE"])?;
        let table = c.table_name()?;
        Ok(AlterTable {
            table,
            action: action(c)?,
        })
    }

    fn run(&self, cx: Context<'_>) -> Result<Outcome, Failure> {
        naming::not_system(cx.db(self.table.db.as_deref())?)?;
        let (db, table) = cx.find_table(&self.table)?;
        let (db, name) = (db.name.clone(), table.name.clone());
        let request = match &self.action {
            Action::Set(properties) => Request::AlterProperty {
                db,
                name,
                partitions: vec![],
                property: self.table_property(cx, table, properties)?,
            },
            Action::Modify(names, properties) => Request::AlterProperty {
                db,
                name,
                partitions: partitions(cx, table, names)?,
                property: partition_property(cx, table, properties)?,
            },
            Action::Index(index) => {
                index.check(&table.spec.columns)?;
                return Ok(Outcome::Done.warned(vec![index.warning()]));
            }
            Action::Drop(partition, if_exists) => {
                ranged(table)?;
                Request::DropPartition {
                    db,
                    name,
                    partition: partition.clone(),
                    if_exists: *if_exists,
                }
            }
            Action::Add(item, distribution) => {
                let new = added(cx, table, item, distribution.as_ref())?;
                if new.is_empty() {
                    return Ok(Outcome::Done);
                }
                Request::AddPartitions {
                    db,
                    name,
                    if_not_exists: matches!(item, PartitionItem::One(one) if one.if_not_exists),
                    partitions: new,
                }
            }
        };
        Ok(Outcome::Request(request))
    }
}

impl AlterTable {
    fn table_property(
        &self,
        cx: Context<'_>,
        table: &Table,
        properties: &Properties,
    ) -> Result<Property, Failure> {
        let known = properties.checked(&SETTABLE)?;
        let [(key, _)] = properties.0.as_slice() else {
            let message = "Can only set one table property at a time";
            return Err(Failure::new(Code::ANALYSIS, message));
        };
        if let Some(n) = known.replication_num {
            if matches!(table.spec.partitioning, Partitioning::Range { .. }) {
                let message = format!(
                    "This is a range partitioned table: set default.replication_num for partitions to come, \
                     or say ALTER TABLE {} MODIFY PARTITION (*) SET (\"replication_num\" = \"{n}\")",
                    self.table
                );
                return Err(key.failure(Code::ANALYSIS, message));
            }
            enough_backends(cx.view, &table.name, n)?;
            return Ok(Property::ReplicationNum(n));
        }
        if let Some(at) = known.bucket_size {
            let distribution = &table.spec.distribution;
            if !distribution.columns.is_empty() || distribution.buckets.is_some() {
                let message = "Setting bucket size is not allowed: it is for RANDOM distribution without BUCKETS";
                return Err(at.failure(Code::ANALYSIS, message));
            }
            return Ok(Property::BucketSize(at.what));
        }
        let other = None
            .or(known
                .default_replication_num
                .map(Property::DefaultReplicationNum))
            .or(known.write_quorum.map(Property::WriteQuorum))
            .or(known.storage_medium.map(Property::StorageMedium));
        other.ok_or_else(|| key.failure(Code::ANALYSIS, "Properties is not set"))
    }
}

fn partition_property(
    cx: Context<'_>,
    table: &Table,
    properties: &Properties,
) -> Result<Property, Failure> {
    let known = properties.checked(&OF_PARTITION)?;
    if properties.0.len() > 1 {
        let message = "Can only set one partition property at a time";
        return Err(Failure::new(Code::ANALYSIS, message));
    }
    match (known.replication_num, known.storage_medium) {
        (Some(n), _) => {
            enough_backends(cx.view, &table.name, n)?;
            Ok(Property::ReplicationNum(n))
        }
        (None, Some(medium)) => Ok(Property::StorageMedium(medium)),
        (None, None) => Err(Failure::new(Code::ANALYSIS, "Properties is not set")),
    }
}

/// The names as the catalog writes them; all for none.
fn partitions(
    cx: Context<'_>,
    table: &Table,
    names: &[At<String>],
) -> Result<Vec<String>, Failure> {
    let all = cx.find_partitions(table, &[])?;
    if names.is_empty() {
        return Ok(all.iter().map(|p| p.spec.name.clone()).collect());
    }
    let find = |name: &At<String>| {
        let found = all
            .iter()
            .find(|p| p.spec.name.eq_ignore_ascii_case(&name.what));
        match found {
            Some(p) => Ok(p.spec.name.clone()),
            None => {
                let message = format!(
                    "Partition[{}] does not exist in table[{}]",
                    name.what, table.name
                );
                Err(name.failure(Code::UNKNOWN_PARTITION, message))
            }
        }
    };
    names.iter().map(find).collect()
}

/// The partition column of a table that has one.
fn ranged(table: &Table) -> Result<usize, Failure> {
    match table.spec.partitioning {
        Partitioning::Range { column } => Ok(column),
        Partitioning::None => {
            let message = format!("table {} is not partitioned by range", table.name);
            Err(Failure::new(
                Code::PARTITION_MGMT_ON_NONPARTITIONED,
                message,
            ))
        }
    }
}

fn added(
    cx: Context<'_>,
    table: &Table,
    item: &PartitionItem,
    distribution: Option<&DistributionClause>,
) -> Result<Vec<PartitionSpec>, Failure> {
    let column = ranged(table)?;
    let spec = &table.spec;
    let buckets = match distribution {
        None => None,
        Some(written) => {
            let wanted = written.checked(&spec.columns)?;
            if wanted.columns != spec.distribution.columns {
                let message = "Cannot assign different distribution columns than the table's";
                return Err(Failure::new(Code::ANALYSIS, message));
            }
            wanted.buckets
        }
    };
    let Some(column) = spec.columns.get(column) else {
        let message = format!("table {} has lost its partition column", table.name);
        return Err(Failure::new(Code::UNKNOWN, message));
    };
    let defaults = Defaults {
        data_type: column.data_type,
        buckets: buckets.or(spec.distribution.buckets).unwrap_or(0),
        replication_num: spec.properties.replication_num,
        medium: spec.properties.storage_medium.unwrap_or(Medium::Hdd),
    };
    let existing = cx.find_partitions(table, &[])?;
    let existing: Vec<&PartitionSpec> = existing.iter().map(|p| &p.spec).collect();
    let new = ranges::checked(std::slice::from_ref(item), &existing, defaults)?;
    for partition in &new {
        enough_backends(cx.view, &partition.name, partition.replication_num)?;
    }
    Ok(new)
}

fn action(c: &mut Cursor<'_>) -> Result<Action, SyntaxError> {
    if c.eat(&["SET"]) {
        return Properties::parse(c).map(Action::Set);
    }
    if c.sees(&["ADD", "PARTITION"]) || c.eat(&["ADD", "PARTITIONS"]) {
        c.eat(&["ADD"]);
        let item = PartitionItem::parse(c)?;
        return Ok(Action::Add(item, DistributionClause::parse(c)?));
    }
    if c.eat(&["DROP", "PARTITION"]) {
        let if_exists = c.eat(&["IF", "EXISTS"]);
        let name = c.ident()?;
        // There is no recycle bin to pass by, so FORCE is what happens anyway.
        c.eat(&["FORCE"]);
        return Ok(Action::Drop(name, if_exists));
    }
    if c.eat(&["MODIFY", "PARTITION"]) {
        let names = if c.peek(0) != Some(&Token::LParen) {
            vec![c.at(|c| c.ident())?]
        } else if c.peek(1) == Some(&Token::Mul) {
            c.bump();
            c.bump();
            c.expect_token(&Token::RParen)?;
            vec![]
        } else {
            c.parens(|c| c.at(|c| c.ident()))?
        };
        c.expect(&["SET"])?;
        return Ok(Action::Modify(names, Properties::parse(c)?));
    }
    if let Some(index) = added_index(c)? {
        return Ok(Action::Index(index));
    }
    for words in NOT_OFFERED {
        if c.sees(words) {
            let message = format!("ALTER TABLE .. {}", words.join(" "));
            return Err(SyntaxError::NotSupported(message));
        }
    }
    Err(c.expected("SET, ADD PARTITION, DROP PARTITION or MODIFY PARTITION"))
}

/// `ADD [UNIQUE] INDEX ..`.
fn added_index(c: &mut Cursor<'_>) -> Result<Option<IndexHint>, SyntaxError> {
    let words = ["INDEX", "KEY", "UNIQUE", "FULLTEXT", "CONSTRAINT"];
    if !words.iter().any(|word| c.sees(&["ADD", word])) {
        return Ok(None);
    }
    let mut ahead = Cursor::new(c.rest(), c.source());
    ahead.bump();
    let index = IndexHint::parse(&mut ahead)?;
    if index.is_some() {
        while c.rest().len() > ahead.rest().len() {
            c.bump();
        }
    }
    Ok(index)
}

const NOT_OFFERED: &[&[&str]] = &[
    &["ADD", "TEMPORARY", "PARTITION"],
    &["ADD", "COLUMN"],
    &["ADD", "ROLLUP"],
    &["ADD"],
    &["DROP", "TEMPORARY", "PARTITION"],
    &["DROP", "COLUMN"],
    &["DROP"],
    &["MODIFY", "COLUMN"],
    &["MODIFY"],
    &["CHANGE"],
    &["COMMENT"],
    &["ORDER", "BY"],
    &["RENAME"],
    &["REPLACE"],
    &["SWAP"],
];

impl fmt::Display for AlterTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ALTER TABLE {} ", self.table)?;
        match &self.action {
            Action::Set(properties) => write!(f, "SET {}", Inline(properties)),
            Action::Add(item, distribution) => {
                let plural = match item {
                    PartitionItem::One(_) => "",
                    PartitionItem::Steps(_) => "PARTITIONS ",
                };
                write!(f, "ADD {plural}{item}")?;
                match distribution {
                    Some(distribution) => write!(f, " {distribution}"),
                    None => Ok(()),
                }
            }
            Action::Index(index) => write!(f, "ADD {index}"),
            Action::Drop(name, if_exists) => {
                let guard = if *if_exists { "IF EXISTS " } else { "" };
                write!(f, "DROP PARTITION {guard}{}", quoted_name(name))
            }
            Action::Modify(names, properties) => {
                let names: Vec<String> = names.iter().map(|n| quoted_name(&n.what)).collect();
                let names = if names.is_empty() {
                    "*".to_owned()
                } else {
                    names.join(", ")
                };
                write!(f, "MODIFY PARTITION ({names}) SET {}", Inline(properties))
            }
        }
    }
}
