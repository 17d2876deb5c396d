//! Starts, kills and restarts the nodes of a cluster, and speaks to them as users do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, Value};
use serde_json::Value as Json;
use tempfile::TempDir;

/// How long anything may take that should happen soon.
pub const SOON: Duration = Duration::from_secs(60);

/// A node's process. Dropping it kills it as `kill -9` does.
pub struct Node {
    child: Child,
    /// The words of the ready line: `mysql`, `http`, `backends`.
    pub ready: BTreeMap<String, String>,
}

impl Node {
    /// Starts `quorate` with these arguments and waits for its ready line.
    pub fn start(args: &[String], env: &[(&str, &str)], log: &Path) -> Result<Node, String> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|e| e.to_string())?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(args)
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().map_err(|e| e.to_string())?)
            .spawn()
            .map_err(|e| e.to_string())?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .map_err(|e| e.to_string())?;
        let Some(words) = line.trim().strip_prefix("ready ") else {
            let status = child.wait().map_err(|e| e.to_string())?;
            return Err(format!("not ready ({status}): {line}"));
        };
        let ready = words
            .split(' ')
            .filter_map(|w| w.split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect();
        Ok(Node { child, ready })
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A frontend and its backends, each a process.
pub struct Cluster {
    /// Everything on disk.
    pub dir: TempDir,
    /// The frontend while it runs.
    pub frontend: Option<Node>,
    /// The backends; a killed one is `None`.
    pub backends: Vec<Option<Node>>,
    ports: Vec<String>,
    mysql: String,
    http: String,
}

impl Cluster {
    /// A frontend and `count` backends that it knows and has heard from.
    pub async fn start(count: usize) -> Cluster {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let free = "127.0.0.1:0".to_owned();
        let mut cluster = Cluster {
            dir,
            frontend: None,
            backends: Vec::new(),
            ports: Vec::new(),
            mysql: free.clone(),
            http: free.clone(),
        };
        cluster.start_frontend();
        for at in 0..count {
            cluster.backends.push(None);
            cluster.ports.push(free.clone());
            cluster.start_backend(at);
            let address = cluster.ports[at].clone();
            cluster
                .sql(&format!("ALTER SYSTEM ADD BACKEND \"{address}\""))
                .await
                .expect("the backend is added");
        }
        for (key, value) in [
            ("heartbeat_interval_second", "1"),
            ("quorum_publish_wait_time_ms", "1000"),
        ] {
            let set =
                format!("ADMIN SET FRONTEND CONFIG (\"{key}\" = \"{value}\") WITH PERSISTENT");
            cluster.sql(&set).await.expect("a setting is set");
        }
        cluster.wait_alive(count).await;
        cluster
    }

    /// Starts the frontend, on the addresses that it had before.
    pub fn start_frontend(&mut self) {
        let args = [
            "frontend",
            "--mysql-addr",
            &self.mysql,
            "--http-addr",
            &self.http,
            "--data-dir",
            &self.path("fe"),
        ];
        let node = self.run(&args.map(str::to_owned), "fe.log");
        self.mysql.clone_from(&node.ready["mysql"]);
        self.http.clone_from(&node.ready["http"]);
        self.frontend = Some(node);
    }

    /// Starts a backend, on the address that it had before.
    pub fn start_backend(&mut self, at: usize) {
        let token = self.path("fe/cluster.token");
        let store = self.path(&format!("be{at}"));
        let args = [
            "backend",
            "--storage-path",
            &store,
            "--http-addr",
            &self.ports[at],
            "--cluster-token-file",
            &token,
        ];
        let node = self.run(&args.map(str::to_owned), &format!("be{at}.log"));
        self.ports[at].clone_from(&node.ready["http"]);
        self.backends[at] = Some(node);
    }

    /// `kill -9` of a backend.
    pub fn kill_backend(&mut self, at: usize) {
        self.backends[at].take().expect("the backend runs").kill();
    }

    /// A path of this cluster.
    pub fn path(&self, below: &str) -> String {
        self.dir.path().join(below).display().to_string()
    }

    /// `host:port` of the frontend's HTTP listener.
    pub fn http_address(&self) -> &str {
        &self.http
    }

    /// `host:port` of a backend.
    pub fn backend_address(&self, at: usize) -> &str {
        &self.ports[at]
    }

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

    /// One number that a query gives.
    pub async fn number(&self, query: &str) -> Result<i64, String> {
        let rows = self.sql(query).await?;
        let cell = rows
            .first()
            .and_then(|row| row.values().next())
            .ok_or("no row")?;
        cell.parse().map_err(|_| format!("not a number: {cell}"))
    }

    /// Where loads go: usable while the cluster is being killed.
    pub fn target(&self) -> Target {
        Target {
            http: self.http.clone(),
        }
    }

    /// A stream load; the coordinator's answer, or why there is none.
    pub async fn load(
        &self,
        db: &str,
        table: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Result<Json, String> {
        self.target().load(db, table, body, headers).await
    }

    /// Waits until so many backends are alive.
    pub async fn wait_alive(&self, count: usize) {
        self.until(&format!("{count} backends alive"), async || {
            let rows = self.sql("SHOW BACKENDS").await.unwrap_or_default();
            rows.iter().filter(|row| row["Alive"] == "true").count() == count
        })
        .await;
    }

    /// Waits until `what` holds, and fails the test with the nodes' logs when it takes too long.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let started = Instant::now();
        while !holds().await {
            if started.elapsed() > SOON {
                panic!("waited too long for: {what}\n{}", self.logs());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The last lines of every node's log.
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(self.dir.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.path().extension().is_some_and(|e| e == "log") {
                let log = std::fs::read_to_string(entry.path()).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let tail = lines[lines.len().saturating_sub(30)..].join("\n");
                text.push_str(&format!("--- {}\n{tail}\n", entry.path().display()));
            }
        }
        text
    }

    /// Parquet files below every backend's storage paths.
    pub fn parquet_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for at in 0..self.backends.len() {
            collect(Path::new(&self.path(&format!("be{at}"))), &mut files);
        }
        files
    }

    fn run(&self, args: &[String], log: &str) -> Node {
        Node::start(args, &[], Path::new(&self.path(log)))
            .unwrap_or_else(|e| panic!("{e}\n{}", self.logs()))
    }
}

/// The frontend's HTTP listener.
pub struct Target {
    http: String,
}

impl Target {
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
    request.send().await.map_err(|e| e.to_string())
}

/// A client for HTTP that follows no redirect.
pub fn http() -> reqwest::Client {
    // The first provider that is installed stays; there is only this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client")
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|e| e == "parquet" || e == "tmp")
        {
            files.push(path);
        }
    }
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
