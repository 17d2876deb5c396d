//! `/dbs/<db>/<table>/index_schema/<index>`: the columns of an index; DESC is the same.

use crate::catalog::schema::DefaultValue;
use crate::catalog::table::TableSpec;
use crate::proc::{Error, Node, Place};
use crate::row;

row! {
    /// A column.
    pub struct FieldRow {
        /// Name.
        field: String => "Field" Text,
        /// Type.
        kind: String => "Type" Text,
        /// `YES` when NULL is allowed, else `NO`.
        null: &'static str => "Null" Text,
        /// `true` for a column of the key.
        key: &'static str => "Key" Text,
        /// What a load that leaves it out puts in; NULL without one.
        default: Option<String> => "Default" Text,
        /// Empty: there is nothing more to say.
        extra: &'static str => "Extra" Text,
    }
}

/// `/dbs/{db}/{table}/index_schema/{index}`.
pub struct Fields;

impl Node for Fields {
    const PATH: &'static str = "/dbs/{db}/{table}/index_schema/{index}";
    type Row = FieldRow;

    fn rows(at: &Place<'_>) -> Result<Vec<FieldRow>, Error> {
        at.index()?;
        Ok(of_spec(&at.table()?.spec))
    }
}

/// The columns of a table.
pub fn of_spec(spec: &TableSpec) -> Vec<FieldRow> {
    let columns = spec.columns.iter().enumerate();
    columns
        .map(|(at, column)| FieldRow {
            field: column.name.clone(),
            kind: column.data_type.to_string(),
            null: if column.nullable { "YES" } else { "NO" },
            key: if at < spec.key_columns {
                "true"
            } else {
                "false"
            },
            default: column.default.as_ref().map(|default| match default {
                DefaultValue::Text(text) => text.clone(),
                DefaultValue::CurrentTimestamp => "CURRENT_TIMESTAMP".to_owned(),
            }),
            extra: "",
        })
        .collect()
}
