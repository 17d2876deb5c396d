//! The listener's certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::code::{Code, Coded};

/// Why TLS can't be offered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read as PEM.
    #[error("can't read {what} from {path}: {source}")]
    Pem {
        /// What should be in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key can't be used together.
    #[error("certificate {certificate} and key {key} can't be used: {source}")]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
}

impl Coded for Error {
    fn code(&self) -> Code {
        Code::UNKNOWN
    }
}

/// TLS with the certificate chain and the private key of two PEM files.
pub fn config(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, Error> {
    let pem = |what, path: &Path, source| Error::Pem {
        what,
        path: path.to_owned(),
        source,
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| pem("certificates", certificate, source))?;
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|source| pem("a private key", key, source))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private)
        })
        .map(Arc::new)
        .map_err(|source| Error::Unusable {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            source,
        })
}
