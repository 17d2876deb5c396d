//! The data directory: first start, second process, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use quorate::store::epochs::Epochs;
use quorate::store::error::Error;
use quorate::store::identity::DataDir;
use quorate::store::journal::Journal;

use super::record;

fn refusal(dir: &Path) -> Error {
    DataDir::open(dir).err().expect("the directory is refused")
}

#[test]
fn identity_is_made_once_and_the_epoch_grows() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("a/b");
    let (mut first, journal) = DataDir::open(&dir).unwrap();
    assert_eq!(first.begin(0).unwrap(), 1);
    let (id, token) = (first.identity().clone(), first.token().to_owned());
    assert!(id.cluster_id > 0 && id.cluster_id <= i32::MAX as u64);
    assert_eq!(token.len(), 64);
    let mode = fs::metadata(dir.join("cluster.token"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    drop((first, journal));

    let (mut again, _journal) = DataDir::open(&dir).unwrap();
    assert_eq!(again.identity(), &id);
    assert_eq!(again.token(), token);
    assert_eq!(again.begin(0).unwrap(), 2);
}

#[test]
fn a_second_user_of_the_directory_is_told_the_pid_of_the_first() {
    let tmp = tempfile::tempdir().unwrap();
    let _held = DataDir::open(tmp.path()).unwrap();
    let pid = std::process::id();
    let dir = tmp.path().to_owned();
    let refused = refusal(&dir);
    assert_eq!(
        refused,
        Error::Locked {
            dir,
            pid: Some(pid)
        }
    );
    assert!(refused.to_string().contains(&format!("(pid {pid})")));
}

#[test]
fn a_file_in_place_of_the_directory_is_refused() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("data");
    fs::write(&dir, "hello").unwrap();
    let text = refusal(&dir).to_string();
    assert!(text.contains(dir.to_str().unwrap()), "{text}");
    assert_eq!(fs::read(&dir).unwrap(), b"hello");
}

#[test]
fn a_token_that_others_can_read_is_refused() {
    let tmp = tempfile::tempdir().unwrap();
    drop(DataDir::open(tmp.path()).unwrap());
    let token = tmp.path().join("cluster.token");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = refusal(tmp.path());
    assert!(matches!(refused, Error::Denied { .. }), "{refused}");
    assert!(refused.to_string().contains("chmod 600"), "{refused}");
}

#[test]
fn nothing_lost_is_made_anew() {
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path();
    let (data, mut journal) = DataDir::open(dir).unwrap();
    journal.append(&[record(1)]).unwrap();
    drop((data, journal));
    for name in ["identity", "cluster.token", "journal.redb"] {
        let kept = dir.join("kept");
        fs::rename(dir.join(name), &kept).unwrap();
        let refused = refusal(dir);
        assert!(
            matches!(refused, Error::Missing { .. }),
            "{name}: {refused}"
        );
        assert!(refused.to_string().contains(name), "{name}: {refused}");
        assert!(!dir.join(name).exists(), "{name} was made anew");
        fs::write(dir.join(name), "").unwrap();
        let refused = refusal(dir);
        assert!(
            matches!(refused, Error::Denied { .. } | Error::Damaged { .. }),
            "{refused}"
        );
        fs::rename(&kept, dir.join(name)).unwrap();
    }
    let (_, journal) = DataDir::open(dir).unwrap();
    assert_eq!(journal.extent().last, 1);
}

#[test]
fn an_altered_identity_is_refused() {
    let tmp = tempfile::tempdir().unwrap();
    drop(DataDir::open(tmp.path()).unwrap());
    let path = tmp.path().join("identity");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("epoch=0", "epoch=7")).unwrap();
    let refused = refusal(tmp.path());
    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
}

#[test]
fn a_journal_that_has_lost_its_end_is_refused() {
    let tmp = tempfile::tempdir().unwrap();
    let path = tmp.path().join("journal.redb");
    let (data, mut journal) = DataDir::open(tmp.path()).unwrap();
    journal.append(&[record(1)]).unwrap();
    drop((data, journal));
    let old = fs::read(&path).unwrap();
    let (mut data, mut journal) = DataDir::open(tmp.path()).unwrap();
    journal.append(&[record(2)]).unwrap();
    data.rest(2).unwrap();
    drop((data, journal));
    fs::write(&path, &old).unwrap();
    let refused = refusal(tmp.path());
    assert!(matches!(refused, Error::Damaged { .. }), "{refused}");
    assert!(
        refused
            .to_string()
            .contains("ends at record 1 and had record 2"),
        "{refused}"
    );
    assert!(fs::read(&path).unwrap() == old, "the file changed");
}
