//! Talks to the Hugging Face hub: what a file is (size, digest, commit) and its bytes from an offset on. Knows no folders.
//! The protocol is the one of the hub's own programs: HEAD on `/OWNER/NAME/resolve/REVISION/FILE` answers `X-Repo-Commit`,
//! and for large files `X-Linked-Etag` (their SHA-256) and `X-Linked-Size`, with a redirect to where the bytes lie.

use std::io::Read;
use std::time::Duration;

use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, Response, Uri};
use ureq::{Agent, Body};

use super::{ModelError, ModelSource};

const USUAL_ENDPOINT: &str = "https://huggingface.co";
/// A server that says nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(15);
/// Redirects to another path of the same host, as for renamed repositories.
const MAX_REDIRECTS: u32 = 5;

/// A hub.
#[derive(Clone)]
pub struct Hub {
    endpoint: String,
    token: Option<String>,
    /// Shows redirects instead of following them: their headers say what the file is.
    asking: Agent,
    reading: Agent,
}

/// What the hub says about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteFile {
    /// Changes when the content does.
    pub etag: String,
    /// Its size.
    pub n_bytes: Option<u64>,
    /// Its SHA-256, which the hub tells of large files.
    pub sha256: Option<String>,
    /// The commit of the repository.
    pub commit: Option<String>,
}

/// Bytes of a file from an offset on.
pub(super) struct RemoteBytes {
    /// Where they really start; a server without ranges starts at 0.
    pub start: u64,
    /// The bytes.
    pub reader: Box<dyn Read + Send>,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Hub {
    /// The hub at this address (`https://huggingface.co`), with a token for gated models.
    pub fn new(endpoint: &str, token: Option<String>) -> Self {
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let agent = |max_redirects| {
            let mut config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(max_redirects)
                .redirect_auth_headers(RedirectAuthHeaders::SameHost)
                .user_agent(concat!("lookalike/", env!("CARGO_PKG_VERSION")))
                // A compressed answer has another size and digest.
                .accept_encoding("identity")
                .timeout_resolve(Some(PATIENCE))
                .timeout_connect(Some(PATIENCE))
                .timeout_recv_response(Some(PATIENCE))
                .timeout_per_read(Some(PATIENCE));
            if is_this_machine(&endpoint) {
                config = config.proxy(None);
            }
            Agent::new_with_config(config.build())
        };
        Self { token, asking: agent(0), reading: agent(MAX_REDIRECTS), endpoint }
    }

    /// The address given, else `HF_ENDPOINT`, else huggingface.co; the token of `HF_TOKEN`, else the one the hub's own
    /// program keeps.
    pub fn resolve(given: Option<&str>) -> Self {
        let given = given.map(str::to_owned).or_else(|| super::environment("HF_ENDPOINT"));
        let endpoint = given.unwrap_or_else(|| USUAL_ENDPOINT.to_owned());
        let kept = || std::fs::read_to_string(super::hub_cache::hub_home()?.join("token")).ok();
        let token = super::environment("HF_TOKEN").or_else(kept).map(|token| token.trim().to_owned());
        Self::new(&endpoint, token.filter(|token| !token.is_empty()))
    }

    /// The page of a repository.
    pub fn page(&self, source: &ModelSource) -> String {
        format!("{}/{}", self.endpoint, source.repository)
    }

    /// What the hub says about a file at a revision.
    pub(super) fn describe(
        &self,
        source: &ModelSource,
        revision: &str,
        name: &str,
    ) -> Result<RemoteFile, ModelError> {
        let what = format!("{name} of {}", source.repository);
        let mut url = self.url(source, revision, name);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.call(self.asking.head(&url), &url, &what)?;
            if !response.status().is_redirection() {
                self.check(&response, source, &what)?;
                return self.described(&response, &what);
            }
            // A redirect that says what the file is leads to its bytes; another one leads to who knows it: the renamed
            // repository, or the hub behind a mirror.
            if header(response.headers(), "x-linked-etag").is_some() {
                return self.described(&response, &what);
            }
            let location = header(response.headers(), "location").unwrap_or_default();
            url = if location.starts_with('/') {
                format!("{}{location}", self.endpoint)
            } else {
                location.to_owned()
            };
        }
        Err(ModelError::Answer { what, answer: "more redirects than are followed".to_owned() })
    }

    /// The bytes of a file from `start` on.
    pub(super) fn read(
        &self,
        source: &ModelSource,
        revision: &str,
        name: &str,
        start: u64,
    ) -> Result<RemoteBytes, ModelError> {
        let what = format!("{name} of {}", source.repository);
        let url = self.url(source, revision, name);
        let mut request = self.reading.get(&url);
        if start > 0 {
            request = request.header("range", format!("bytes={start}-"));
        }
        let response = self.call(request, &url, &what)?;
        self.check(&response, source, &what)?;
        let start = match response.status().as_u16() {
            206 => header(response.headers(), "content-range").and_then(range_start).unwrap_or(start),
            _ => 0,
        };
        Ok(RemoteBytes { start, reader: Box::new(response.into_body().into_reader()) })
    }

    fn url(&self, source: &ModelSource, revision: &str, name: &str) -> String {
        // A revision such as refs/pr/15 is one part of the path.
        let revision = revision.replace('/', "%2F");
        format!("{}/{}/resolve/{revision}/{name}", self.endpoint, source.repository)
    }

    fn call(
        &self,
        request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
        url: &str,
        what: &str,
    ) -> Result<Response<Body>, ModelError> {
        let request = match &self.token {
            Some(token) if url.starts_with(&self.endpoint) => {
                request.header("authorization", format!("Bearer {token}"))
            }
            _ => request,
        };
        request.call().map_err(|error| match error {
            ureq::Error::BadUri(reason) => ModelError::Answer {
                what: what.to_owned(),
                answer: format!("an address that is none: {reason}"),
            },
            other => ModelError::NoNetwork { host: self.endpoint.clone(), reason: reason(&other) },
        })
    }

    /// Whether the answer is the file.
    fn check(&self, response: &Response<Body>, source: &ModelSource, what: &str) -> Result<(), ModelError> {
        let (what, page) = (what.to_owned(), self.page(source));
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status @ (401 | 403) => Err(ModelError::Gated { what, status, page }),
            404 | 410 => Err(ModelError::NotThere { what, page }),
            status => Err(ModelError::Answer { what, answer: format!("status {status}") }),
        }
    }

    fn described(&self, response: &Response<Body>, what: &str) -> Result<RemoteFile, ModelError> {
        let headers = response.headers();
        let plain = |text: &str| text.trim_start_matches("W/").trim_matches('"').to_owned();
        let linked = header(headers, "x-linked-etag").map(plain);
        let etag = linked.clone().or_else(|| header(headers, "etag").map(plain)).ok_or_else(|| {
            ModelError::Answer {
                what: what.to_owned(),
                answer: "no ETag; is it a Hugging Face hub?".to_owned(),
            }
        })?;
        let is_digest = etag.len() == 64 && etag.chars().all(|c| c.is_ascii_hexdigit());
        let size = header(headers, "x-linked-size").or_else(|| {
            // A redirect's own length is not the file's.
            let is_file = response.status().is_success();
            header(headers, "content-length").filter(|_| is_file)
        });
        Ok(RemoteFile {
            n_bytes: size.and_then(|size| size.parse().ok()),
            sha256: is_digest.then(|| etag.to_ascii_lowercase()),
            etag,
            commit: header(headers, "x-repo-commit").map(plain),
        })
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// 100 of "bytes 100-199/200".
fn range_start(text: &str) -> Option<u64> {
    text.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// Whether a hub runs on this very machine, to which no proxy leads.
fn is_this_machine(endpoint: &str) -> bool {
    let uri: Option<Uri> = endpoint.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// What went wrong, in words.
fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "the name is not found".to_owned(),
        ureq::Error::Timeout(_) => format!("nothing came for {} seconds", PATIENCE.as_secs()),
        ureq::Error::ConnectionFailed => "the connection is refused".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_needs_no_proxy() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:8080", true),
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("https://huggingface.co", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_this_machine(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn a_range_says_where_it_starts() {
        assert_eq!(range_start("bytes 100-199/200"), Some(100));
        assert_eq!(range_start("bytes */200"), None);
    }
}
