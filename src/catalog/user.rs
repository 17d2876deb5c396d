//! A user account and what proves its password.

use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::ids::UserId;

/// A user account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Identity; never given twice.
    pub id: UserId,
    /// Name; compared with case.
    pub name: String,
    /// What the log-in is checked against.
    pub password: Verifier,
}

/// What is kept of a password: enough for both plugins' fast paths, never the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verifier {
    /// No password: log-in with an empty one.
    Empty,
    /// The stage-two hashes.
    Hashed {
        /// SHA1(SHA1(password)), for mysql_native_password.
        native: [u8; 20],
        /// SHA256(SHA256(password)), for caching_sha2_password.
        sha2: [u8; 32],
    },
}

impl Verifier {
    /// What is kept of `password`.
    pub fn of(password: &str) -> Verifier {
        if password.is_empty() {
            return Verifier::Empty;
        }
        Verifier::Hashed {
            native: Sha1::digest(Sha1::digest(password)).into(),
            sha2: Sha256::digest(Sha256::digest(password)).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_native_hash_is_the_one_that_mysql_prints() {
        let Verifier::Hashed { native, .. } = Verifier::of("password") else {
            panic!("a password has hashes");
        };
        let hex: String = native.iter().map(|b| format!("{b:02X}")).collect();
        assert_eq!(hex, "2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
        assert_eq!(Verifier::of(""), Verifier::Empty);
    }
}
