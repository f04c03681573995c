//! The memory server behind a small HTTP/1.1 listener: one thread, one request per connection.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use mintedge::memory::World;
use mintedge::protocol::http::{Body, Headers, Method, Request, Response, SensitiveHeader};
use mintedge::protocol::model::secret::Secret;

/// The deployment's admin secret.
pub(crate) const ADMIN_SECRET: &str = "mea_0000000000000000000000000000000000000000000000000";

/// A server that ends with the test.
pub(crate) struct TestServer {
    address: String,
    issuer: String,
    controls: Arc<Controls>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Controls {
    stop: AtomicBool,
    /// The deployment's admin secret, if it is another one than [`ADMIN_SECRET`].
    admin_secret: Mutex<Option<String>>,
    deaf_to: Mutex<Option<Method>>,
}

impl TestServer {
    /// Starts an empty server on a free port.
    pub(crate) fn start() -> Self {
        Self::start_with(|_, _| {})
    }

    /// Starts an empty server whose issuer is not where it listens.
    pub(crate) fn start_as(issuer: &str) -> Self {
        Self::listen(Some(issuer), |_, _| {})
    }

    /// Starts a server that does `before` with its world before it looks at a request.
    pub(crate) fn start_with(before: impl FnMut(&World, &Request) + Send + 'static) -> Self {
        Self::listen(None, before)
    }

    /// Starts a server whose issuer is not where it listens, and that does `before`.
    pub(crate) fn start_as_with(issuer: &str, before: impl FnMut(&World, &Request) + Send + 'static) -> Self {
        Self::listen(Some(issuer), before)
    }

    fn listen(issuer: Option<&str>, before: impl FnMut(&World, &Request) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let issuer = issuer.map_or_else(|| format!("http://{address}"), str::to_owned);
        let controls = Arc::<Controls>::default();
        let thread = std::thread::spawn({
            let (issuer, controls) = (issuer.clone(), Arc::clone(&controls));
            // A server lives in one thread, as in an isolate.
            move || serve(&listener, &issuer, &controls, before)
        });
        Self { address, issuer, controls, thread: Some(thread) }
    }

    /// Carries out requests of this kind from now on, but hangs up instead of answering.
    pub(crate) fn lose_answers_to(&self, method: Method) {
        *self.controls.deaf_to.lock().expect("not poisoned") = Some(method);
    }

    /// Gives the deployment another admin secret.
    pub(crate) fn set_admin_secret(&self, secret: &str) {
        *self.controls.admin_secret.lock().expect("not poisoned") = Some(secret.to_owned());
    }

    /// Host and port it listens at.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its issuer.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.controls.stop.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(&self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    listener: &TcpListener,
    issuer: &str,
    controls: &Controls,
    mut before: impl FnMut(&World, &Request),
) {
    let world = World::new(issuer).expect("an issuer");
    for stream in listener.incoming() {
        if controls.stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let Ok(request) = receive(&stream) else { continue };
        before(&world, &request);
        let secret = controls.admin_secret.lock().expect("not poisoned").clone();
        let secret = Secret::received(secret.as_deref().unwrap_or(ADMIN_SECRET));
        // Every request meets an edge that has seen everything: what a stale one does is for the server's tests.
        world.publish().expect("published");
        let response = pollster::block_on(world.isolate(Some(&secret)).handle(&request));
        if *controls.deaf_to.lock().expect("not poisoned") != Some(request.method) {
            let _ = write(stream, &response);
        }
    }
}

fn receive(stream: &TcpStream) -> std::io::Result<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    read(&mut BufReader::new(stream))
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Request> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_ascii_whitespace();
    let (method, target) =
        (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = Headers::default();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        let value = value.trim().to_owned();
        match name.to_ascii_lowercase().as_str() {
            "authorization" => headers.authorization = Some(SensitiveHeader::new(value)),
            "content-type" => headers.content_type = Some(value),
            "cookie" => headers.cookie = Some(SensitiveHeader::new(value)),
            "if-match" => headers.if_match = Some(value),
            "content-length" => length = value.parse().unwrap_or_default(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request::new(Method::parse(&method), &target, headers, Body::Bytes(body)))
}

fn write(mut stream: TcpStream, response: &Response) -> std::io::Result<()> {
    let Response { status, headers, body } = response;
    write!(stream, "HTTP/1.1 {status} X\r\nconnection: close\r\n")?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    if *status != 204 {
        write!(stream, "content-length: {}\r\n", body.len())?;
    }
    write!(stream, "\r\n{body}")?;
    stream.flush()
}
