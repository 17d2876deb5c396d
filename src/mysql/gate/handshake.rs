//! What a client says of itself: SSLRequest, HandshakeResponse41, and COM_CHANGE_USER, which is much like it.

use opensrv_mysql::CapabilityFlags as Flags;

use crate::mysql::bytes::Reader;
use crate::mysql::capabilities::{INNER, agreed};
use crate::mysql::columns;
use crate::mysql::error::Error;

/// Bytes of SSLRequest: a handshake response that stops before the user.
const SSL_REQUEST: usize = 32;

/// Who wants to log in, and how that is proved.
#[derive(Debug, PartialEq, Eq)]
pub struct Login {
    /// User name.
    pub user: String,
    /// Proof of the password.
    pub token: Vec<u8>,
    /// Database to begin in.
    pub db: Option<String>,
    /// The plugin that the proof is for; `None` from clients that know only one.
    pub plugin: Option<Vec<u8>>,
}

/// Whether this is an SSLRequest.
pub fn is_ssl_request(packet: &[u8]) -> bool {
    let bits = Reader::new(packet).u32().unwrap_or_default();
    packet.len() == SSL_REQUEST && Flags::from_bits_truncate(bits).contains(Flags::CLIENT_SSL)
}

/// Reads a HandshakeResponse41: what both sides speak, and the log-in.
pub fn response(packet: &[u8], tls: bool) -> Result<(Flags, Login), Error> {
    let mut reader = Reader::new(packet);
    let bits = reader.u32().ok_or(Error::Handshake("it is cut off"))?;
    let flags = agreed(bits, tls);
    if !flags.contains(Flags::CLIENT_PROTOCOL_41.union(Flags::CLIENT_SECURE_CONNECTION)) {
        return Err(Error::Handshake(
            "clients older than MySQL 4.1 are not served",
        ));
    }
    let login = (|| {
        // Largest packet, character set, filler.
        reader.take(4 + 1 + 23)?;
        let user = reader.nul_bytes()?;
        let token = if flags.contains(Flags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) {
            reader.lenenc_bytes()?
        } else {
            let length = reader.u8()?;
            reader.take(length.into())?
        };
        let db = match flags.contains(Flags::CLIENT_CONNECT_WITH_DB) {
            true => reader.nul_or_rest(),
            false => b"",
        };
        let plugin = flags
            .contains(Flags::CLIENT_PLUGIN_AUTH)
            .then(|| reader.nul_or_rest());
        Some((user, token, db, plugin))
    })();
    let login = login.ok_or(Error::Handshake("it is cut off"))?;
    Ok((flags, checked(login)?))
}

/// Reads the body of COM_CHANGE_USER.
pub fn change_user(body: &[u8], flags: Flags) -> Result<Login, Error> {
    let mut reader = Reader::new(body);
    let login = (|| {
        let user = reader.nul_bytes()?;
        let length = reader.u8()?;
        let token = reader.take(length.into())?;
        let db = reader.nul_or_rest();
        // Character set; old clients stop before it.
        reader.u16();
        let plugin = (flags.contains(Flags::CLIENT_PLUGIN_AUTH) && !reader.is_empty())
            .then(|| reader.nul_or_rest());
        Some((user, token, db, plugin))
    })();
    checked(login.ok_or(Error::Handshake("it is cut off"))?)
}

type Parts<'a> = (&'a [u8], &'a [u8], &'a [u8], Option<&'a [u8]>);

fn checked((user, token, db, plugin): Parts<'_>) -> Result<Login, Error> {
    let text = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec());
        text.map_err(|_| Error::Handshake("a name in it is not UTF-8"))
    };
    if token.len() > usize::from(u8::MAX) {
        return Err(Error::Handshake("the proof of the password is too long"));
    }
    Ok(Login {
        user: text(user)?,
        token: token.to_vec(),
        db: Some(text(db)?).filter(|db| !db.is_empty()),
        plugin: plugin.map(<[u8]>::to_vec),
    })
}

/// The same log-in in the one form that the crate is given.
pub fn canonical(login: &Login, plugin: &str) -> Vec<u8> {
    let mut flags = INNER;
    flags.set(Flags::CLIENT_CONNECT_WITH_DB, login.db.is_some());
    let mut packet = Vec::with_capacity(128);
    packet.extend(flags.bits().to_le_bytes());
    packet.extend(u32::MAX.to_le_bytes());
    packet.extend(columns::TEXT.to_le_bytes().into_iter().take(1));
    packet.extend([0; 23]);
    packet.extend(login.user.as_bytes());
    packet.push(0);
    // Checked to fit when it was read; a proof after a switch has a fixed length or proves nothing.
    let token = login
        .token
        .get(..usize::from(u8::MAX))
        .unwrap_or(&login.token);
    packet.push(u8::try_from(token.len()).unwrap_or(u8::MAX));
    packet.extend(token);
    if let Some(db) = &login.db {
        packet.extend(db.as_bytes());
        packet.push(0);
    }
    packet.extend(plugin.as_bytes());
    packet.push(0);
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login {
            user: "ann".into(),
            token: vec![7; 20],
            db: Some("d".into()),
            plugin: Some(b"mysql_native_password".to_vec()),
        }
    }

    #[test]
    fn what_the_crate_is_given_reads_as_the_same_log_in() {
        let packet = canonical(&login(), "mysql_native_password");
        let (flags, read) = response(&packet, false).unwrap();
        assert!(flags.contains(Flags::CLIENT_DEPRECATE_EOF));
        assert_eq!(read, login());
    }

    #[test]
    fn a_cut_handshake_is_an_error_at_every_length() {
        let packet = canonical(&login(), "mysql_native_password");
        let user_end = 4 + 4 + 1 + 23 + 4;
        for length in 0..user_end + 21 {
            assert!(response(&packet[..length], false).is_err(), "{length}");
        }
    }
}
