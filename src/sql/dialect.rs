//! MySQL's dialect as sqlparser knows it, and what it does not know of it: units of two words, such as HOUR_MINUTE.

use std::any::TypeId;

use sqlparser::ast;
use sqlparser::dialect::{Dialect, MySqlDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};

/// Units of two words.
pub const TWO_UNITS: [&str; 11] = [
    "YEAR_MONTH",
    "DAY_HOUR",
    "DAY_MINUTE",
    "DAY_SECOND",
    "DAY_MICROSECOND",
    "HOUR_MINUTE",
    "HOUR_SECOND",
    "HOUR_MICROSECOND",
    "MINUTE_SECOND",
    "MINUTE_MICROSECOND",
    "SECOND_MICROSECOND",
];

/// sqlparser's MySQL, with any word as a unit of time: which units there are is decided where they are used.
#[derive(Debug)]
pub struct Extended(pub MySqlDialect);

/// Functions without arguments that are as sqlparser has them.
macro_rules! as_there {
    ($($name:ident)+) => {
        $(fn $name(&self) -> bool {
            self.0.$name()
        })+
    };
}

impl Dialect for Extended {
    fn dialect(&self) -> TypeId {
        self.0.dialect()
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        self.0.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.0.is_identifier_part(ch)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        self.0.is_delimited_identifier_start(ch)
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        self.0.identifier_quote_style(identifier)
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        expr: &ast::Expr,
        precedence: u8,
    ) -> Option<Result<ast::Expr, ParserError>> {
        self.0.parse_infix(parser, expr, precedence)
    }

    fn parse_statement(
        &self,
        parser: &mut Parser<'_>,
    ) -> Option<Result<ast::Statement, ParserError>> {
        self.0.parse_statement(parser)
    }

    fn is_table_factor_alias(
        &self,
        explicit: bool,
        word: &Keyword,
        parser: &mut Parser<'_>,
    ) -> bool {
        self.0.is_table_factor_alias(explicit, word, parser)
    }

    as_there! {
        supports_string_literal_backslash_escape
        supports_string_literal_concatenation
        ignores_wildcard_escapes
        supports_numeric_prefix
        supports_bitwise_shift_operators
        supports_multiline_comment_hints
        require_interval_qualifier
        supports_limit_comma
        supports_create_table_select
        supports_insert_set
        supports_user_host_grantee
        supports_table_hints
        requires_single_line_comment_whitespace
        supports_match_against
        supports_select_modifiers
        supports_set_names
        supports_comma_separated_set_assignments
        supports_update_order_by
        supports_data_type_signed_suffix
        supports_cross_join_constraint
        supports_double_ampersand_operator
        supports_binary_kw_as_cast
        supports_comment_optimizer_hint
        supports_constraint_keyword_without_name
        supports_key_column_option
    }
}
