//! Log-in over HTTP: `Authorization: Basic`, against the same accounts as the MySQL listener.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::catalog::state::{Catalog, ROOT};
use crate::catalog::user::Verifier;
use crate::code::{Code, Failure};
use crate::door::{Checked, Users};
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
pub struct Accounts(pub Handle);

impl Users for Accounts {
    fn check<'a>(&'a self, headers: &'a HeaderMap, or_root: bool) -> Checked<'a> {
        let view = self.0.view();
        let known = match or_root {
            true => user_or_root(&view.catalog, headers),
            false => user(&view.catalog, headers),
        };
        Box::pin(async move { known.map(drop) })
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

    use super::*;
    use crate::catalog::user::User;
    use crate::ids::UserId;

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
}
