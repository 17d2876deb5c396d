//! A client that knows as little of the protocol as the tests need, and checks every sequence number.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub use super::protocol::*;

/// Anything with bytes both ways.
pub trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

pub struct Client {
    pub stream: Box<dyn Stream>,
    pub greeting: Greeting,
    pub capabilities: u32,
    sequence: u8,
}

impl Client {
    /// Connects and reads the greeting.
    pub fn connect(addr: SocketAddr) -> Client {
        Client::greet(Box::new(socket(addr))).unwrap()
    }

    pub fn greet(stream: Box<dyn Stream>) -> io::Result<Client> {
        let mut client = Client {
            stream,
            greeting: Greeting::default(),
            capabilities: 0,
            sequence: 0,
        };
        let packet = client.read()?;
        client.greeting = parse_greeting(&packet);
        Ok(client)
    }

    /// Logs in as root, who has no password, with these capabilities.
    pub fn root(addr: SocketAddr, capabilities: u32) -> Client {
        let mut client = Client::connect(addr);
        let reply = client.log_in("root", "", None, SHA2, capabilities);
        assert!(matches!(reply, Reply::Ok { .. }), "{reply:?}");
        client
    }

    /// The answer to the log-in; fast-ok is passed over.
    pub fn log_in(
        &mut self,
        user: &str,
        password: &str,
        db: Option<&str>,
        plugin: &str,
        capabilities: u32,
    ) -> Reply {
        let response = self.response(user, password, db, plugin, capabilities);
        self.send(&response).unwrap();
        self.after_proof(password)
    }

    pub fn response(
        &mut self,
        user: &str,
        password: &str,
        db: Option<&str>,
        plugin: &str,
        capabilities: u32,
    ) -> Vec<u8> {
        self.capabilities = capabilities | if db.is_some() { CONNECT_WITH_DB } else { 0 };
        let token = token(plugin, password, &self.greeting.salt);
        let mut response = self.capabilities.to_le_bytes().to_vec();
        response.extend((1_u32 << 24).to_le_bytes());
        response.push(45);
        response.extend([0; 23]);
        response.extend(user.as_bytes());
        response.push(0);
        response.push(u8::try_from(token.len()).unwrap());
        response.extend(token);
        for name in db.into_iter().chain([plugin]) {
            response.extend(name.as_bytes());
            response.push(0);
        }
        response
    }

    /// Reads what follows the proof of a password: an auth switch is followed, fast-ok passed over.
    pub fn after_proof(&mut self, password: &str) -> Reply {
        loop {
            let packet = self.read().unwrap();
            match packet[0] {
                0x01 => assert_eq!(packet, [1, 3]),
                0xfe => {
                    let mut parts = packet[1..].splitn(2, |byte| *byte == 0);
                    let plugin = String::from_utf8(parts.next().unwrap().to_vec()).unwrap();
                    let salt = parts.next().unwrap();
                    let token = token(&plugin, password, &salt[..20]);
                    self.send(&token).unwrap();
                }
                _ => return self.simple(&packet),
            }
        }
    }

    /// Sends a message that continues the exchange.
    pub fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        let bytes = message(self.sequence, payload);
        self.sequence = self.sequence.wrapping_add((payload.len() / FULL + 1) as u8);
        self.stream.write_all(&bytes)
    }

    /// Starts a command.
    pub fn start(&mut self, payload: &[u8]) {
        self.sequence = 0;
        self.send(payload).unwrap();
    }

    /// A command and its answer.
    pub fn command(&mut self, payload: &[u8]) -> Reply {
        self.start(payload);
        self.reply()
    }

    pub fn query(&mut self, text: &str) -> Reply {
        self.command(&[b"\x03", text.as_bytes()].concat())
    }

    /// Lets the next reply be that of a command whose bytes were written by hand.
    pub fn expect_from(&mut self, sequence: u8) {
        self.sequence = sequence;
    }

    /// The next message, whole. Its sequence numbers must follow.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let mut header = [0; 4];
            self.stream.read_exact(&mut header)?;
            let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
            assert_eq!(header[3], self.sequence, "sequence number");
            self.sequence = self.sequence.wrapping_add(1);
            let start = whole.len();
            whole.resize(start + length, 0);
            self.stream.read_exact(&mut whole[start..])?;
            if length < FULL {
                return Ok(whole);
            }
        }
    }

    /// The answer to a command that may have rows.
    pub fn reply(&mut self) -> Reply {
        let first = self.read().unwrap();
        if matches!(first[0], 0 | 0xff) {
            return self.simple(&first);
        }
        let (width, _) = lenenc(&first);
        let columns = self.definitions(width);
        let mut rows = Vec::new();
        loop {
            let packet = self.read().unwrap();
            let ends = packet[0] == 0xff || (packet[0] == 0xfe && packet.len() < 9);
            if ends {
                let end = Box::new(self.simple(&packet));
                return Reply::Rows { columns, rows, end };
            }
            rows.push(packet);
        }
    }

    /// So many definitions, and their EOF where there is one.
    pub fn definitions(&mut self, width: usize) -> Vec<Vec<u8>> {
        let columns = (0..width).map(|_| self.read().unwrap()).collect();
        if self.capabilities & DEPRECATE_EOF == 0 && width > 0 {
            let eof = self.read().unwrap();
            assert_eq!((eof[0], eof.len()), (0xfe, 5));
        }
        columns
    }

    pub fn simple(&self, packet: &[u8]) -> Reply {
        let number = |at: usize| u16::from_le_bytes([packet[at], packet[at + 1]]);
        match packet[0] {
            0xff => {
                assert_eq!(packet[3], b'#');
                Reply::Err {
                    code: number(1),
                    state: String::from_utf8(packet[4..9].to_vec()).unwrap(),
                    message: String::from_utf8(packet[9..].to_vec()).unwrap(),
                }
            }
            0xfe if packet.len() == 5 => Reply::Ok {
                affected: 0,
                status: number(3),
                warnings: number(1),
            },
            0 | 0xfe => {
                let (affected, used) = lenenc(&packet[1..]);
                let (_, id) = lenenc(&packet[1 + used..]);
                let at = 1 + used + id;
                assert_eq!(packet.len(), at + 4, "something follows the warnings");
                Reply::Ok {
                    affected: affected as u64,
                    status: number(at),
                    warnings: number(at + 2),
                }
            }
            _ => panic!("neither OK nor ERR: {packet:x?}"),
        }
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(read) => read == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

pub fn socket(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(addr).unwrap();
    stream.set_nodelay(true).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream.set_write_timeout(patience).unwrap();
    stream
}
