//! Proof of a password, by the two plugins that are spoken. The verifiers are such that both need one round only:
//! for caching_sha2_password the "cache" never misses, so that neither TLS nor an RSA key is asked for.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::catalog::user::Verifier;

/// Bytes of the random challenge.
pub const SALT: usize = 20;

/// An authentication plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// SHA-1; older clients.
    Native,
    /// SHA-256; what the greeting offers, and what a client with any other plugin is asked to switch to.
    CachingSha2,
}

impl Plugin {
    /// The plugin called so, if it is spoken here.
    pub fn named(name: &[u8]) -> Option<Plugin> {
        [Plugin::Native, Plugin::CachingSha2]
            .into_iter()
            .find(|plugin| plugin.name().as_bytes() == name)
    }

    /// Its name in the protocol.
    pub fn name(self) -> &'static str {
        match self {
            Plugin::Native => "mysql_native_password",
            Plugin::CachingSha2 => "caching_sha2_password",
        }
    }
}

/// Whether a client sent a password at all; caching_sha2_password says "none" by one NUL.
pub fn is_empty(token: &[u8]) -> bool {
    matches!(token, [] | [0])
}

/// Whether `token` proves the password behind `verifier`. A user that does not exist has none.
pub fn proves(
    verifier: Option<&Verifier>,
    plugin: Plugin,
    salt: &[u8; SALT],
    token: &[u8],
) -> bool {
    match (verifier, plugin) {
        (Some(Verifier::Empty), _) => is_empty(token),
        (Some(Verifier::Hashed { native, .. }), Plugin::Native) => {
            let mask = Sha1::new().chain_update(salt).chain_update(native);
            let stage1 = xor(token, mask.finalize().into());
            stage1.is_some_and(|stage1: [u8; 20]| same(&Sha1::digest(stage1), native))
        }
        (Some(Verifier::Hashed { sha2, .. }), Plugin::CachingSha2) => {
            let mask = Sha256::new().chain_update(sha2).chain_update(salt);
            let stage1 = xor(token, mask.finalize().into());
            stage1.is_some_and(|stage1: [u8; 32]| same(&Sha256::digest(stage1), sha2))
        }
        (None, _) => false,
    }
}

fn xor<const N: usize>(token: &[u8], mask: [u8; N]) -> Option<[u8; N]> {
    let mut bytes: [u8; N] = token.try_into().ok()?;
    bytes.iter_mut().zip(mask).for_each(|(byte, m)| *byte ^= m);
    Some(bytes)
}

/// Compares in a time that does not tell where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// A challenge without NUL and without `$`, which some clients take for an end.
pub fn salt() -> [u8; SALT] {
    let mut salt: [u8; SALT] = rand::random();
    for byte in &mut salt {
        *byte = match *byte & 0x7f {
            0 | b'$' => b'#',
            other => other,
        };
    }
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(password: &str) -> Verifier {
        Verifier::Hashed {
            native: Sha1::digest(Sha1::digest(password)).into(),
            sha2: Sha256::digest(Sha256::digest(password)).into(),
        }
    }

    fn native(password: &str, salt: &[u8]) -> Vec<u8> {
        let stage1: [u8; 20] = Sha1::digest(password).into();
        let mask = Sha1::digest([salt, &Sha1::digest(stage1)].concat());
        stage1.iter().zip(mask).map(|(a, b)| a ^ b).collect()
    }

    fn sha2(password: &str, salt: &[u8]) -> Vec<u8> {
        let stage1: [u8; 32] = Sha256::digest(password).into();
        let mask = Sha256::digest([&Sha256::digest(stage1), salt].concat());
        stage1.iter().zip(mask).map(|(a, b)| a ^ b).collect()
    }

    #[test]
    fn only_the_right_password_proves_itself() {
        let salt = salt();
        let user = verifier("secret");
        for (plugin, token) in [
            (Plugin::Native, native("secret", &salt)),
            (Plugin::CachingSha2, sha2("secret", &salt)),
        ] {
            assert!(proves(Some(&user), plugin, &salt, &token));
            assert!(!proves(None, plugin, &salt, &token));
            assert!(!proves(Some(&Verifier::Empty), plugin, &salt, &token));
            assert!(!proves(Some(&user), plugin, &[1; SALT], &token));
            assert!(!proves(Some(&user), plugin, &salt, b""));
            assert!(!proves(Some(&user), plugin, &salt, &token[1..]));
        }
        assert!(!proves(
            Some(&user),
            Plugin::Native,
            &salt,
            &native("Secret", &salt)
        ));
        assert!(proves(
            Some(&Verifier::Empty),
            Plugin::CachingSha2,
            &salt,
            &[0]
        ));
    }
}
