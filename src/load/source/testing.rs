//! A table of two columns, for the tests of the readers.

use arrow::array::AsArray;
use arrow::datatypes::Int32Type;

use crate::catalog::schema::{ColumnDef, DataType};
use crate::clock::Timestamp;
use crate::load::block::{Assembler, Block};
use crate::load::columns::Mapping;
use crate::load::zone::Zone;

/// `id INT NOT NULL, name VARCHAR(30)`, filled from fields with these names.
pub fn assembler(names: Option<&[&str]>) -> Assembler {
    let column = |name: &str, data_type, nullable| ColumnDef {
        name: name.into(),
        data_type,
        nullable,
        default: None,
        comment: String::new(),
    };
    let columns = vec![
        column("id", DataType::Int, false),
        column("name", DataType::Varchar(30), true),
    ];
    let names: Option<Vec<String>> = names.map(|all| all.iter().map(|n| n.to_string()).collect());
    let mapping =
        Mapping::new(&columns, names.as_deref(), Timestamp::at(0), Zone::Process).unwrap();
    Assembler::new(columns, mapping)
}

/// The first column.
pub fn ints(block: &Block) -> Vec<Option<i32>> {
    block.columns[0]
        .as_primitive::<Int32Type>()
        .iter()
        .collect()
}

/// The second column.
pub fn texts(block: &Block) -> Vec<Option<String>> {
    let texts = block.columns[1].as_string::<i32>();
    texts.iter().map(|t| t.map(str::to_owned)).collect()
}
