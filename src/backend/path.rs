//! A storage path at work: its contents for readers, its changes for everyone else, and its place on the disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{mpsc, oneshot};

use crate::backend::clean;
use crate::backend::contents::{Contents, Draft};
use crate::backend::error::Error;
use crate::backend::meta::{IDENTITY_KEY, Meta, Op, Table};
use crate::backend::open;
use crate::backend::options::StoragePath;
pub use crate::backend::path::identity::Identity;
use crate::backend::path::presence::{Found, Presence};
use crate::backend::report::Log;
use crate::backend::shelf::{Limits, Shelf};
use crate::backend::tablet;
use crate::backend::writer::{Command, Writer};
use crate::catalog::backend::PathState;
use crate::ids::TabletId;

mod identity;
mod presence;

/// Most jobs that wait for the writer of a path.
const QUEUE_MAX: usize = 1024;

/// A storage path.
#[derive(Debug)]
pub struct Path {
    /// What it was started with.
    pub options: StoragePath,
    /// What it shares with its writer.
    pub shared: Arc<Shared>,
    identity: Mutex<Identity>,
    /// The last moment of an earlier process that its metadata told of when it was opened.
    pub reached: Option<crate::clock::Timestamp>,
    /// None when the path could not be opened.
    presence: Mutex<Option<Presence>>,
    /// None when the path could not be opened, and after the stop.
    work: Mutex<Option<Work>>,
}

/// What readers and the writer of a path share.
#[derive(Debug)]
pub struct Shared {
    /// The directory.
    pub dir: PathBuf,
    /// Its data files.
    pub shelf: Arc<Shelf>,
    contents: RwLock<Arc<Contents>>,
    offline: RwLock<Option<Error>>,
    log: Arc<Log>,
}

#[derive(Debug)]
struct Work {
    commands: mpsc::Sender<Command>,
    thread: std::thread::JoinHandle<()>,
    lock: File,
}

impl Path {
    /// Opens a storage path: nobody else may use it until it is closed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(options: StoragePath, reserve: u64, log: Arc<Log>) -> Result<Path, Error> {
        let lock = open::lock(&options.dir)?;
        open::probe(&options.dir)?;
        let shared = Arc::new(Shared::new(&options, reserve, log));
        open::prepare(&options.dir, &shared.shelf)?;
        let identity = Identity::fresh();
        let first = [Op::put(Table::Info, IDENTITY_KEY, &identity)?];
        let meta = Meta::open(&options.dir, &first)?;
        let identity = meta
            .get(Table::Info, IDENTITY_KEY)?
            .ok_or_else(|| Error::Damaged {
                dir: options.dir.clone(),
                what: "its metadata does not say who it is".to_owned(),
            })?;
        let contents = open::load(&meta, &shared.shelf)?;
        let reached = open::reached(&meta, &contents)?;
        let touched = contents.tablets.keys().copied().collect();
        shared.publish(contents, &touched);
        clean::sweep(&shared)?;
        let presence = Presence::of(&options.dir)
            .map_err(|e| Error::io("looking at", &options.dir, &options.dir, &e))?;
        let (commands, queue) = mpsc::channel(QUEUE_MAX);
        let thread = Writer::start(meta, shared.clone(), queue)
            .map_err(|e| Error::io("starting a thread for", &options.dir, &options.dir, &e))?;
        Ok(Path {
            options,
            shared,
            identity: Mutex::new(identity),
            reached,
            presence: Mutex::new(Some(presence)),
            work: Mutex::new(Some(Work {
                commands,
                thread,
                lock,
            })),
        })
    }

    /// A path that could not be opened; it is reported, and holds nothing.
    pub fn broken(options: StoragePath, error: &Error, log: Arc<Log>) -> Path {
        let shared = Arc::new(Shared::new(&options, 0, log));
        shared.go_offline(error);
        let digest = crc32fast::hash(options.dir.as_os_str().as_encoded_bytes());
        Path {
            options,
            shared,
            identity: Mutex::new(Identity {
                path: i64::from(digest),
                ..Identity::default()
            }),
            reached: None,
            presence: Mutex::new(None),
            work: Mutex::new(None),
        }
    }

    /// Changes the path. `change` runs on the path's own thread, must not wait, and may run before earlier changes
    /// are durable; its result is returned when its own change is.
    ///
    /// # Errors
    /// What `change` returns (nothing is changed then), or why it could not be made durable.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Draft) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (done, answer) = oneshot::channel();
        let job = Box::new(move |draft: Result<&mut Draft, Error>| {
            match draft.and_then(change) {
                Ok(value) => Some(Box::new(move |durable: Result<(), Error>| {
                    // A caller that went away does not need the answer.
                    let _ = done.send(durable.map(|()| value));
                }) as crate::backend::writer::Answer),
                Err(error) => {
                    let _ = done.send(Err(error));
                    None
                }
            }
        });
        self.send(Command::Job(job)).await?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    /// Looks whether the directory is still the one that was opened; otherwise the path goes offline. Blocks.
    pub fn notice(&self) {
        let presence = *self.presence.lock();
        let (Some(presence), Ok(())) = (presence, self.shared.online()) else {
            return;
        };
        let dir = &self.options.dir;
        match presence.look(dir, self.shared.shelf.data_dir()) {
            Ok(found) => {
                if let Some(what) = found.trouble() {
                    self.shared.go_offline(&Error::Io {
                        doing: "looking at",
                        path: dir.clone(),
                        cause: what.to_owned(),
                    });
                }
            }
            Err(error) => self.shared.go_offline(&error),
        }
    }

    /// Tries to bring a path back that went offline while running. One that was emptied comes back empty and under a new
    /// name, if the same file system is there: a disk that was only unmounted is waited for.
    ///
    /// # Errors
    /// Why it stays offline.
    pub async fn recover(&self) -> Result<(), Error> {
        let Some(presence) = *self.presence.lock() else {
            return self.shared.online();
        };
        let (dir, shelf) = (self.options.dir.clone(), self.shared.shelf.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let found = presence.look(&dir, shelf.data_dir())?;
            if let Found::Other(what) = found {
                return Err(Error::Damaged {
                    dir,
                    what: what.to_owned(),
                });
            }
            open::prepare(&dir, &shelf)?;
            open::probe(&dir)?;
            Ok(found)
        });
        match looked.await.map_err(|_| Error::Stopping)?? {
            Found::Wiped => self.renew().await,
            _ => self.read_again(Vec::new()).await,
        }
    }

    async fn read_again(&self, first: Vec<Op>) -> Result<(), Error> {
        let (done, answer) = oneshot::channel();
        self.send(Command::Recover(first, done)).await?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    /// Begins anew in an empty directory.
    async fn renew(&self) -> Result<(), Error> {
        let dir = self.options.dir.clone();
        let io = |e: std::io::Error| Error::io("opening", &dir, &dir, &e);
        let held = match &*self.work.lock() {
            Some(work) => work.lock.metadata().map_err(io)?,
            None => return Err(Error::Stopping),
        };
        // The lock file went with everything else, unless only that was spared.
        let spared = std::fs::metadata(dir.join("lock"));
        if !spared.is_ok_and(|found| found.ino() == held.ino()) {
            let asked = dir.clone();
            let lock = tokio::task::spawn_blocking(move || open::lock(&asked));
            let lock = lock.await.map_err(|_| Error::Stopping)??;
            if let Some(work) = &mut *self.work.lock() {
                work.lock = lock;
            }
        }
        let identity = Identity {
            path: Identity::fresh().path,
            ..self.identity()
        };
        self.read_again(vec![Op::put(Table::Info, IDENTITY_KEY, &identity)?])
            .await?;
        *self.identity.lock() = identity;
        *self.presence.lock() = Some(Presence::of(&dir).map_err(io)?);
        Ok(())
    }

    async fn send(&self, command: Command) -> Result<(), Error> {
        let commands = match &*self.work.lock() {
            Some(work) => work.commands.clone(),
            None => return self.shared.online().and(Err(Error::Stopping)),
        };
        commands.send(command).await.map_err(|_| Error::Stopping)
    }

    /// Ends the writer and gives up the lock. Blocks until waiting changes are durable.
    pub fn close(&self) {
        let Some(work) = self.work.lock().take() else {
            return;
        };
        drop(work.commands);
        if work.thread.join().is_err() {
            tracing::error!(dir = %self.options.dir.display(), "the writer of a storage path panicked");
        }
        drop(work.lock);
    }

    /// Who it is.
    pub fn identity(&self) -> Identity {
        self.identity.lock().clone()
    }

    /// Alters who it belongs to, and remembers that.
    ///
    /// # Errors
    /// It could not be made durable.
    pub async fn remember(&self, alter: impl Fn(&mut Identity)) -> Result<(), Error> {
        let mut identity = self.identity();
        alter(&mut identity);
        if identity == self.identity() {
            return Ok(());
        }
        let kept = identity.clone();
        self.change(move |draft| {
            draft.put(Table::Info, IDENTITY_KEY, &kept);
            Ok(())
        })
        .await?;
        alter(&mut self.identity.lock());
        Ok(())
    }

    /// What the frontend is told of it.
    pub fn state(&self) -> PathState {
        let offline = self.shared.online().err();
        let online = offline.is_none();
        let disk = self.shared.shelf.disk().unwrap_or_default();
        let contents = self.shared.contents();
        let trash = contents.trash_bytes;
        let held = self.shared.shelf.used();
        let used = held.saturating_sub(trash);
        let capacity = self.options.capacity.unwrap_or(u64::MAX);
        PathState {
            root: self.options.dir.display().to_string(),
            hash: self.identity().path,
            medium: self.options.medium,
            online,
            why: offline.map(|error| tablet::said(&error.to_string())),
            data_used: used,
            other_used: disk
                .total
                .saturating_sub(disk.available)
                .saturating_sub(used),
            available: match online {
                true => self.shared.shelf.room(disk.available),
                false => 0,
            },
            total: disk.total.min(capacity),
            // What is on a path that does not work can't be used, and is made anew elsewhere.
            tablets: match online {
                true => contents.tablets.len() as u64,
                false => 0,
            },
            trash_used: trash,
        }
    }
}

impl Shared {
    fn new(options: &StoragePath, reserve: u64, log: Arc<Log>) -> Shared {
        let limits = Limits {
            capacity: options.capacity,
            reserve,
        };
        Shared {
            dir: options.dir.clone(),
            shelf: Arc::new(Shelf::new(&options.dir, limits)),
            contents: RwLock::default(),
            offline: RwLock::default(),
            log,
        }
    }

    /// What the path holds now.
    pub fn contents(&self) -> Arc<Contents> {
        self.contents.read().clone()
    }

    /// Shows readers what is durable, and notes the tablets that changed.
    pub fn publish(&self, contents: Contents, touched: &BTreeSet<TabletId>) {
        let new = Arc::new(contents);
        let old = std::mem::replace(&mut *self.contents.write(), new);
        self.log.touch(touched);
        drop(old);
    }

    /// Whether the path works.
    ///
    /// # Errors
    /// Why it does not.
    pub fn online(&self) -> Result<(), Error> {
        match &*self.offline.read() {
            None => Ok(()),
            Some(error) => Err(error.clone()),
        }
    }

    /// Takes the path out of service.
    pub fn go_offline(&self, cause: &Error) {
        tracing::error!(dir = %self.dir.display(), %cause, "a storage path goes offline");
        *self.offline.write() = Some(Error::Offline {
            dir: self.dir.clone(),
            why: cause.to_string(),
        });
        self.touch_all();
    }

    /// Puts the path back into service.
    pub fn go_online(&self) {
        tracing::info!(dir = %self.dir.display(), "a storage path is back");
        *self.offline.write() = None;
        self.touch_all();
    }

    /// All tablets are reported anew: whether they can be read has changed.
    fn touch_all(&self) {
        let touched = self.contents().tablets.keys().copied().collect();
        self.log.touch(&touched);
    }
}
