//! A proxy that speaks TLS with a certificate of a private authority, in front of a server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::TestServer;

/// The proxy; its thread ends with the process.
pub(crate) struct TlsProxy {
    /// Where it listens, as a URL.
    pub(crate) address: String,
    /// The authority's certificate, PEM.
    pub(crate) authority: String,
}

impl TlsProxy {
    /// Starts a proxy in front of `server`.
    pub(crate) fn before(server: &TestServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("https://localhost:{}", listener.local_addr().expect("bound").port());
        let (authority, config) = certificates();
        let behind = server.address().to_owned();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that doesn't trust the certificate hangs up.
                let _ = relay(stream, &config, &behind);
            }
        });
        Self { address, authority }
    }
}

fn certificates() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("a certificate").pem();
    let own_key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let own = own.signed_by(&own_key, &Issuer::new(params, key)).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], PrivateKeyDer::Pkcs8(own_key.serialize_der().into()));
    (authority, Arc::new(config.expect("a configuration")))
}

/// Passes one request on, and its answer back.
fn relay(stream: TcpStream, config: &Arc<ServerConfig>, behind: &str) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).expect("a connection");
    let mut tls = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        let count = tls.read(&mut buffer)?;
        request.extend_from_slice(&buffer[..count]);
    }
    let mut server = TcpStream::connect(behind)?;
    server.write_all(&request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    tls.write_all(&answer)?;
    tls.conn.send_close_notify();
    tls.flush()
}

/// Whether all of a request is there.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0_usize)
}
