//! Starts, stops, kills and restarts the nodes of a cluster, and speaks to them as users do.

mod target;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mysql_async::Conn;
use serde_json::Value as Json;
use tempfile::TempDir;

pub use self::target::{NO_CONNECTION, Target, acknowledged, http};

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

    /// `kill -TERM`, and waits until it has ended by itself.
    pub fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.is_ok_and(|s| s.success()), "no signal to {pid}");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "it ended with {status}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a cluster is made of.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// Backends.
    pub backends: usize,
    /// Storage paths of each.
    pub paths: usize,
    /// Settings of the frontend that differ from the defaults.
    pub settings: &'a [(&'a str, &'a str)],
}

/// A frontend and its backends, each a process.
pub struct Cluster {
    /// Everything on disk.
    pub dir: TempDir,
    /// The frontend while it runs.
    pub frontend: Option<Node>,
    /// The backends; one that does not run is `None`.
    pub backends: Vec<Option<Node>>,
    paths: usize,
    ports: Vec<String>,
    target: Target,
}

impl Cluster {
    /// A frontend and `count` backends of one path that it knows and has heard from.
    pub async fn start(count: usize) -> Cluster {
        Cluster::of(Shape {
            backends: count,
            paths: 1,
            settings: &[
                ("heartbeat_interval_second", "1"),
                ("quorum_publish_wait_time_ms", "1000"),
            ],
        })
        .await
    }

    /// A frontend and backends that it knows and has heard from.
    pub async fn of(shape: Shape<'_>) -> Cluster {
        let free = "127.0.0.1:0".to_owned();
        let mut cluster = Cluster {
            dir: tempfile::tempdir().expect("a temporary directory"),
            frontend: None,
            backends: Vec::new(),
            paths: shape.paths,
            ports: Vec::new(),
            target: Target {
                http: free.clone(),
                mysql: free,
            },
        };
        cluster.start_frontend();
        for (key, value) in shape.settings {
            let set =
                format!("ADMIN SET FRONTEND CONFIG (\"{key}\" = \"{value}\") WITH PERSISTENT");
            cluster.sql(&set).await.expect("a setting is set");
        }
        for _ in 0..shape.backends {
            cluster.add_backend().await;
        }
        cluster.wait_alive(shape.backends).await;
        cluster
    }

    /// Starts one more backend, which joins; gives its place.
    pub async fn add_backend(&mut self) -> usize {
        let at = self.backends.len();
        self.backends.push(None);
        self.ports.push("127.0.0.1:0".to_owned());
        self.start_backend(at);
        let add = format!("ALTER SYSTEM ADD BACKEND \"{}\"", self.ports[at]);
        self.sql(&add).await.expect("the backend is added");
        at
    }

    /// Starts the frontend, on the addresses that it had before.
    pub fn start_frontend(&mut self) {
        let args = [
            "frontend",
            "--mysql-addr",
            &self.target.mysql,
            "--http-addr",
            &self.target.http,
            "--data-dir",
            &self.path("fe"),
        ];
        let node = self.run(&args.map(str::to_owned), "fe.log");
        self.target.mysql.clone_from(&node.ready["mysql"]);
        self.target.http.clone_from(&node.ready["http"]);
        self.frontend = Some(node);
    }

    /// Starts a backend, on the address that it had before.
    pub fn start_backend(&mut self, at: usize) {
        let mut args = vec!["backend".to_owned()];
        for path in self.storage_paths(at) {
            args.extend(["--storage-path".to_owned(), path.display().to_string()]);
        }
        let token = self.path("fe/cluster.token");
        let config = self.path("be.conf");
        std::fs::write(&config, "recover_interval_second = 1\n").expect("it is written");
        let rest = [
            "--config",
            &config,
            "--http-addr",
            &self.ports[at],
            "--cluster-token-file",
            &token,
        ];
        args.extend(rest.map(str::to_owned));
        let node = self.run(&args, &format!("be{at}.log"));
        self.ports[at].clone_from(&node.ready["http"]);
        self.backends[at] = Some(node);
    }

    /// Starts a backend with the storage paths that it had, on another address.
    pub fn start_backend_elsewhere(&mut self, at: usize) {
        self.ports[at] = "127.0.0.1:0".to_owned();
        self.start_backend(at);
    }

    /// `kill -9` of a backend.
    pub fn kill_backend(&mut self, at: usize) {
        self.backends[at].take().expect("the backend runs").kill();
    }

    /// `kill -TERM` of a backend, as before a restart that is planned.
    pub fn stop_backend(&mut self, at: usize) {
        self.backends[at].take().expect("the backend runs").stop();
    }

    /// A path of this cluster.
    pub fn path(&self, below: &str) -> String {
        self.dir.path().join(below).display().to_string()
    }

    /// `host:port` of the frontend's HTTP listener.
    pub fn http_address(&self) -> &str {
        &self.target.http
    }

    /// The storage paths of a backend.
    pub fn storage_paths(&self, at: usize) -> Vec<PathBuf> {
        let name = |path| match path {
            0 => format!("be{at}"),
            _ => format!("be{at}_{path}"),
        };
        let paths = 0..self.paths;
        paths.map(|p| self.dir.path().join(name(p))).collect()
    }

    /// `host:port` of a backend.
    pub fn backend_address(&self, at: usize) -> &str {
        &self.ports[at]
    }

    /// Runs one statement on a connection of its own; errors as `code: text`.
    pub async fn sql(&self, statement: &str) -> Result<Vec<BTreeMap<String, String>>, String> {
        self.target.sql(statement).await
    }

    /// A MySQL connection as root.
    pub async fn connect(&self) -> Result<Conn, String> {
        self.target.connect().await
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

    /// Where statements and loads go: usable while the cluster is being killed.
    pub fn target(&self) -> Target {
        self.target.clone()
    }

    /// A stream load; the coordinator's answer, or why there is none.
    pub async fn load(
        &self,
        db: &str,
        table: &str,
        body: Vec<u8>,
        headers: &[(&str, &str)],
    ) -> Result<Json, String> {
        self.target.load(db, table, body, headers).await
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
        let backends = 0..self.backends.len();
        backends.flat_map(|at| self.parquet_files_of(at)).collect()
    }

    /// Parquet files below one backend's storage paths.
    pub fn parquet_files_of(&self, at: usize) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for path in self.storage_paths(at) {
            collect(&path, &mut files);
        }
        files.sort();
        files
    }

    fn run(&self, args: &[String], log: &str) -> Node {
        Node::start(args, &[], Path::new(&self.path(log)))
            .unwrap_or_else(|e| panic!("{e}\n{}", self.logs()))
    }
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
