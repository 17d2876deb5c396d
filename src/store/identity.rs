//! A frontend's data directory: who it is, and that nobody else uses it.
//!
//! | file | content |
//! |---|---|
//! | `lock` | locked while a process uses the directory; holds its pid |
//! | `cluster.token` | the secret that nodes of the cluster show each other; readable by its owner only |
//! | `journal.redb` | the journal |
//! | `identity` | cluster id, name and epoch of this frontend, and how far its journal was; written last, so a directory without it was never used |

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::durable;
use crate::lock;
use crate::store::epochs::Epochs;
use crate::store::error::Error;
use crate::store::files;
use crate::store::journal::Journal;
use crate::store::redb::RedbJournal;

/// A data directory that this process alone uses until the value is dropped.
#[derive(Debug)]
pub struct DataDir {
    dir: PathBuf,
    identity: Identity,
    token: String,
    /// Held, not read: the lock ends with it.
    _lock: File,
}

/// Who a frontend is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Cluster id, made at first start, never 0.
    pub cluster_id: u64,
    /// Name of this frontend, made at first start.
    pub name: String,
    /// Grows with each start of a leader; what an older leader says is refused by backends that heard a newer one.
    pub epoch: u64,
    /// A record that the journal reached in any case: its last one at the last start, or at a stop in order.
    pub journal: u64,
    /// How often a frontend of this journal was told to take the cluster over though backends knew of a longer journal.
    pub takeovers: u64,
}

impl DataDir {
    /// Takes the directory, and makes what a first start needs. Also opens the journal, checked.
    pub fn open(dir: &Path) -> Result<(DataDir, RedbJournal), Error> {
        durable::make_dir(dir, 0o750).map_err(|e| Error::io("creating directory", dir, &e))?;
        let lock = own(dir)?;
        let known = Identity::read(&dir.join("identity"))?;
        let token = token(dir, known.is_some())?;
        let journal = journal(dir, known.as_ref())?;
        let identity = match known {
            Some(identity) => identity,
            None => {
                let first = Identity::make();
                first.write(dir)?;
                first
            }
        };
        let data = DataDir {
            dir: dir.to_owned(),
            identity,
            token,
            _lock: lock,
        };
        Ok((data, journal))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// Who this frontend is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The secret that nodes of the cluster show each other.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Takes the cluster over: backends obey this frontend though they know of a longer journal.
    ///
    /// # Errors
    /// It can't be written down.
    pub fn take_over(&mut self) -> Result<(), Error> {
        let next = Identity {
            takeovers: self.identity.takeovers.saturating_add(1),
            ..self.identity.clone()
        };
        next.write(&self.dir)?;
        self.identity = next;
        Ok(())
    }

    fn change(&mut self, epoch: u64, journal: u64) -> Result<(), Error> {
        let next = Identity {
            epoch,
            journal,
            ..self.identity.clone()
        };
        next.write(&self.dir)?;
        self.identity = next;
        Ok(())
    }
}

impl Epochs for DataDir {
    fn begin(&mut self, last: u64) -> Result<u64, Error> {
        let epoch = self.identity.epoch.saturating_add(1);
        self.change(epoch, last)?;
        Ok(epoch)
    }

    fn rest(&mut self, last: u64) -> Result<(), Error> {
        self.change(self.identity.epoch, last)
    }
}

impl Identity {
    fn make() -> Identity {
        let random: u64 = rand::random();
        Identity {
            // Shown in tools that take it for a signed 32-bit number.
            cluster_id: (random >> 33).max(1),
            name: format!("fe_{:08x}", random as u32),
            epoch: 0,
            journal: 0,
            takeovers: 0,
        }
    }

    fn read(path: &Path) -> Result<Option<Identity>, Error> {
        let Some(text) = files::read(path)? else {
            return Ok(None);
        };
        let parsed = Identity::parse(&text);
        let what = "it does not hold cluster_id, name, epoch, journal and their checksum";
        parsed.map(Some).ok_or_else(|| Error::damaged(path, what))
    }

    fn parse(text: &str) -> Option<Identity> {
        let (body, crc) = text.trim_end().rsplit_once("crc=")?;
        if crc != checksum(body) {
            return None;
        }
        let mut lines = body.lines();
        Some(Identity {
            cluster_id: lines.next()?.strip_prefix("cluster_id=")?.parse().ok()?,
            name: lines.next()?.strip_prefix("name=")?.to_owned(),
            epoch: lines.next()?.strip_prefix("epoch=")?.parse().ok()?,
            journal: lines.next()?.strip_prefix("journal=")?.parse().ok()?,
            // Directories of earlier versions do not say.
            takeovers: match lines.next() {
                Some(line) => line.strip_prefix("takeovers=")?.parse().ok()?,
                None => 0,
            },
        })
    }

    fn write(&self, dir: &Path) -> Result<(), Error> {
        let Identity {
            cluster_id,
            name,
            epoch,
            journal,
            takeovers,
        } = self;
        let body = format!(
            "cluster_id={cluster_id}\nname={name}\nepoch={epoch}\njournal={journal}\ntakeovers={takeovers}\n"
        );
        let crc = checksum(&body);
        files::replace(
            &dir.join("identity"),
            format!("{body}crc={crc}\n").as_bytes(),
            0o640,
        )
    }
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

fn own(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let failed = |doing, cause: &std::io::Error| Error::io(doing, &path, cause);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o640)
        .open(&path)
        .map_err(|e| failed("opening", &e))?;
    match lock::take(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let pid = match file.read_to_string(&mut pid) {
                Ok(_) => pid.trim().parse().ok(),
                Err(_) => None,
            };
            let dir = dir.to_owned();
            return Err(Error::Locked { dir, pid });
        }
        Err(TryLockError::Error(cause)) => return Err(failed("locking", &cause)),
    }
    // The pid is for people; it may be lost.
    let pid = format!("{}\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(pid.as_bytes()))
        .map_err(|e| failed("writing", &e))?;
    Ok(file)
}

fn token(dir: &Path, used: bool) -> Result<String, Error> {
    let path = dir.join("cluster.token");
    if let Some(text) = files::read(&path)? {
        let mode = fs::metadata(&path)
            .map_err(|e| Error::io("reading", &path, &e))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(Error::Denied {
                path,
                cause: format!(
                    "others may read the secret in it (mode {:o}), so chmod 600 it",
                    mode & 0o777
                ),
            });
        }
        let token = text.trim();
        if token.is_empty() {
            return Err(Error::damaged(&path, "it is empty"));
        }
        return Ok(token.to_owned());
    }
    if used {
        let because = "the directory belongs to a cluster, whose backends know its token";
        let because = because.to_owned();
        return Err(Error::Missing { path, because });
    }
    let secret: [u8; 32] = rand::random();
    let token: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    files::replace(&path, format!("{token}\n").as_bytes(), 0o600)?;
    Ok(token)
}

fn journal(dir: &Path, known: Option<&Identity>) -> Result<RedbJournal, Error> {
    let path = dir.join("journal.redb");
    let found = path
        .try_exists()
        .map_err(|e| Error::io("looking for", &path, &e))?;
    match (found, known) {
        (false, None) => RedbJournal::create(&path),
        (false, Some(_)) => Err(Error::Missing {
            path,
            because: "the directory belongs to a cluster".to_owned(),
        }),
        (true, Some(known)) => RedbJournal::open(&path, known.journal),
        (true, None) => {
            let journal = RedbJournal::open(&path, 0)?;
            // Nothing is journaled before the identity is on disk.
            if journal.extent().last > 0 {
                return Err(Error::Missing {
                    path: dir.join("identity"),
                    because: format!("{} holds records", path.display()),
                });
            }
            Ok(journal)
        }
    }
}
