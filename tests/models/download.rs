//! Downloads from a hub that misbehaves.

use std::cell::Cell;
use std::path::Path;
use std::time::Duration;

use lookalike::encode::{
    DownloadWatch, Hub, Manifest, ModelEntry, ModelError, ModelFile, ModelSource, ModelStore, Presence,
    download_model,
};

use crate::server::{COMMIT, TestHub, sha256};

const WEIGHTS: &str = "model.safetensors";

/// Counts; stops once so many bytes are there.
#[derive(Default)]
struct Watch {
    n_there: Cell<i64>,
    n_total: Cell<Option<u64>>,
    n_pauses: Cell<u32>,
    stop_at: Option<i64>,
}

impl DownloadWatch for Watch {
    fn begin(&self, n_done: u64, n_total: Option<u64>) {
        self.n_there.set(n_done as i64);
        self.n_total.set(n_total);
    }
    fn advance(&self, n_bytes: u64) {
        self.n_there.set(self.n_there.get() + n_bytes as i64);
    }
    fn retreat(&self, n_bytes: u64) {
        self.n_there.set(self.n_there.get() - n_bytes as i64);
    }
    fn is_cancelled(&self) -> bool {
        self.stop_at.is_some_and(|at| self.n_there.get() >= at)
    }
    fn pause(&self, _time: Duration) {
        self.n_pauses.set(self.n_pauses.get() + 1);
    }
}

struct Bench {
    folder: tempfile::TempDir,
    store: ModelStore,
    entry: ModelEntry,
    hub: TestHub,
    weights: Vec<u8>,
}

impl Bench {
    /// A model of a large and a small file on a hub of its own.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = ModelStore::new(folder.path().to_owned());
        let weights: Vec<u8> =
            (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let hub = TestHub::with(&[(WEIGHTS, weights.clone()), ("config.json", b"{}".to_vec())]);
        let file = |name: &str| ModelFile { name: name.to_owned(), n_bytes: None, sha256: None };
        let entry = ModelEntry {
            id: "tiny".to_owned(),
            source: Some(ModelSource {
                repository: "owner/tiny".to_owned(),
                revision: "refs/pr/1".to_owned(),
            }),
            files: vec![file(WEIGHTS), file("config.json")],
            ..Manifest::built_in().models[0].clone()
        };
        Self { folder, store, entry, hub, weights }
    }

    fn get(&self) -> Result<usize, ModelError> {
        self.get_with(&Watch::default())
    }

    fn get_with(&self, watch: &Watch) -> Result<usize, ModelError> {
        download_model(
            &self.store,
            &self.entry,
            &Hub::new(&self.hub.address, Some("secret".to_owned())),
            watch,
        )
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("tiny").join(name)
    }

    fn len(&self, name: &str) -> Option<u64> {
        std::fs::metadata(self.path(name)).ok().map(|metadata| metadata.len())
    }

    fn check_right(&self) {
        assert!(self.store.is_present(&self.entry));
        assert!(
            std::fs::read(self.path(WEIGHTS)).expect("weights") == self.weights,
            "the weights came as they are"
        );
        let left = |path: &Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.contains(".part")
        };
        let listed = std::fs::read_dir(self.folder.path().join("tiny")).expect("the folder");
        assert!(!listed.flatten().any(|file| left(&file.path())), "no part is left over");
    }
}

#[test]
fn a_model_comes_whole_with_its_digests_recorded() {
    let bench = Bench::new();
    let watch = Watch::default();
    assert_eq!(bench.get_with(&watch).expect("it comes"), 2);
    bench.check_right();
    let n_bytes = bench.weights.len() as u64 + 2;
    assert_eq!((watch.n_there.get() as u64, watch.n_total.get()), (n_bytes, Some(n_bytes)));
    let lock = std::fs::read_to_string(bench.path("lock.ron")).expect("a lock");
    for known in [COMMIT, &sha256(&bench.weights), &sha256(b"{}")] {
        assert!(lock.contains(known), "{lock}");
    }
    let asked = bench.hub.asked();
    // The branch is asked once; from then on everything is of its commit.
    assert_eq!(asked[0], "HEAD /owner/tiny/resolve/refs%2Fpr%2F1/model.safetensors - authorised");
    assert!(asked[1..].iter().all(|line| line.contains(COMMIT) || line.contains("/cdn/")), "{asked:?}");
    let cdn: Vec<_> = asked.iter().filter(|line| line.contains("/cdn/")).collect();
    assert_eq!(cdn, ["GET /cdn/model.safetensors -"], "the token stays with the hub");
    // What is there is not asked for again.
    assert_eq!(bench.get().expect("it is there"), 0);
    assert!(bench.hub.asked().is_empty());
    assert!(bench.store.status(bench.entry.clone()).is_pinned);
}

#[test]
fn a_connection_that_breaks_goes_on_where_it_stopped() {
    let bench = Bench::new();
    bench.hub.script(|script| script.breaks = [1_000_000, 0, 500_000].into());
    let watch = Watch::default();
    bench.get_with(&watch).expect("it comes in the end");
    bench.check_right();
    assert_eq!(watch.n_pauses.get(), 3);
    let ranges: Vec<String> =
        bench.hub.asked().into_iter().filter(|line| line.starts_with("GET /cdn/model")).collect();
    let expected = ["-", "bytes=1000000-", "bytes=1000000-", "bytes=1500000-"];
    assert_eq!(ranges, expected.map(|range| format!("GET /cdn/model.safetensors {range}")));
}

#[test]
fn what_arrived_before_a_break_is_kept_for_the_next_try() {
    let bench = Bench::new();
    bench.hub.script(|script| script.breaks = [2_000_000, 0, 0, 0, 0, 0].into());
    let message = bench.get().expect_err("it breaks for good").to_string();
    assert!(message.contains("2000000 bytes") && message.contains("goes on from there"), "{message}");
    assert!(!bench.store.is_present(&bench.entry));
    assert_eq!(bench.len("model.safetensors.part"), Some(2_000_000));
    let status = bench.store.status(bench.entry.clone());
    assert_eq!((status.presence, status.n_bytes), (Presence::Partial, 2_000_000));
    bench.hub.script(|script| script.breaks.clear());
    bench.hub.asked();
    let watch = Watch::default();
    bench.get_with(&watch).expect("the rest comes");
    bench.check_right();
    assert_eq!(watch.n_there.get() as usize, bench.weights.len() + 2);
    assert!(bench.hub.asked().contains(&"GET /cdn/model.safetensors bytes=2000000-".to_owned()));
}

#[test]
fn a_cancelled_download_stops_and_goes_on_later() {
    let bench = Bench::new();
    let watch = Watch { stop_at: Some(700_000), ..Watch::default() };
    assert!(matches!(bench.get_with(&watch), Err(ModelError::Cancelled)));
    let n_there = bench.len("model.safetensors.part").expect("a part");
    assert!((700_000..1_400_000).contains(&n_there), "{n_there}");
    bench.hub.asked();
    bench.get().expect("the rest comes");
    bench.check_right();
    assert!(bench.hub.asked().contains(&format!("GET /cdn/model.safetensors bytes={n_there}-")));
}

#[test]
fn a_server_without_ranges_starts_over() {
    let bench = Bench::new();
    bench.hub.script(|script| {
        script.breaks = [1_000_000].into();
        script.ignores_ranges = true;
    });
    let watch = Watch::default();
    bench.get_with(&watch).expect("it comes");
    bench.check_right();
    assert_eq!(watch.n_there.get() as usize, bench.weights.len() + 2, "nothing is counted twice");
}

#[test]
fn nothing_is_appended_to_a_part_of_another_file() {
    let mut bench = Bench::new();
    bench.hub.script(|script| script.breaks = [2_000_000, 0, 0, 0, 0, 0].into());
    assert!(bench.get().is_err());
    bench.weights = vec![7; 2_500_000];
    let weights = bench.weights.clone();
    bench.hub.script(|script| {
        script.breaks.clear();
        script.files.insert(WEIGHTS.to_owned(), weights);
    });
    bench.hub.asked();
    bench.get().expect("the new file comes");
    bench.check_right();
    assert!(bench.hub.asked().contains(&"GET /cdn/model.safetensors -".to_owned()));
}

#[test]
fn a_wrong_digest_is_refused_and_nothing_is_left() {
    let bench = Bench::new();
    bench.hub.script(|script| script.told_digest = Some("ab".repeat(32)));
    let message = bench.get().expect_err("it is not the file that was promised").to_string();
    for part in ["SHA-256", &"ab".repeat(32), &sha256(&bench.weights), "model.safetensors"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!((bench.len(WEIGHTS), bench.len("model.safetensors.part")), (None, None));

    let mut bench = Bench::new();
    bench.entry.files[0].sha256 = Some("cd".repeat(32));
    let message = bench.get().expect_err("the manifest knows better").to_string();
    assert!(message.contains("SHA-256"), "{message}");
    assert!(bench.hub.asked().iter().all(|line| line.starts_with("HEAD")), "no byte was fetched");
}

#[test]
fn a_recorded_digest_is_checked_ever_after() {
    let bench = Bench::new();
    bench.get().expect("it comes");
    std::fs::remove_file(bench.path(WEIGHTS)).expect("the weights go");
    bench.hub.script(|script| script.files.insert(WEIGHTS.to_owned(), vec![1; 10]));
    let message = bench.get().expect_err("the hub has another file now").to_string();
    assert!(message.contains("remove the model to accept it"), "{message}");
    bench.store.remove("tiny").expect_err("nobody knows its id");
    std::fs::remove_file(bench.path("lock.ron")).expect("the record goes");
    assert_eq!(bench.get().expect("the new file is accepted"), 1);
}

fn check_refused(status: u16, expected: &[&str]) {
    let bench = Bench::new();
    bench.hub.script(|script| script.status = Some(status));
    let message = bench.get().expect_err("refused").to_string();
    for part in expected {
        assert!(message.contains(part), "{status}: {message}");
    }
    assert!(!bench.store.is_present(&bench.entry));
}

#[test]
fn refusals_say_what_to_do() {
    check_refused(401, &["accept its terms", "HF_TOKEN", "/owner/tiny", "model.safetensors"]);
    check_refused(403, &["accept its terms"]);
    check_refused(404, &["the hub has no model.safetensors", "models add"]);
    check_refused(503, &["status 503", "later"]);
}

#[test]
fn without_a_network_the_message_says_so() {
    let bench = Bench::new();
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").port()
    };
    let hub = Hub::new(&format!("http://127.0.0.1:{port}"), None);
    let error =
        download_model(&bench.store, &bench.entry, &hub, &Watch::default()).expect_err("nobody answers");
    assert!(matches!(error, ModelError::NoNetwork { .. }));
    let message = error.to_string();
    for part in ["no answer from http://127.0.0.1", "Check the network", "models add"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_model_without_a_hub_says_which_files_to_bring() {
    let mut bench = Bench::new();
    bench.entry.source = None;
    let message = bench.get().expect_err("there is no hub").to_string();
    assert!(
        message.contains("model.safetensors, config.json") && message.contains("models add"),
        "{message}"
    );
}
