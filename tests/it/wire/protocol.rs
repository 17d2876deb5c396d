//! The protocol's numbers and forms, as a client sees them; written apart from those of the server.

use sha1::{Digest, Sha1};
use sha2::Sha256;

pub const LONG_PASSWORD: u32 = 1;
pub const CONNECT_WITH_DB: u32 = 8;
pub const PROTOCOL_41: u32 = 0x200;
pub const SSL: u32 = 0x800;
pub const SECURE_CONNECTION: u32 = 0x8000;
pub const MULTI_STATEMENTS: u32 = 0x1_0000;
pub const PLUGIN_AUTH: u32 = 0x8_0000;
pub const SESSION_TRACK: u32 = 0x80_0000;
pub const DEPRECATE_EOF: u32 = 0x100_0000;
/// What a plain client of today says.
pub const MODERN: u32 =
    LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH | DEPRECATE_EOF;

pub const FULL: usize = 0xff_ffff;

pub const NATIVE: &str = "mysql_native_password";
pub const SHA2: &str = "caching_sha2_password";

#[derive(Debug, Default, Clone)]
pub struct Greeting {
    pub version: String,
    pub id: u32,
    pub salt: Vec<u8>,
    pub capabilities: u32,
    pub charset: u8,
    pub status: u16,
    pub plugin: String,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Ok {
        affected: u64,
        status: u16,
        warnings: u16,
    },
    Err {
        code: u16,
        state: String,
        message: String,
    },
    /// Definitions and rows as bytes, and how it ended.
    Rows {
        columns: Vec<Vec<u8>>,
        rows: Vec<Vec<u8>>,
        end: Box<Reply>,
    },
}

impl Reply {
    pub fn code(&self) -> u16 {
        match self {
            Reply::Err { code, .. } => *code,
            Reply::Rows { end, .. } => end.code(),
            Reply::Ok { .. } => 0,
        }
    }

    pub fn status(&self) -> u16 {
        match self {
            Reply::Ok { status, .. } => *status,
            Reply::Rows { end, .. } => end.status(),
            Reply::Err { .. } => panic!("an error has no status: {self:?}"),
        }
    }

    /// The values of text rows; `None` is NULL.
    pub fn text(&self) -> Vec<Vec<Option<String>>> {
        let Reply::Rows { rows, .. } = self else {
            panic!("no rows: {self:?}")
        };
        rows.iter().map(|row| split_text(row)).collect()
    }
}

fn split_text(mut row: &[u8]) -> Vec<Option<String>> {
    let mut values = Vec::new();
    while !row.is_empty() {
        if row[0] == 0xfb {
            values.push(None);
            row = &row[1..];
            continue;
        }
        let (length, used) = lenenc(row);
        let value = &row[used..used + length];
        values.push(Some(String::from_utf8(value.to_vec()).unwrap()));
        row = &row[used + length..];
    }
    values
}

pub fn lenenc(bytes: &[u8]) -> (usize, usize) {
    let number = |n: usize| {
        bytes[1..=n]
            .iter()
            .rev()
            .fold(0, |all, byte| all << 8 | usize::from(*byte))
    };
    match bytes[0] {
        0xfc => (number(2), 3),
        0xfd => (number(3), 4),
        0xfe => (number(8), 9),
        short => (short.into(), 1),
    }
}

/// A packet with its header.
pub fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_le_bytes()[..3].to_vec();
    bytes.push(sequence);
    bytes.extend(payload);
    bytes
}

/// A message in as many packets as it needs.
pub fn message(mut sequence: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(payload.len() + 16);
    let mut rest = payload;
    loop {
        let (part, behind) = rest.split_at(rest.len().min(FULL));
        bytes.extend(packet(sequence, part));
        if part.len() < FULL {
            return bytes;
        }
        sequence = sequence.wrapping_add(1);
        rest = behind;
    }
}

/// The proof of a password.
pub fn token(plugin: &str, password: &str, salt: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let xor = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a ^ b).collect();
    match plugin {
        NATIVE => {
            let stage1 = Sha1::digest(password);
            let mask = Sha1::digest([salt, &Sha1::digest(stage1)].concat());
            xor(&stage1, &mask)
        }
        SHA2 => {
            let stage1 = Sha256::digest(password);
            let mask = Sha256::digest([&Sha256::digest(stage1), salt].concat());
            xor(&stage1, &mask)
        }
        _ => b"of another plugin".to_vec(),
    }
}

pub fn parse_greeting(packet: &[u8]) -> Greeting {
    assert_eq!(packet[0], 10);
    let end = 1 + packet[1..].iter().position(|byte| *byte == 0).unwrap();
    let rest = &packet[end + 1..];
    let number = |at: usize| u16::from_le_bytes([rest[at], rest[at + 1]]);
    let mut salt = rest[4..12].to_vec();
    salt.extend(&rest[31..43]);
    Greeting {
        version: String::from_utf8(packet[1..end].to_vec()).unwrap(),
        id: u32::from_le_bytes(rest[..4].try_into().unwrap()),
        salt,
        capabilities: u32::from(number(13)) | u32::from(number(18)) << 16,
        charset: rest[15],
        status: number(16),
        plugin: String::from_utf8(rest[44..rest.len() - 1].to_vec()).unwrap(),
    }
}
