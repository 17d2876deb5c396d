//! Input that must be on disk before it can be read: a file without a name, which goes when it is closed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::load::body::Body;
use crate::load::error::Error;

/// Writes all of `body` to a nameless file in `dir` and returns it, at its start. Blocks.
pub fn spool(mut body: Body, dir: &Path) -> Result<File, Error> {
    let failed = |error: io::Error| Error::Input(format!("spooling in {}: {error}", dir.display()));
    let mut file = nameless(dir).map_err(failed)?;
    while let Some(piece) = body.take()? {
        file.write_all(&piece).map_err(failed)?;
    }
    file.rewind().map_err(failed)?;
    Ok(file)
}

fn nameless(dir: &Path) -> io::Result<File> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    let path = dir.join(format!("spool-{:032x}", rand::random::<u128>()));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    // Without a name from now on: a crash leaves nothing.
    fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use bytes::Bytes;

    use super::*;
    use crate::load::body::Compression;
    use crate::load::feed::{Feed, feed};

    fn body(feed: Feed<Bytes>) -> Body {
        Body::new(feed, Compression::None, false).unwrap()
    }

    #[test]
    fn what_was_fed_is_read_back_and_leaves_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let (writer, reader) = feed(4);
        writer.push(Bytes::from_static(b"ab")).unwrap();
        writer.push(Bytes::from_static(b"c")).unwrap();
        writer.close();
        let mut text = String::new();
        let mut file = spool(body(reader), dir.path()).unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let (writer, reader) = feed::<Bytes>(4);
        drop(writer);
        assert!(spool(body(reader), dir.path()).is_err());
    }
}
