//! Log-in over HTTP: `Authorization: Basic`, against the same accounts as the MySQL listener.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::catalog::state::{Catalog, ROOT};
use crate::catalog::user::Verifier;
use crate::code::{Code, Failure};
use crate::door::{Caller, Checked, Users};
use crate::frontend::guesses::Guesses;
use crate::leader::handle::Handle;

/// The name of the user who sent `headers`.
///
/// # Errors
/// 401 without a user, for an unknown one, and for a wrong password; the last two sound the same.
pub fn user(catalog: &Catalog, headers: &HeaderMap) -> Result<String, Failure> {
    let Some((name, password)) = basic(headers) else {
        return Err(denied(
            "log in with Authorization: Basic (curl -u user:password)",
        ));
    };
    match catalog.users.get(&name) {
        Some(user) if accepts(&user.password, &password) => Ok(name),
        _ => Err(denied(format!("Access denied for user '{name}'"))),
    }
}

/// The same, where a client that names nobody is taken for `root`: it gets in as long as root has no password, as it
/// would with an empty one. The calls of other systems that are served here are documented without a log-in.
///
/// # Errors
/// As [`user`].
pub fn user_or_root(catalog: &Catalog, headers: &HeaderMap) -> Result<String, Failure> {
    let open = catalog
        .users
        .get(ROOT)
        .is_some_and(|root| root.password == Verifier::Empty);
    match open && !headers.contains_key(AUTHORIZATION) {
        true => Ok(ROOT.to_owned()),
        false => user(catalog, headers),
    }
}

/// The accounts of the cluster, for a frontend's doors.
#[derive(Clone)]
pub struct Accounts {
    /// Knows the accounts.
    pub leader: Handle,
    /// Wrong passwords, whichever listener they came to.
    pub guesses: Guesses,
}

impl Accounts {
    /// The name of the user who sent `headers` from `peer`, as [`user`] and [`user_or_root`] tell it, but after a wrong password
    /// not at once.
    ///
    /// # Errors
    /// As [`user`]; others from there wait already.
    pub async fn log_in(
        &self,
        headers: &HeaderMap,
        peer: IpAddr,
        or_root: bool,
    ) -> Result<String, Failure> {
        let known = || {
            let view = self.leader.view();
            match or_root {
                true => user_or_root(&view.catalog, headers),
                false => user(&view.catalog, headers),
            }
        };
        let Some((name, _)) = basic(headers) else {
            return known();
        };
        let longest = Duration::from_millis(self.leader.config().failed_login_delay_max_ms);
        let turn = self.guesses.turn(&name, peer, longest).await;
        turn.map_err(|many| many.refusal(&name, peer))?;
        let known = known();
        match &known {
            Ok(_) => self.guesses.right(&name, peer),
            Err(_) => self.guesses.wrong(&name, peer, longest),
        }
        known
    }
}

impl Users for Accounts {
    fn check<'a>(&'a self, caller: Caller<'a>, or_root: bool) -> Checked<'a> {
        Box::pin(async move {
            let known = self.log_in(caller.headers, caller.peer, or_root).await;
            known.map(drop)
        })
    }
}

fn denied(message: impl Into<String>) -> Failure {
    Failure::new(Code::ACCESS_DENIED, message)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Whether `password` is the one that `verifier` was made of.
fn accepts(verifier: &Verifier, password: &str) -> bool {
    match verifier {
        Verifier::Empty => password.is_empty(),
        Verifier::Hashed { native, sha2 } => {
            let stage_two: [u8; 20] = Sha1::digest(Sha1::digest(password)).into();
            let fast: [u8; 32] = Sha256::digest(Sha256::digest(password)).into();
            same(&stage_two, native) & same(&fast, sha2)
        }
    }
}

/// Whether two secrets are equal, in a time that does not tell where they differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::catalog::user::User;
    use crate::clock::SystemClock;
    use crate::ids::UserId;
    use crate::proc::testing;

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        let password = Verifier::Hashed {
            native: Sha1::digest(Sha1::digest("se:cret")).into(),
            sha2: Sha256::digest(Sha256::digest("se:cret")).into(),
        };
        for (name, password) in [("root", Verifier::Empty), ("ada", password)] {
            let user = User {
                id: UserId(1),
                name: name.to_owned(),
                password,
            };
            catalog.users.insert(name.to_owned(), Arc::new(user));
        }
        catalog
    }

    fn login(header: &str) -> Result<String, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        user(&catalog(), &headers).map_err(|failure| failure.code.http)
    }

    #[test]
    fn the_password_must_be_the_users() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(login(&basic("root:")), Ok("root".to_owned()));
        assert_eq!(login(&basic("ada:se:cret")), Ok("ada".to_owned()));
        for wrong in ["root:x", "ada:", "ada:secret", "eve:", "root"] {
            assert_eq!(login(&basic(wrong)), Err(401), "{wrong}");
        }
        assert_eq!(login("Basic ?"), Err(401));
        assert_eq!(login("Bearer x"), Err(401));
        assert!(user(&catalog(), &HeaderMap::new()).is_err());
    }

    #[test]
    fn who_names_nobody_is_root_as_long_as_root_has_no_password() {
        let mut catalog = catalog();
        let nobody = HeaderMap::new();
        assert_eq!(user_or_root(&catalog, &nobody), Ok("root".to_owned()));
        let mut wrong = HeaderMap::new();
        wrong.insert(AUTHORIZATION, "Basic ?".parse().unwrap());
        assert!(user_or_root(&catalog, &wrong).is_err());
        let ada = catalog.users["ada"].password.clone();
        let root = User {
            id: UserId(1),
            name: "root".to_owned(),
            password: ada,
        };
        catalog.users.insert("root".to_owned(), Arc::new(root));
        assert!(user_or_root(&catalog, &nobody).is_err());
    }

    #[tokio::test]
    async fn a_wrong_password_slows_the_next_try_of_that_user_from_that_address() {
        let mut view = testing::view();
        view.catalog.users = catalog().users;
        let (requests, _asked) = mpsc::channel(1);
        let (_views, views) = watch::channel(Arc::new(view));
        let accounts = Accounts {
            leader: Handle::new(requests, views, Arc::new(SystemClock::new())),
            guesses: Guesses::default(),
        };
        let [here, there] = [1, 2].map(|last| IpAddr::from([10, 0, 0, last]));
        let log_in = async |text: &str, peer| {
            let mut headers = HeaderMap::new();
            let basic = format!("Basic {}", STANDARD.encode(text));
            headers.insert(AUTHORIZATION, basic.parse().unwrap());
            let began = Instant::now();
            let known = accounts.log_in(&headers, peer, false).await;
            (known.is_ok(), began.elapsed().as_millis() >= 190)
        };
        assert_eq!(log_in("ada:wrong", here).await, (false, false));
        assert_eq!(log_in("ada:wrong", here).await, (false, true));
        assert_eq!(log_in("ada:se:cret", there).await, (true, false));
        assert_eq!(log_in("root:", here).await, (true, false));
        assert_eq!(log_in("ada:se:cret", here).await, (true, true));
        assert_eq!(log_in("ada:se:cret", here).await, (true, false));
    }
}
