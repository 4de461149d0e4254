//! Our side of `benches/compare`: `compare WORK INPUT_DIR` does one piece of work once on files both sides read, and
//! prints one JSON object: `{"seconds": ...}` for speed, `{"value": ...}` for accuracy. Reading the files is not timed.
//! One file a group of works, one line in [`WORKS`]; the peer's side of it is in `works/`.

#[path = "ours/approximate.rs"]
mod approximate;
#[path = "ours/embed_images.rs"]
mod embed_images;
#[path = "ours/embed_titles.rs"]
mod embed_titles;
#[path = "ours/files.rs"]
mod files;
#[path = "ours/fusion.rs"]
mod fusion;
#[path = "ours/head_step.rs"]
mod head_step;
#[path = "ours/join.rs"]
mod join;
#[path = "ours/mix.rs"]
mod mix;
#[path = "ours/titles.rs"]
mod titles;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// What can go wrong: mostly a missing input file.
type Outcome = Result<serde_json::Value, Box<dyn std::error::Error>>;

/// Does one piece of work on the files of a folder.
type Work = fn(&Path) -> Outcome;

/// Every work, by name.
const WORKS: &[(&str, Work)] = &[
    ("self-join", join::self_join_dense),
    ("approximate", approximate::approximate_join),
    ("fusion", fusion::fusion),
    ("titles-top50", titles::strings_to_neighbours),
    ("sparse-top50", titles::matrix_to_neighbours),
    ("shopee-tfidf-f1", |folder| titles::mean_f1(folder, "tfidf-word")),
    ("mix-images-to-embeddings", mix::images_to_embeddings),
    ("mix-to-duplicate-groups", mix::images_to_groups),
    ("head-step-128", |folder| head_step::head_step(folder, 128)),
    ("head-step-1024", |folder| head_step::head_step(folder, 1024)),
    ("embed-images", embed_images::embed_images),
    ("embed-titles", embed_titles::embed_titles),
    ("shopee-idf-f1", |folder| titles::mean_f1(folder, "idf-word")),
];

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let outcome = match arguments.as_slice() {
        [name, folder] => match WORKS.iter().find(|(known, _)| known == name) {
            Some((_, work)) => work(Path::new(folder)),
            None => Err(format!("there is no work `{name}`").into()),
        },
        // `cargo bench` runs every bench without arguments.
        [] => Ok(serde_json::json!({ "usage": "benches/compare/run.sh" })),
        _ => Err("usage: compare WORK INPUT_DIR".into()),
    };
    let (mut text, code) = match outcome {
        Ok(value) => (value.to_string(), ExitCode::SUCCESS),
        Err(error) => (serde_json::json!({ "error": error.to_string() }).to_string(), ExitCode::FAILURE),
    };
    text.push('\n');
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => code,
        Err(_) => ExitCode::FAILURE,
    }
}
