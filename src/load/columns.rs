//! Where each column of the table gets its values: from a field of the input, or from its default.

use arrow::array::{ArrayRef, UInt32Array, new_null_array};
use arrow::compute::take;
use chrono::DateTime;

use crate::catalog::schema::{ColumnDef, DefaultValue};
use crate::clock::Timestamp;
use crate::load::error::Error;
use crate::load::text::{self, Fields};
use crate::load::types::arrow_type;
use crate::load::zone::Zone;

/// The source of one column.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The field of that position.
    Field(usize),
    /// The same value in every row: an array of one.
    Constant(ArrayRef),
}

/// The sources of all columns of a table.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Names of the input's fields, in their order; one may name no column, and is then skipped.
    pub fields: Vec<String>,
    /// One a column of the table.
    pub origins: Vec<Origin>,
}

impl Mapping {
    /// The mapping for an input whose fields have these names; `None` means every column in order. A column that is
    /// not named gets its default, else NULL.
    ///
    /// # Errors
    /// A name twice, or a column that is NOT NULL, has no default and is not named.
    pub fn new(
        columns: &[ColumnDef],
        names: Option<&[String]>,
        began: Timestamp,
        zone: Zone,
    ) -> Result<Mapping, Error> {
        let fields = match names {
            Some(names) => names.to_vec(),
            None => columns.iter().map(|c| c.name.clone()).collect(),
        };
        for (at, name) in fields.iter().enumerate() {
            if fields[..at].iter().any(|n| n.eq_ignore_ascii_case(name)) {
                return Err(Error::ColumnTwice(name.clone()));
            }
        }
        let origins = columns.iter().map(|column| {
            let named = |name: &String| name.eq_ignore_ascii_case(&column.name);
            match fields.iter().position(named) {
                Some(field) => Ok(Origin::Field(field)),
                None => Ok(Origin::Constant(default_of(column, began, zone)?)),
            }
        });
        Ok(Mapping {
            origins: origins.collect::<Result<_, Error>>()?,
            fields,
        })
    }
}

impl Origin {
    /// A constant in that many rows.
    pub fn repeat(constant: &ArrayRef, rows: usize) -> Result<ArrayRef, Error> {
        Ok(take(constant, &UInt32Array::from(vec![0; rows]), None)?)
    }
}

/// What a column that the input leaves out holds: an array of one value.
fn default_of(column: &ColumnDef, began: Timestamp, zone: Zone) -> Result<ArrayRef, Error> {
    let text = match default_text(column, began, zone) {
        Some(text) => text,
        None if column.nullable => return Ok(new_null_array(&arrow_type(column.data_type), 1)),
        None => return Err(Error::NoDefault(column.name.clone())),
    };
    let mut wrong = None;
    let value = text::column(
        &One(text.as_bytes()),
        0,
        column.data_type,
        zone,
        &mut |_, reason| {
            wrong = Some(reason);
        },
    );
    match wrong {
        None => Ok(value),
        Some(_) => Err(Error::BadDefault {
            column: column.name.clone(),
            value: text,
        }),
    }
}

/// What DEFAULT of a column is, as text; `None` where it has none.
pub fn default_text(column: &ColumnDef, began: Timestamp, zone: Zone) -> Option<String> {
    match &column.default {
        Some(DefaultValue::Text(text)) => Some(text.clone()),
        Some(DefaultValue::CurrentTimestamp) => Some(local(began, zone)),
        None => None,
    }
}

/// An instant as the wall clock of the zone shows it, because DATETIME has no time zone.
fn local(at: Timestamp, zone: Zone) -> String {
    let wall = zone.wall(at.wall_ms().saturating_mul(1000));
    let shown = DateTime::from_timestamp_micros(wall).unwrap_or_default();
    shown.format("%Y-%m-%d %H:%M:%S").to_string()
}

struct One<'a>(&'a [u8]);

impl Fields for One<'_> {
    fn rows(&self) -> usize {
        1
    }

    fn get(&self, _: usize, _: usize) -> Option<&[u8]> {
        Some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::schema::DataType;

    fn column(name: &str, nullable: bool, default: Option<&str>) -> ColumnDef {
        ColumnDef {
            name: name.into(),
            data_type: DataType::Int,
            nullable,
            default: default.map(|text| DefaultValue::Text(text.into())),
            comment: String::new(),
        }
    }

    fn map(columns: &[ColumnDef], names: &[&str]) -> Result<Mapping, Error> {
        let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
        Mapping::new(columns, Some(&names), Timestamp::at(0), Zone::Process)
    }

    #[test]
    fn fields_find_their_columns_by_name_and_the_rest_is_default() {
        let columns = [
            column("a", false, None),
            column("B", true, None),
            column("c", false, Some("7")),
        ];
        let mapping = map(&columns, &["skipped", "b", "A"]).unwrap();
        assert!(matches!(mapping.origins[0], Origin::Field(2)));
        assert!(matches!(mapping.origins[1], Origin::Field(1)));
        let Origin::Constant(seven) = &mapping.origins[2] else {
            panic!("a column that is left out gets its default");
        };
        let repeated = Origin::repeat(seven, 3).unwrap();
        assert_eq!(
            repeated.as_ref(),
            &arrow::array::Int32Array::from(vec![7, 7, 7])
        );
    }

    #[test]
    fn a_mapping_that_can_not_fill_a_row_is_refused() {
        let columns = [column("a", false, None), column("c", false, Some("x"))];
        assert!(matches!(map(&columns, &["c"]), Err(Error::NoDefault(name)) if name == "a"));
        assert!(matches!(
            map(&columns, &["a"]),
            Err(Error::BadDefault { .. })
        ));
        assert!(matches!(
            map(&columns, &["a", "A"]),
            Err(Error::ColumnTwice(_))
        ));
    }
}
