//! A hub on this machine: speaks as much of the Hugging Face hub's protocol as downloads need, and misbehaves on request.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// What the server is to do wrong, and what it was asked.
#[derive(Default)]
pub struct Script {
    /// File name to content.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The next answers with bytes break off after so many of them.
    pub breaks: VecDeque<usize>,
    /// Every answer about a file has this status instead.
    pub status: Option<u16>,
    /// The digest told of large files, where it is a lie.
    pub told_digest: Option<String>,
    /// Byte ranges are ignored, as by a plain file server.
    pub ignores_ranges: bool,
    /// Every request, such as "GET /cdn/model.safetensors bytes=7-" with " authorised" where a token came along.
    pub asked: Vec<String>,
}

/// A running hub.
pub struct TestHub {
    pub address: String,
    script: Arc<Mutex<Script>>,
}

/// The commit every answer names.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl TestHub {
    /// A hub with these files. Files named `.safetensors` are large ones: redirected, with a digest.
    pub fn with(files: &[(&str, Vec<u8>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let files = files.iter().map(|(name, content)| ((*name).to_owned(), content.clone())).collect();
        let script = Arc::new(Mutex::new(Script { files, ..Script::default() }));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that goes away in the middle is part of the tests.
                std::thread::spawn(move || drop(serve(stream, port, &shared)));
            }
        });
        Self { address: format!("http://127.0.0.1:{port}"), script }
    }

    /// Changes what it does, or reads what it was asked.
    pub fn script<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was asked since the last call.
    pub fn asked(&self) -> Vec<String> {
        self.script(|script| std::mem::take(&mut script.asked))
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn serve(mut stream: TcpStream, port: u16, script: &Mutex<Script>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap_or("").to_owned(), words.next().unwrap_or("").to_owned());
    let (mut range, mut has_token) = (None, false);
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let header = header.trim().to_lowercase();
        if let Some(value) = header.strip_prefix("range:") {
            range = Some(value.trim().to_owned());
        }
        has_token |= header.starts_with("authorization: bearer secret");
    }
    let (head, body) = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        let token = if has_token { " authorised" } else { "" };
        script.asked.push(format!("{method} {path} {}{token}", range.as_deref().unwrap_or("-")));
        answer(&mut script, port, &method, &path, range.as_deref())
    };
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)?;
    stream.flush()
}

/// Head and body of the answer; the body may be shorter than the head promises.
fn answer(
    script: &mut Script,
    port: u16,
    method: &str,
    path: &str,
    range: Option<&str>,
) -> (String, Vec<u8>) {
    let empty = |status: &str, headers: &str| {
        (format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"), Vec::new())
    };
    let name = path.split_once("/resolve/").and_then(|(_, rest)| rest.split_once('/')).map(|(_, name)| name);
    let is_at_hub = name.is_some();
    let name = name.or_else(|| path.strip_prefix("/cdn/")).unwrap_or("");
    if let Some(status) = script.status {
        return empty(&format!("{status} No"), "");
    }
    let Some(content) = script.files.get(name).cloned() else { return empty("404 Not Found", "") };
    let digest = sha256(&content);
    let is_large = name.ends_with(".safetensors");
    if is_at_hub && is_large {
        let told = script.told_digest.clone().unwrap_or(digest);
        // The bytes lie on another host, as with the real hub.
        let headers = format!(
            "Location: http://localhost:{port}/cdn/{name}\r\nX-Repo-Commit: {COMMIT}\r\nX-Linked-Size: {}\r\nX-Linked-Etag: \"{told}\"\r\nETag: \"of the redirect\"\r\n",
            content.len()
        );
        return empty("302 Found", &headers);
    }
    let from: usize = range
        .filter(|_| !script.ignores_ranges)
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok())
        .unwrap_or(0);
    let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
    let n_left = content.len() - from.min(content.len());
    let total = content.len();
    let range = if from > 0 {
        format!("Content-Range: bytes {from}-{}/{total}\r\n", total - 1)
    } else {
        String::new()
    };
    let etag = &digest[..40];
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: \"{etag}\"\r\nX-Repo-Commit: {COMMIT}\r\nContent-Length: {n_left}\r\n{range}Connection: close\r\n\r\n"
    );
    if method == "HEAD" {
        return (head, Vec::new());
    }
    let n_sent = script.breaks.pop_front().unwrap_or(n_left).min(n_left);
    (head, content[from..from + n_sent].to_vec())
}
