//! The certificates that a server's certificate is checked against.

use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use crate::failure::Failure;

/// The system's, which `SSL_CERT_FILE` may replace, and those of a file. A system that has none gets Mozilla's.
///
/// # Errors
/// If the file can't be read or holds no certificate.
pub(crate) fn trusted(file: Option<&Path>) -> Result<RootCerts, Failure> {
    let mut certificates: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    if let Some(path) = file {
        certificates.extend(read(path)?);
    }
    if certificates.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    Ok(certificates.into())
}

fn read(path: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let pem = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let items: Result<Vec<_>, _> = parse_pem(&pem).collect();
    let certificates = items.unwrap_or_default().into_iter().filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = certificates.collect();
    if certificates.is_empty() {
        return Err(Failure::usage(format!("{} holds no certificate in PEM", path.display())));
    }
    Ok(certificates)
}
