//! A minimal HTTP/1.1 client: one keep-alive connection, responses with `Content-Length`, all that the servers here send.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(20);
const READ_SIZE: usize = 4096;

/// What goes wrong between here and a server. A string, because it crosses threads.
pub(super) type Result<T = ()> = std::result::Result<T, String>;

/// A POST of a form to the token endpoint, ready to send.
pub(super) fn token_request(port: u16, basic: &str, form: &str) -> Vec<u8> {
    let length = form.len();
    format!(
        "POST /token HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Basic {basic}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .into_bytes()
}

/// A GET with a cookie, ready to send.
pub(super) fn page_request(port: u16, cookie: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n").into_bytes()
}

/// One connection.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects to a port of this machine.
    pub(super) fn open(port: u16) -> Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(TIMEOUT)).map_err(|error| error.to_string())?;
        Ok(Self { stream, received: Vec::with_capacity(READ_SIZE) })
    }

    /// Sends one request and reads its response to the end: head and body.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).map_err(|error| error.to_string())?;
        self.received.clear();
        let mut expected = usize::MAX;
        while self.received.len() < expected {
            self.receive()?;
            if expected == usize::MAX {
                expected = whole_length(&self.received)?.unwrap_or(usize::MAX);
            }
        }
        Ok(&self.received)
    }

    /// Sends one request and reads its response to the end.
    ///
    /// # Errors
    /// Also when the status is not 200.
    pub(super) fn expect_ok(&mut self, request: &[u8]) -> Result<&[u8]> {
        let answer = self.ask(request)?;
        if answer.starts_with(b"HTTP/1.1 200 ") {
            return Ok(answer);
        }
        Err(format!("unexpected answer: {}", String::from_utf8_lossy(answer)))
    }

    fn receive(&mut self) -> Result {
        let mut buffer = [0_u8; READ_SIZE];
        let count = self.stream.read(&mut buffer).map_err(|error| error.to_string())?;
        if count == 0 {
            return Err("the server closed the connection".to_owned());
        }
        self.received.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }
}

/// The body of an answer.
pub(super) fn body(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned()
}

/// What comes after `start` in `text`, up to one of `ends`.
pub(super) fn between<'a>(text: &'a str, start: &str, ends: &[char]) -> Option<&'a str> {
    text.split_once(start)?.1.split(ends).next()
}

/// How long head and body are together; nothing while the head is incomplete.
fn whole_length(received: &[u8]) -> Result<Option<usize>> {
    let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(received.get(..end).unwrap_or_default());
    let length = head.lines().filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    match length {
        Some(Ok(length)) => Ok(Some(end + 4 + length)),
        _ => Err(format!("an answer without Content-Length: {head}")),
    }
}
