//! TLS: asked for by SSLRequest, in whatever pieces.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use quorate::config::Config;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use super::client::*;
use super::echo::{PASSWORD, Server};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/wire")
        .join(name)
}

fn server() -> Server {
    let config = quorate::mysql::tls::config(&file("certificate.pem"), &file("key.pem")).unwrap();
    Server::with(Config::default(), Some(config), None)
}

/// Takes any certificate: who the server is, is not the point here.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn tls() -> ClientConnection {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap()
}

fn ssl_request() -> Vec<u8> {
    let mut request = (MODERN | SSL).to_le_bytes().to_vec();
    request.extend((1_u32 << 24).to_le_bytes());
    request.push(45);
    request.extend([0; 23]);
    packet(1, &request)
}

/// Reads the greeting from the bare socket, asks for TLS with `send`, and logs in inside it.
fn through_tls(server: &Server, send: impl FnOnce(&mut dyn Write, &[u8], &[u8])) -> Reply {
    let mut socket = socket(server.addr);
    let mut header = [0; 4];
    socket.read_exact(&mut header).unwrap();
    let mut greeting = vec![0; header[0].into()];
    socket.read_exact(&mut greeting).unwrap();

    let mut connection = tls();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    send(&mut socket, &ssl_request(), &hello);
    // The client is made of a copy of the greeting, then goes on in TLS where the bare socket stopped.
    let replayed = std::io::Cursor::new([&header[..], &greeting].concat());
    let mut client = Client::greet(Box::new(replayed)).unwrap();
    assert_ne!(client.greeting.capabilities & SSL, 0);
    client.stream = Box::new(StreamOwned::new(connection, socket));
    client.expect_from(2);
    let reply = client.log_in("ann", PASSWORD, Some("d"), SHA2, MODERN | SSL);
    assert!(matches!(reply, Reply::Ok { .. }), "{reply:?}");
    client.query("rows 100000")
}

#[test]
fn the_request_may_come_alone_in_pieces_or_with_the_first_record() {
    let server = server();
    type Send = fn(&mut dyn Write, &[u8], &[u8]);
    let pause = || std::thread::sleep(std::time::Duration::from_millis(2));
    let alone: Send = |socket, request, hello| {
        socket.write_all(request).unwrap();
        socket.write_all(hello).unwrap();
    };
    let together: Send = |socket, request, hello| {
        socket.write_all(&[request, hello].concat()).unwrap();
    };
    for send in [alone, together] {
        assert_eq!(through_tls(&server, send).text().len(), 100_000);
    }
    let bytes = through_tls(&server, |socket, request, hello| {
        for byte in request.iter().chain(hello) {
            socket.write_all(&[*byte]).unwrap();
        }
    });
    assert_eq!(bytes.text().len(), 100_000);
    let split = through_tls(&server, |socket, request, hello| {
        socket.write_all(&request[..20]).unwrap();
        pause();
        socket
            .write_all(&[&request[20..], &hello[..7]].concat())
            .unwrap();
        pause();
        socket.write_all(&hello[7..]).unwrap();
    });
    assert_eq!(split.text().len(), 100_000);
}

#[test]
fn a_client_may_stay_without_tls() {
    let server = server();
    assert_eq!(
        Client::root(server.addr, MODERN).query("one").text().len(),
        1
    );
}

#[test]
fn a_plain_log_in_behind_the_request_is_not_taken_for_one() {
    let server = server();
    let mut client = Client::connect(server.addr);
    let response = client.response("root", "", None, SHA2, MODERN);
    let both = [ssl_request(), packet(2, &response), packet(0, b"\x03one")].concat();
    client.stream.write_all(&both).unwrap();
    let mut said = Vec::new();
    let _ = client.stream.read_to_end(&mut said);
    assert!(server.log.lock().is_empty());
    // At most a TLS alert, never an OK packet.
    assert!(said.is_empty() || said[0] == 21, "{said:x?}");
    assert_eq!(
        Client::root(server.addr, MODERN).query("one").text().len(),
        1
    );
}

#[test]
fn a_certificate_that_is_none_is_named() {
    let error = quorate::mysql::tls::config(&file("tls.rs"), &file("none.pem")).unwrap_err();
    assert!(error.to_string().contains("none.pem"), "{error}");
}
