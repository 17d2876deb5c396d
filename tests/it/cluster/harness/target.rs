//! Speaks to a cluster as its users do: statements, loads, HTTP. Can be held while the cluster is being killed.

use std::collections::BTreeMap;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use serde_json::Value as Json;

use super::SOON;

/// What errors of loads begin with that found nobody at the address they were sent to.
pub const NO_CONNECTION: &str = "no connection";

/// Where a frontend is.
#[derive(Debug, Clone)]
pub struct Target {
    /// `host:port` of its HTTP listener.
    pub http: String,
    /// `host:port` of its MySQL listener.
    pub mysql: String,
}

impl Target {
    /// Runs one statement on a connection of its own; errors as `code: text`.
    pub async fn sql(&self, statement: &str) -> Result<Vec<BTreeMap<String, String>>, String> {
        let mut conn = self.connect().await?;
        let rows: Vec<Row> = conn.query(statement).await.map_err(described)?;
        let _ = conn.disconnect().await;
        Ok(rows.into_iter().map(named).collect())
    }

    /// A MySQL connection as root.
    pub async fn connect(&self) -> Result<Conn, String> {
        let (host, port) = self.mysql.rsplit_once(':').expect("host:port");
        let port: u16 = port.parse().expect("a port");
        let options = OptsBuilder::default()
            .ip_or_hostname(host)
            .tcp_port(port)
            .user(Some("root"))
            .prefer_socket(false);
        Conn::new(options).await.map_err(described)
    }

    /// A stream load; the coordinator's answer, or why there is none.
    pub async fn load(
        &self,
        db: &str,
        table: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Result<Json, String> {
        let first = put(
            &format!("http://{}/api/{db}/{table}/_stream_load", self.http),
            Vec::new(),
            headers,
        )
        .await?;
        let coordinator = first
            .headers()
            .get("location")
            .and_then(|l| l.to_str().ok())
            .map(str::to_owned);
        let answer = match coordinator {
            Some(url) => put(&url, body, headers).await?,
            None => first,
        };
        answer.json().await.map_err(|e| e.to_string())
    }
}

/// Whether the answer to a load says that its rows can be read: those of this attempt, or of an earlier one with its label.
pub fn acknowledged(answer: &Json) -> bool {
    let message = answer["Message"].as_str().unwrap_or_default();
    let earlier = answer["ExistingJobStatus"] == "FINISHED" && !message.contains("visible later");
    answer["Status"] == "Success" || earlier
}

async fn put(
    url: &str,
    body: Vec<u8>,
    headers: &[(&str, &str)],
) -> Result<reqwest::Response, String> {
    let mut request = http()
        .put(url)
        .basic_auth("root", Some(""))
        .timeout(SOON)
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.map_err(|e| match e.is_connect() {
        true => format!("{NO_CONNECTION}: {e}"),
        false => e.to_string(),
    })
}

/// A client for HTTP that follows no redirect.
pub fn http() -> reqwest::Client {
    // The first provider that is installed stays; there is only this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client")
}

fn named(row: Row) -> BTreeMap<String, String> {
    let names: Vec<String> = row
        .columns_ref()
        .iter()
        .map(|c| c.name_str().into_owned())
        .collect();
    names
        .into_iter()
        .zip(row.unwrap().into_iter().map(text))
        .collect()
}

fn text(value: Value) -> String {
    match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    }
}

fn described(error: mysql_async::Error) -> String {
    match error {
        mysql_async::Error::Server(e) => format!("{}: {}", e.code, e.message),
        other => other.to_string(),
    }
}
