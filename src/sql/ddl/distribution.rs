//! `DISTRIBUTED BY HASH(column, ..) | RANDOM [BUCKETS n]`.

use std::fmt;

use crate::catalog::schema::ColumnDef;
use crate::catalog::table::Distribution;
use crate::code::{Code, Failure};
use crate::sql::cursor::{Cursor, quoted_name};
use crate::sql::ddl::types;
use crate::sql::error::SyntaxError;
use crate::sql::place::At;

/// Buckets of one partition at most.
pub const BUCKETS_MAX: u64 = 10_000;

/// How rows of a partition find their bucket, as written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DistributionClause {
    /// HASH columns; empty is RANDOM.
    pub columns: Vec<At<String>>,
    /// BUCKETS; `None` is automatic.
    pub buckets: Option<At<u64>>,
}

impl DistributionClause {
    /// Reads one if the words DISTRIBUTED BY come next.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Option<DistributionClause>, SyntaxError> {
        if !c.eat(&["DISTRIBUTED", "BY"]) {
            return Ok(None);
        }
        let columns = if c.eat(&["RANDOM"]) {
            vec![]
        } else if c.eat(&["HASH"]) {
            c.parens(|c| c.at(|c| c.ident()))?
        } else {
            return Err(c.expected("HASH(..) or RANDOM"));
        };
        let buckets = match c.eat(&["BUCKETS"]) {
            // AUTO is what no number means, in Doris' words.
            true if c.eat(&["AUTO"]) => None,
            true => Some(c.at(|c| c.number())?),
            false => None,
        };
        Ok(Some(DistributionClause { columns, buckets }))
    }

    /// The distribution, if its columns exist and can spread rows.
    ///
    /// # Errors
    /// 1072 for an unknown column, 1060 for one that is named twice, 5064 for a type that can't, or no bucket.
    pub fn checked(&self, columns: &[ColumnDef]) -> Result<Distribution, Failure> {
        let mut found = Vec::new();
        for name in &self.columns {
            let at = columns
                .iter()
                .position(|c| c.name.eq_ignore_ascii_case(&name.what));
            let Some(at) = at else {
                let message = format!("Distribution column '{}' doesn't exist in table", name.what);
                return Err(name.failure(Code::KEY_COLUMN_MISSING, message));
            };
            if found.contains(&at) {
                let message = format!("Duplicate column name '{}' in HASH", name.what);
                return Err(name.failure(Code::DUP_FIELDNAME, message));
            }
            let data_type = columns[at].data_type;
            if !types::can_distribute(data_type) {
                let message = format!("a {data_type} column can not be distribution column");
                return Err(name.failure(Code::ANALYSIS, message));
            }
            found.push(at);
        }
        Ok(Distribution {
            columns: found,
            buckets: self.checked_buckets()?,
        })
    }

    /// The number of buckets that was written.
    pub fn checked_buckets(&self) -> Result<Option<u32>, Failure> {
        let Some(at) = &self.buckets else {
            return Ok(None);
        };
        match u32::try_from(at.what) {
            Ok(n) if (1..=BUCKETS_MAX).contains(&at.what) => Ok(Some(n)),
            _ => {
                let n = at.what;
                let message = format!("BUCKETS {n} does not fit: 1 to {BUCKETS_MAX}");
                Err(at.failure(Code::ANALYSIS, message))
            }
        }
    }
}

impl fmt::Display for DistributionClause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DISTRIBUTED BY ")?;
        if self.columns.is_empty() {
            f.write_str("RANDOM")?;
        } else {
            let names: Vec<String> = self.columns.iter().map(|n| quoted_name(&n.what)).collect();
            write!(f, "HASH({})", names.join(", "))?;
        }
        match &self.buckets {
            Some(n) => write!(f, " BUCKETS {}", n.what),
            None => Ok(()),
        }
    }
}
