//! What DataFusion says went wrong, in MySQL's codes and in words that name the user's things.

use arrow::error::ArrowError;
use datafusion::common::utils::datafusion_strsim::levenshtein;
use datafusion::common::{Column, DataFusionError, SchemaError};

use crate::code::{Code, Failure};

/// The client's view of an error of planning or running a query.
pub fn failure(error: &DataFusionError) -> Failure {
    if let Some(ours) = own(error) {
        return ours;
    }
    match error.find_root() {
        DataFusionError::SchemaError(schema, _) => of_schema(schema),
        DataFusionError::Plan(text) => of_plan(text),
        DataFusionError::NotImplemented(text) => Failure::new(
            Code::NOT_SUPPORTED,
            format!("not supported: {}", clean(text)),
        ),
        DataFusionError::ResourcesExhausted(text) => {
            let ours = text.find("no memory for").and_then(|at| text.get(at..));
            let ours = ours.map(clean).unwrap_or_else(|| {
                let why = clean(text);
                format!("the query needs more memory than setting query_mem_limit allows: {why}")
            });
            Failure::new(Code::OUT_OF_RESOURCES, ours)
        }
        DataFusionError::ArrowError(arrow, _) => of_arrow(arrow),
        DataFusionError::SQL(text, _) => Failure::new(Code::PARSE, clean(&text.to_string())),
        DataFusionError::Execution(text) => of_execution(text),
        other => Failure::new(Code::UNKNOWN, clean(&other.strip_backtrace())),
    }
}

/// An error of ours on its way through DataFusion.
pub fn wrap(failure: Failure) -> DataFusionError {
    DataFusionError::External(Box::new(failure))
}

/// The error of ours inside, however often it was wrapped.
fn own(error: &DataFusionError) -> Option<Failure> {
    let mut at: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = at {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return Some(failure.clone());
        }
        at = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner)) => {
                Some(inner.as_ref())
            }
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Collection(all)) => all.first().map(|e| e as _),
            Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
            _ => match error.downcast_ref::<ArrowError>() {
                Some(ArrowError::ExternalError(inner)) => Some(inner.as_ref()),
                _ => error.source(),
            },
        };
    }
    None
}

fn of_schema(error: &SchemaError) -> Failure {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => {
            let name = named(field, field.relation.is_some());
            let mut message = format!("Unknown column '{name}'");
            if let Some(near) = nearest(field, valid_fields) {
                message.push_str(&format!("; did you mean '{near}'?"));
            }
            Failure::new(Code::BAD_FIELD, message)
        }
        SchemaError::AmbiguousReference { field } => Failure::new(
            Code::NON_UNIQ,
            format!(
                "column '{}' is ambiguous; write table.{}",
                field.name, field.name
            ),
        ),
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => Failure::new(
            Code::DUP_FIELDNAME,
            format!("column name '{name}' appears twice; give one of them an alias"),
        ),
    }
}

/// A column as it is written, with its table or without.
fn named(column: &Column, with_table: bool) -> String {
    match column.relation.as_ref().filter(|_| with_table) {
        Some(table) => format!("{}.{}", table.table(), column.name),
        None => column.name.clone(),
    }
}

/// The column whose name is written almost like an unknown one: one letter in four may differ.
fn nearest(unknown: &Column, known: &[Column]) -> Option<String> {
    let with_table = unknown.relation.is_some();
    let wanted = named(unknown, with_table).to_lowercase();
    let distance = |name: &String| levenshtein(&wanted, &name.to_lowercase());
    let names = known.iter().map(|column| named(column, with_table));
    let near = names.min_by_key(distance)?;
    (distance(&near) <= (wanted.chars().count() + 2) / 4).then_some(near)
}

/// What a function was called with and can't take, where that is what is wrong.
fn of_signature(text: &str) -> Option<Failure> {
    let before = text.find("failed to match any signature")?;
    let name = text.get(..before)?.rsplit('\'').nth(1)?;
    let given = text.split("but received ").nth(1)?;
    let given = given.split([' ', ',', '(']).next()?;
    let message = format!("function {name} does not take {given}; CAST it to a type that it takes");
    Some(Failure::new(Code::WRONG_ARGUMENTS, message))
}

fn of_plan(text: &str) -> Failure {
    if let Some(failure) = of_signature(text) {
        return failure;
    }
    let text = clean(text);
    if text.starts_with("Unsupported Value ") {
        return Failure::new(
            Code::NOT_SUPPORTED,
            "a literal of this kind (b'..' and the like) is not supported; write a number or a text",
        );
    }
    if let Some(rest) = text.strip_prefix("Invalid function '") {
        let name = rest.split('\'').next().unwrap_or_default();
        return Failure::new(
            Code::NO_SUCH_FUNCTION,
            format!("function {name} does not exist"),
        );
    }
    if text.starts_with("Too many columns! The subquery should only return one column") {
        return Failure::new(Code::OPERAND_COLUMNS, "Operand should contain 1 column(s)");
    }
    if let Some(at) = text.find("incorrect parameter count") {
        let told = &text[at..];
        let told = told.split(". ").next().unwrap_or(told);
        return Failure::new(Code::WRONG_PARAMCOUNT, told);
    }
    if text.contains("must appear in the GROUP BY clause")
        || text.contains("could not be resolved from available columns")
    {
        let column = text
            .split_once("column \"")
            .and_then(|(_, rest)| rest.split('"').next());
        let message = match column {
            Some(column) => format!(
                "column '{column}' is neither grouped nor aggregated; put it into GROUP BY, or into an aggregate such as ANY_VALUE"
            ),
            None => format!("a column is neither grouped nor aggregated: {text}"),
        };
        return Failure::new(Code::WRONG_FIELD_WITH_GROUP, message);
    }
    if text.contains("Projections require unique expression names") {
        return Failure::new(
            Code::DUP_FIELDNAME,
            "a column name appears twice; give one of them an alias",
        );
    }
    Failure::new(Code::ANALYSIS, text)
}

fn of_arrow(error: &ArrowError) -> Failure {
    match error {
        ArrowError::CastError(text) | ArrowError::ParseError(text) => {
            Failure::new(Code::BAD_VALUE, clean(text))
        }
        ArrowError::DivideByZero => Failure::new(Code::UNKNOWN, "division by zero"),
        ArrowError::ArithmeticOverflow(text) => Failure::new(
            Code::DATA_OUT_OF_RANGE,
            format!("a result is out of the range of its type: {}", clean(text)),
        ),
        other => Failure::new(Code::UNKNOWN, clean(&other.to_string())),
    }
}

fn of_execution(text: &str) -> Failure {
    let text = clean(text);
    if text.contains("subquery returned more than one row") {
        return Failure::new(Code::SUBQUERY_ROWS, "Subquery returns more than 1 row");
    }
    let code = if text.starts_with("Cannot cast") || text.starts_with("Cast error") {
        Code::BAD_VALUE
    } else {
        Code::UNKNOWN
    };
    Failure::new(code, text)
}

/// The first line of a text, without the words that only DataFusion's programmers need.
fn clean(text: &str) -> String {
    let joined;
    let mut lines = text.lines();
    let mut text = lines.next().unwrap_or_default().trim();
    // A list follows a colon: its first entry says what the matter is.
    if text.ends_with(':') {
        joined = format!("{text} {}", lines.next().unwrap_or_default().trim());
        text = &joined;
    }
    for prefix in [
        "Error during planning: ",
        "Execution error: ",
        "External error: ",
        "type_coercion",
        "caused by",
    ] {
        text = text.trim_start_matches(prefix).trim();
    }
    text.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use datafusion::common::TableReference;

    use super::*;

    #[test]
    fn an_error_of_ours_comes_out_as_it_went_in() {
        let ours = Failure::new(Code::NO_SUCH_TABLE, "Table 'a.b' doesn't exist");
        let wrapped = DataFusionError::Context(
            "planning".into(),
            Box::new(DataFusionError::ArrowError(
                Box::new(ArrowError::ExternalError(Box::new(wrap(ours.clone())))),
                None,
            )),
        );
        assert_eq!(failure(&wrapped), ours);
    }

    #[test]
    fn what_a_function_does_not_take_is_told_in_a_sentence() {
        let text = "Internal error: Function 'sum' failed to match any signature, errors: Error during planning: \
                    Function 'sum' requires Decimal, but received String (DataType: Utf8).,Error during planning: \
                    Function 'sum' requires UInt64, but received String (DataType: Utf8).";
        let failure = failure(&DataFusionError::Plan(text.into()));
        let expect = "function sum does not take String; CAST it to a type that it takes";
        assert_eq!(failure.message, expect);
    }

    #[test]
    fn a_column_is_proposed_where_its_name_is_almost_the_one_that_was_written() {
        let known = ["id", "carrier", "day"]
            .map(|name| Column::new(Some(TableReference::bare("Orders")), name));
        for (written, near) in [
            ("carier", Some("carrier")),
            ("orders.id", Some("Orders.id")),
            ("o.carrier", None),
            ("dy", Some("day")),
            ("x", None),
            ("nothing", None),
        ] {
            let near = near.map(str::to_owned);
            let written = Column::from_qualified_name_ignore_case(written);
            assert_eq!(nearest(&written, &known), near, "{written}");
        }
    }

    #[test]
    fn a_column_that_is_not_grouped_is_named() {
        let text = "Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column \
                    \"d.t.b\" must appear in the GROUP BY clause or must be part of an aggregate function, currently \
                    only \"d.t.a\" appears in the SELECT clause satisfies this requirement";
        let failure = failure(&DataFusionError::Plan(text.into()));
        assert_eq!(failure.code.mysql, 1055);
        assert!(failure.message.starts_with("column 'd.t.b' is neither"));
    }

    #[test]
    fn an_unknown_function_has_mysqls_number() {
        let error = DataFusionError::Plan("Invalid function 'foo'.\nDid you mean 'floor'?".into());
        let failure = failure(&error);
        assert_eq!(failure.code.mysql, 1305);
        assert_eq!(failure.message, "function foo does not exist");
    }
}
