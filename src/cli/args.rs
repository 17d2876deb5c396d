//! Arguments of every command. Scripts rely on these words.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::backend::StoragePath;
use crate::catalog::table::Medium;
use crate::server::Advertised;

/// Keeps replicated tables whole, and is run in SQL over the MySQL protocol.
#[derive(Debug, Parser)]
#[command(name = "quorate", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A frontend and several backends in one process, on real directories.
    Standalone(Standalone),
    /// A frontend: MySQL and HTTP listeners, catalog, journal.
    Frontend(Frontend),
    /// A backend: storage paths and an HTTP listener.
    Backend(Backend),
    /// A client: runs statements and prints tables.
    Sql(Sql),
}

/// Arguments of `quorate standalone`.
#[derive(Debug, Args)]
pub struct Standalone {
    /// Directory of all data; made if it is not there.
    #[arg(long, default_value = "./quorate-data")]
    pub data_dir: PathBuf,
    /// Number of backends.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub backends: u16,
    /// Address of the MySQL listener; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9030")]
    pub mysql_addr: SocketAddr,
    /// Address of the frontend's HTTP listener; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8030")]
    pub http_addr: SocketAddr,
    /// Address to give to other nodes as its own, `HOST[:PORT]`; needed where the HTTP listener is bound to every address.
    #[arg(long, env = "QUORATE_ADVERTISE_ADDR")]
    pub advertise_addr: Option<Advertised>,
    /// Takes the cluster over though its backends know of a longer journal: for a frontend that was restored from a backup, when
    /// the other one is gone for good. What only that one knew is lost.
    #[arg(long)]
    pub take_over: bool,
    /// Settings, one `key = value` a line.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

/// Arguments of `quorate frontend`.
#[derive(Debug, Args)]
pub struct Frontend {
    /// Directory of the journal; made if it is not there.
    #[arg(long, default_value = "./quorate-data")]
    pub data_dir: PathBuf,
    /// Address of the MySQL listener; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9030")]
    pub mysql_addr: SocketAddr,
    /// Address of the HTTP listener; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8030")]
    pub http_addr: SocketAddr,
    /// Address to give to other nodes as its own, `HOST[:PORT]`; needed where the HTTP listener is bound to every address.
    #[arg(long, env = "QUORATE_ADVERTISE_ADDR")]
    pub advertise_addr: Option<Advertised>,
    /// Takes the cluster over though its backends know of a longer journal: for a frontend that was restored from a backup, when
    /// the other one is gone for good. What only that one knew is lost.
    #[arg(long)]
    pub take_over: bool,
    /// Settings, one `key = value` a line.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

/// Arguments of `quorate backend`.
#[derive(Debug, Args)]
pub struct Backend {
    /// A directory for tablets: `PATH[,medium=ssd|hdd][,capacity=BYTES]`; may be given several times.
    #[arg(long, value_parser = storage_path, default_value = "./quorate-data/backend")]
    pub storage_path: Vec<StoragePath>,
    /// Address of the HTTP listener; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8040")]
    pub http_addr: SocketAddr,
    /// Address to give to other nodes as its own, `HOST[:PORT]`; needed where the HTTP listener is bound to every address.
    #[arg(long, env = "QUORATE_ADVERTISE_ADDR")]
    pub advertise_addr: Option<Advertised>,
    /// Settings, one `key = value` a line.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// File with the cluster token that the frontend made (`DIR/cluster.token`).
    #[arg(long)]
    pub cluster_token_file: Option<PathBuf>,
    /// The cluster token itself, where a file is not handy.
    #[arg(
        long = "cluster-token",
        env = "QUORATE_CLUSTER_TOKEN",
        hide_env_values = true,
        conflicts_with = "cluster_token_file"
    )]
    pub cluster_token: Option<String>,
}

/// Arguments of `quorate sql`.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub struct Sql {
    /// Host of the frontend.
    #[arg(short = 'h', long, default_value = "127.0.0.1")]
    pub host: String,
    /// MySQL port of the frontend.
    #[arg(short = 'P', long, default_value_t = 9030)]
    pub port: u16,
    /// User.
    #[arg(short = 'u', long, default_value = "root")]
    pub user: String,
    /// Password.
    #[arg(
        short = 'p',
        long,
        env = "QUORATE_PASSWORD",
        hide_env_values = true,
        default_value = ""
    )]
    pub password: String,
    /// Database to begin in.
    #[arg(short = 'D', long)]
    pub database: Option<String>,
    /// Statements to run.
    #[arg(short = 'e', long, conflicts_with = "file")]
    pub execute: Option<String>,
    /// File with statements; `-` is standard input.
    pub file: Option<PathBuf>,
    /// Prints tab-separated lines instead of tables.
    #[arg(long)]
    pub batch: bool,
    /// Goes on after an error.
    #[arg(long)]
    pub force: bool,
    /// Prints help.
    #[arg(long, action = clap::ArgAction::HelpLong)]
    pub help: Option<bool>,
}

/// Reads `PATH[,medium=ssd|hdd][,capacity=BYTES]`.
fn storage_path(text: &str) -> Result<StoragePath, String> {
    let mut parts = text.split(',');
    let dir = parts
        .next()
        .filter(|p| !p.is_empty())
        .ok_or("a storage path begins with a directory")?;
    let mut path = StoragePath {
        dir: PathBuf::from(dir),
        medium: Medium::Hdd,
        capacity: None,
    };
    for part in parts {
        match part.split_once('=') {
            Some(("medium", word)) => {
                path.medium = Medium::parse(word)
                    .ok_or_else(|| format!("medium is ssd or hdd, not '{word}'"))?;
            }
            Some(("capacity", bytes)) => {
                let bytes = bytes
                    .parse()
                    .map_err(|_| format!("capacity is a number of bytes, not '{bytes}'"))?;
                path.capacity = Some(bytes);
            }
            _ => {
                return Err(format!(
                    "expected medium=ssd|hdd or capacity=BYTES, not '{part}'"
                ));
            }
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_path_has_a_medium_and_a_capacity() {
        let path = storage_path("/d,medium=SSD,capacity=100").unwrap();
        assert_eq!((path.medium, path.capacity), (Medium::Ssd, Some(100)));
        assert!(storage_path("/d,medium=tape").unwrap_err().contains("tape"));
        assert!(storage_path("/d,capacity=1G").is_err());
        assert!(storage_path("").is_err());
    }

    #[test]
    fn the_words_of_the_command_line_are_the_documented_ones() {
        let cli = Cli::parse_from([
            "quorate", "sql", "-h", "db1", "-P", "1", "-u", "u", "-p", "x", "-D", "d", "-e",
            "select 1",
        ]);
        let Command::Sql(sql) = cli.command else {
            panic!("not sql")
        };
        assert_eq!(
            (sql.host.as_str(), sql.port, sql.execute.as_deref()),
            ("db1", 1, Some("select 1"))
        );
        assert!(Cli::try_parse_from(["quorate", "standalone", "--backends", "0"]).is_err());
    }
}
