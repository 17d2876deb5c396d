//! Column definition packets: type, length, character set, flags and decimals of each kind of value.

use opensrv_mysql::{ColumnFlags, ColumnType};

use crate::frontend::answer::{ResultColumn, ValueKind};
use crate::mysql::bytes::put_lenenc_bytes;
use crate::sql::naming;

/// utf8mb4_general_ci: the character set of the greeting and of text. Every client's table has it.
pub const TEXT: u16 = 45;
/// The character set of what is not text.
pub const BINARY: u16 = 63;
/// Decimals of a number whose decimals vary.
const NOT_FIXED: u8 = 31;

struct Form {
    column_type: ColumnType,
    charset: u16,
    length: u32,
    decimals: u8,
    flags: ColumnFlags,
}

/// The definition of a result column.
pub fn definition(column: &ResultColumn) -> Vec<u8> {
    let form = form(column.kind);
    let mut flags = form.flags;
    if !column.nullable {
        flags |= ColumnFlags::NOT_NULL_FLAG;
    }
    let name = naming::shown(&column.name);
    let names: [&str; 5] = [
        &column.db,
        &column.table,
        &column.org_table,
        name,
        &column.org_name,
    ];
    write(names, &form, flags)
}

/// The definition of a parameter: its type is the client's choice.
pub fn parameter() -> Vec<u8> {
    let form = Form {
        column_type: ColumnType::MYSQL_TYPE_VAR_STRING,
        charset: BINARY,
        length: 0,
        decimals: 0,
        flags: ColumnFlags::BINARY_FLAG,
    };
    write(["", "", "", "?", ""], &form, form.flags)
}

/// `names` are those of the database, of the table twice, and of the column twice: as the query says them, and their own.
fn write(names: [&str; 5], form: &Form, flags: ColumnFlags) -> Vec<u8> {
    let bytes: usize = names.iter().map(|name| name.len()).sum();
    let mut packet = Vec::with_capacity(40 + bytes);
    put_lenenc_bytes(&mut packet, b"def");
    for name in names {
        put_lenenc_bytes(&mut packet, name.as_bytes());
    }
    packet.push(0x0c);
    packet.extend(form.charset.to_le_bytes());
    packet.extend(form.length.to_le_bytes());
    packet.push(form.column_type as u8);
    packet.extend(flags.bits().to_le_bytes());
    packet.push(form.decimals);
    packet.extend([0, 0]);
    packet
}

fn form(kind: ValueKind) -> Form {
    use ColumnType as T;
    let number = |column_type, length, decimals| Form {
        column_type,
        charset: BINARY,
        length,
        decimals,
        flags: ColumnFlags::BINARY_FLAG,
    };
    match kind {
        ValueKind::TinyInt => number(T::MYSQL_TYPE_TINY, 4, 0),
        ValueKind::SmallInt => number(T::MYSQL_TYPE_SHORT, 6, 0),
        ValueKind::Int => number(T::MYSQL_TYPE_LONG, 11, 0),
        ValueKind::BigInt => number(T::MYSQL_TYPE_LONGLONG, 20, 0),
        ValueKind::UnsignedBigInt => Form {
            flags: ColumnFlags::BINARY_FLAG | ColumnFlags::UNSIGNED_FLAG,
            ..number(T::MYSQL_TYPE_LONGLONG, 20, 0)
        },
        ValueKind::Float => number(T::MYSQL_TYPE_FLOAT, 12, NOT_FIXED),
        ValueKind::Double => number(T::MYSQL_TYPE_DOUBLE, 22, NOT_FIXED),
        // The digits, the sign, and the point where there is one.
        ValueKind::Decimal(precision, scale) => number(
            T::MYSQL_TYPE_NEWDECIMAL,
            u32::from(precision) + 1 + u32::from(scale > 0),
            scale,
        ),
        ValueKind::Text(characters) => Form {
            column_type: T::MYSQL_TYPE_VAR_STRING,
            charset: TEXT,
            length: characters.saturating_mul(4),
            decimals: 0,
            flags: ColumnFlags::empty(),
        },
        ValueKind::Binary => Form {
            flags: ColumnFlags::BINARY_FLAG | ColumnFlags::BLOB_FLAG,
            ..number(T::MYSQL_TYPE_BLOB, u32::MAX, 0)
        },
        ValueKind::Date => number(T::MYSQL_TYPE_DATE, 10, 0),
        ValueKind::Datetime(digits) => {
            let fraction = if digits == 0 {
                0
            } else {
                u32::from(digits) + 1
            };
            number(T::MYSQL_TYPE_DATETIME, 19 + fraction, digits)
        }
        ValueKind::Time => number(T::MYSQL_TYPE_TIME, 17, 6),
        ValueKind::Null => number(T::MYSQL_TYPE_NULL, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_carries_schema_names_length_and_charset() {
        let column = ResultColumn {
            name: "n".into(),
            table: "t".into(),
            org_table: "orders".into(),
            org_name: "id".into(),
            db: "d".into(),
            kind: ValueKind::Text(10),
            nullable: false,
        };
        assert_eq!(
            definition(&column),
            b"\x03def\x01d\x01t\x06orders\x01n\x02id\x0c\x2d\x00\x28\x00\x00\x00\xfd\x01\x00\x00\x00\x00"
        );
        let expression = ResultColumn {
            table: String::new(),
            org_table: String::new(),
            org_name: String::new(),
            db: String::new(),
            kind: ValueKind::Decimal(9, 2),
            nullable: true,
            ..column
        };
        assert_eq!(
            definition(&expression),
            b"\x03def\x00\x00\x00\x01n\x00\x0c\x3f\x00\x0b\x00\x00\x00\xf6\x80\x00\x02\x00\x00"
        );
    }
}
