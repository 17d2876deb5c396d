//! Functions whose value is fixed for a statement: who asks, where, and when.

use arrow::datatypes::DataType;
use chrono::{DateTime, NaiveDateTime, Timelike};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};

use crate::clock::zone::Zone;
use crate::sql::naming::CATALOG;
use crate::sql::session::SERVER_VERSION;
use crate::system::sources::Sources;

/// A function without arguments that matter.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Constant {
    name: String,
    value: ScalarValue,
    signature: Signature,
}

/// The function `name` of this statement; `None` when it is none of those.
pub fn function(name: &str, sources: &Sources) -> Option<ScalarUDF> {
    let value = value(name, sources)?;
    Some(ScalarUDF::new_from_impl(Constant {
        name: name.to_owned(),
        value,
        signature: Signature::one_of(
            vec![TypeSignature::Nullary, TypeSignature::VariadicAny],
            Volatility::Immutable,
        ),
    }))
}

/// The value of the function `name`; `None` when its value is not fixed for a statement.
pub fn value(name: &str, sources: &Sources) -> Option<ScalarValue> {
    let session = &sources.session;
    let text = |text: String| ScalarValue::Utf8(Some(text));
    Some(match name {
        "database" | "schema" => ScalarValue::Utf8(session.db.clone()),
        "user" | "session_user" | "system_user" => {
            text(format!("{}@{}", session.user, host(&session.peer)))
        }
        "current_user" => text(format!("{}@%", session.user)),
        "catalog" => text(CATALOG.to_owned()),
        "current_role" => text("NONE".to_owned()),
        "version" => text(SERVER_VERSION.to_owned()),
        "current_version" => text(concat!(env!("CARGO_PKG_VERSION"), " quorate").to_owned()),
        "connection_id" => ScalarValue::Int64(Some(session.id.into())),
        "last_insert_id" => ScalarValue::Int64(Some(0)),
        "row_count" => ScalarValue::Int64(Some(-1)),
        "now" | "current_timestamp" | "localtime" | "localtimestamp" | "sysdate" => {
            seconds(local(sources))
        }
        "utc_timestamp" => seconds(utc(sources)),
        "curdate" | "current_date" => day(local(sources)),
        "utc_date" => day(utc(sources)),
        "curtime" | "current_time" => clock(local(sources)),
        "utc_time" => clock(utc(sources)),
        _ => return None,
    })
}

fn host(peer: &str) -> &str {
    peer.rsplit_once(':').map_or(peer, |(host, _)| host)
}

/// When the statement began, or what SET timestamp says.
fn utc(sources: &Sources) -> NaiveDateTime {
    let set = sources.session.variables.get("timestamp");
    let set = set.and_then(|seconds| seconds.parse::<f64>().ok());
    if let Some(seconds) = set.filter(|seconds| *seconds > 0.0) {
        // The variable takes what fits.
        let at = DateTime::from_timestamp_micros((seconds * 1e6) as i64);
        return at.unwrap_or_default().naive_utc();
    }
    DateTime::from_timestamp_millis(sources.now.wall_ms())
        .unwrap_or_default()
        .naive_utc()
}

/// The statement's time on the clock of the session's time zone.
pub fn local(sources: &Sources) -> NaiveDateTime {
    let zone = Zone::parse(&zone(sources)).unwrap_or(Zone::System);
    zone.clock(utc(sources).and_utc())
}

/// The name of the session's time zone, by SET time_zone.
pub fn zone(sources: &Sources) -> String {
    let zone = sources.session.variables.get("time_zone");
    zone.cloned().unwrap_or_else(|| "SYSTEM".to_owned())
}

fn seconds(at: NaiveDateTime) -> ScalarValue {
    ScalarValue::TimestampSecond(Some(at.and_utc().timestamp()), None)
}

fn day(at: NaiveDateTime) -> ScalarValue {
    let days = at.and_utc().timestamp().div_euclid(86_400);
    ScalarValue::Date32(i32::try_from(days).ok())
}

fn clock(at: NaiveDateTime) -> ScalarValue {
    ScalarValue::DurationMicrosecond(Some(i64::from(at.num_seconds_from_midnight()) * 1_000_000))
}

impl ScalarUDFImpl for Constant {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _args: &[DataType]) -> Result<DataType> {
        Ok(self.value.data_type())
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}
