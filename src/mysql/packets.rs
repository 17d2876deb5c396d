//! The packets that the gate writes itself, without their headers.

use opensrv_mysql::StatusFlags;

use crate::code::Failure;
use crate::mysql::bytes::put_lenenc;

/// First byte of OK.
pub const OK: u8 = 0x00;
/// First byte of ERR.
pub const ERR: u8 = 0xff;
/// First byte of EOF, of the OK that ends rows, and of AuthSwitchRequest.
pub const EOF: u8 = 0xfe;
/// "The fast path of caching_sha2_password succeeded."
pub const FAST_AUTH_OK: [u8; 2] = [0x01, 0x03];
/// What is said to a client that is told nothing but that its packet is wrong.
const MESSAGE_MAX: usize = 64 << 10;

/// OK. `info` stays empty: PHP loses its place otherwise.
pub fn ok(affected: u64, status: StatusFlags, warnings: u16) -> Vec<u8> {
    ok_with(OK, affected, status, warnings)
}

/// The end of rows, or of column definitions: OK for clients that know DEPRECATE_EOF, else EOF.
pub fn end(deprecate_eof: bool, status: StatusFlags, warnings: u16) -> Vec<u8> {
    if deprecate_eof {
        ok_with(EOF, 0, status, warnings)
    } else {
        eof(status, warnings)
    }
}

/// EOF, which ends COM_FIELD_LIST and COM_SET_OPTION for every client.
pub fn eof(status: StatusFlags, warnings: u16) -> Vec<u8> {
    let mut packet = vec![EOF];
    packet.extend(warnings.to_le_bytes());
    packet.extend(status.bits().to_le_bytes());
    packet
}

/// ERR.
pub fn err(failure: &Failure) -> Vec<u8> {
    let mut packet = vec![ERR];
    packet.extend(failure.code.mysql.to_le_bytes());
    packet.push(b'#');
    packet.extend(failure.code.sqlstate.as_bytes());
    let message = failure.message.as_bytes();
    packet.extend_from_slice(message.get(..MESSAGE_MAX).unwrap_or(message));
    packet
}

/// AuthSwitchRequest.
pub fn auth_switch(plugin: &str, salt: &[u8]) -> Vec<u8> {
    let mut packet = vec![EOF];
    packet.extend(plugin.as_bytes());
    packet.push(0);
    packet.extend(salt);
    packet.push(0);
    packet
}

/// COM_STMT_PREPARE_OK, the first packet of the answer.
pub fn prepared(id: u32, columns: u16, params: u16, warnings: u16) -> Vec<u8> {
    let mut packet = vec![OK];
    packet.extend(id.to_le_bytes());
    packet.extend(columns.to_le_bytes());
    packet.extend(params.to_le_bytes());
    packet.push(0);
    packet.extend(warnings.to_le_bytes());
    packet
}

fn ok_with(header: u8, affected: u64, status: StatusFlags, warnings: u16) -> Vec<u8> {
    let mut packet = vec![header];
    put_lenenc(&mut packet, affected);
    put_lenenc(&mut packet, 0);
    packet.extend(status.bits().to_le_bytes());
    packet.extend(warnings.to_le_bytes());
    packet
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn packets_are_those_of_the_protocol() {
        let status = StatusFlags::SERVER_STATUS_AUTOCOMMIT;
        assert_eq!(ok(300, status, 1), [0, 0xfc, 0x2c, 1, 0, 2, 0, 1, 0]);
        assert_eq!(end(true, status, 0), [0xfe, 0, 0, 2, 0, 0, 0]);
        assert_eq!(end(false, status, 3), [0xfe, 3, 0, 2, 0]);
        let failure = Failure::new(Code::QUORUM, "no");
        assert_eq!(err(&failure), b"\xff\xac\x16#HY000no");
    }
}
