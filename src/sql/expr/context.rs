//! What the expressions of SET and DO may name: variables, and the functions of a connection.

use crate::code::Failure;
use crate::sql::expr::Scope;
use crate::sql::expr::eval::Names;
use crate::sql::expr::value::Value;
use crate::sql::session::SERVER_VERSION;
use crate::sql::statements::Context;
use crate::sql::variables;

/// The names that a connection gives values to.
pub struct SessionNames<'a> {
    /// The snapshot and the connection.
    pub cx: Context<'a>,
    /// A bare word is a text (`SET sql_mode = TRADITIONAL`) rather than an unknown column.
    pub words_are_texts: bool,
}

impl Names for SessionNames<'_> {
    fn column(&self, name: &str) -> Result<Value, Failure> {
        if self.words_are_texts {
            return Ok(Value::text(name.to_owned()));
        }
        let message = format!("Unknown column '{name}'");
        Err(Failure::new(crate::code::Code::BAD_FIELD, message))
    }

    fn system(&self, scope: Option<Scope>, name: &str) -> Result<Value, Failure> {
        variables::value(self.cx, scope, name)
    }

    fn user(&self, name: &str) -> Value {
        let value = self.cx.session.user_variable(name);
        value.map_or(Value::NULL, |text| Value::text(text.to_owned()))
    }

    fn function(&self, name: &str) -> Option<Value> {
        let session = self.cx.session;
        Some(match name {
            "DATABASE" | "SCHEMA" => session.db.clone().map_or(Value::NULL, Value::text),
            "USER" | "CURRENT_USER" | "SESSION_USER" | "SYSTEM_USER" => {
                Value::text(format!("{}@%", session.user))
            }
            "VERSION" => Value::text(SERVER_VERSION),
            "CONNECTION_ID" => Value::int(session.id.into()),
            "NOW" | "CURRENT_TIMESTAMP" | "LOCALTIME" => Value::text(self.cx.view.now.to_string()),
            _ => return None,
        })
    }
}
