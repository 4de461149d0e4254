//! The house keeps its shape: a module imports only from lower floors, same-floor neighbours without a circle, guarded
//! crates only where they belong, and no file outgrows its concept.
//!
//! Every `use` tree, every inline `crate::` path and every guarded crate name in `src/` is read as text, comments and
//! strings left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules and their floors (ARCHITECTURE.md).
const FLOORS: &[(&str, u32)] = &[
    ("catalog", 0),
    ("metrics", 0),
    ("nn", 1),
    ("encode", 2),
    ("fuse", 2),
    ("index", 2),
    ("matching", 3),
    ("review", 3),
    ("train", 3),
    ("project", 4),
    ("jobs", 5),
    ("app", 6),
    ("cli", 7),
    ("serve", 7),
    ("ui", 7),
];

/// Crates that only some modules may name.
const GUARDED: &[(&str, &[&str])] = &[
    ("egui", &["ui", "app/keymap.rs"]),
    ("egui_extras", &["ui"]),
    ("eframe", &["ui/launch.rs", "ui/shell.rs", "ui/shell", "main.rs"]),
    ("rfd", &["ui", "main.rs"]),
    ("candle_core", &["nn", "encode", "fuse", "index", "train", "jobs"]),
    ("candle_nn", &["nn", "encode", "fuse", "index", "train", "jobs"]),
    ("candle_transformers", &["nn", "encode", "fuse", "index", "train", "jobs"]),
    ("rusqlite", &["project"]),
    ("ureq", &["encode/models/hub.rs"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
];

const LONGEST_FILE: usize = 600;

struct Source {
    path: String,
    module: String,
    text: String,
    n_lines: usize,
}

/// Blanks comments, strings and character literals, so that only code is left. Line breaks stay.
fn code_only(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    let keep_breaks = |out: &mut String, skipped: &[char]| {
        out.extend(skipped.iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
    };
    while at < bytes.len() {
        let rest = &bytes[at..];
        let skipped = if rest.starts_with(&['/', '/']) {
            rest.iter().position(|&c| c == '\n').unwrap_or(rest.len())
        } else if rest.starts_with(&['/', '*']) {
            let (mut depth, mut end) = (1, 2);
            while end < rest.len() && depth > 0 {
                if rest[end..].starts_with(&['/', '*']) {
                    depth += 1;
                    end += 1;
                } else if rest[end..].starts_with(&['*', '/']) {
                    depth -= 1;
                    end += 1;
                }
                end += 1;
            }
            end
        } else if let Some(len) = raw_string_len(rest) {
            len
        } else if rest[0] == '"' {
            let mut end = 1;
            while end < rest.len() && rest[end] != '"' {
                end += if rest[end] == '\\' { 2 } else { 1 };
            }
            (end + 1).min(rest.len())
        } else if rest[0] == '\'' && rest.len() > 2 && (rest[1] == '\\' || rest[2] == '\'') {
            let mut end = if rest[1] == '\\' { 3 } else { 2 };
            while end < rest.len() && rest[end] != '\'' {
                end += 1;
            }
            (end + 1).min(rest.len())
        } else {
            0
        };
        if skipped == 0 {
            out.push(rest[0]);
            at += 1;
        } else {
            keep_breaks(&mut out, &rest[..skipped]);
            at += skipped;
        }
    }
    out
}

fn raw_string_len(rest: &[char]) -> Option<usize> {
    let start = usize::from(rest.first() == Some(&'b'));
    if rest.get(start) != Some(&'r') {
        return None;
    }
    let n_hashes = rest[start + 1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(start + 1 + n_hashes) != Some(&'"') {
        return None;
    }
    let mut closing = vec!['"'];
    closing.extend(std::iter::repeat_n('#', n_hashes));
    let body = start + 2 + n_hashes;
    let end = rest[body..].windows(closing.len()).position(|window| window == closing)?;
    Some(body + end + closing.len())
}

fn sources() -> Vec<Source> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("src can be listed").flatten() {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a source file can be read");
            let path = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
            let module = path.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
            Source { n_lines: text.lines().count(), text: code_only(&text), path, module }
        })
        .collect()
}

/// Top-level modules named after `crate::`, in `use` trees and inline: `crate::a::b`, `crate::{a::b, c}`.
fn crate_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = code[at + "crate::".len()..].trim_start();
        if let Some(tree) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            let mut at_start = true;
            for c in tree.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => at_start = true,
                    _ => {}
                }
                if depth == 0 && at_start && (c.is_alphanumeric() || c == '_') {
                    word.push(c);
                } else if !word.is_empty() {
                    found.insert(std::mem::take(&mut word));
                    at_start = false;
                }
                if c == ',' && depth == 0 {
                    at_start = true;
                }
            }
            if !word.is_empty() {
                found.insert(word);
            }
        } else {
            found.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    found
}

/// Whether a crate is named: as a path root (`name::`), or in `use name` or `extern crate name`.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        let starts = !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        let line_start = code[..at].rfind(['\n', ';', '{', '}']).map_or(0, |end| end + 1);
        let head = code[line_start..at].trim();
        starts
            && (after.starts_with("::")
                || (matches!(head, "use" | "pub use" | "extern crate")
                    && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')))
    })
}

fn floor(module: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

fn arrows(sources: &[Source]) -> BTreeMap<(String, String), Vec<String>> {
    let mut arrows: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for source in sources {
        for target in crate_modules(&source.text) {
            if target != source.module && floor(&target).is_some() {
                arrows.entry((source.module.clone(), target)).or_default().push(source.path.clone());
            }
        }
    }
    arrows
}

#[test]
fn arrows_point_down() {
    for ((from, to), files) in arrows(&sources()) {
        let Some(from_floor) = floor(&from) else { continue };
        let to_floor = floor(&to).expect("arrows lead to known modules");
        assert!(
            to_floor <= from_floor,
            "{from} (floor {from_floor}) imports {to} (floor {to_floor}) in {files:?}"
        );
    }
}

#[test]
fn every_module_has_a_floor() {
    for source in sources() {
        let known = floor(&source.module).is_some() || matches!(source.module.as_str(), "lib" | "main");
        assert!(known, "{} belongs to no floor; give it one here and in ARCHITECTURE.md", source.path);
    }
}

#[test]
fn neighbours_on_one_floor_form_no_circle() {
    let arrows = arrows(&sources());
    let reach = |start: &str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![start.to_owned()];
        while let Some(module) = open.pop() {
            for (from, to) in arrows.keys() {
                if *from == module && floor(to) == floor(start) && seen.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        seen
    };
    for (module, _) in FLOORS {
        assert!(!reach(module).contains(*module), "{module} imports itself through its neighbours");
    }
}

#[test]
fn guarded_crates_stay_where_they_belong() {
    for source in sources() {
        for (name, allowed) in GUARDED {
            let is_allowed = allowed
                .iter()
                .any(|place| source.path == *place || source.path.starts_with(&format!("{place}/")));
            assert!(
                is_allowed || !names_crate(&source.text, name),
                "{} names {name}; allowed only in {allowed:?}",
                source.path
            );
        }
    }
}

#[test]
fn threads_and_channels_live_in_jobs() {
    for source in sources() {
        // A native dialog and the decoding of pictures wait on threads of their own.
        let in_window = ["ui/shell/effects.rs", "ui/images/pool.rs"].contains(&source.path.as_str());
        let allowed = in_window || matches!(source.module.as_str(), "jobs" | "serve");
        let named = source.text.contains("thread::spawn") || source.text.contains("mpsc::");
        let is_test = source.path.ends_with("tests.rs");
        assert!(allowed || is_test || !named, "{} starts threads or channels", source.path);
    }
}

#[test]
fn unsafe_code_lives_in_kernels_and_memory_maps() {
    for source in sources() {
        let allowed = source.path.starts_with("nn/kernels") || source.text.contains("Mmap");
        let named =
            source.text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        assert!(allowed || !named, "{} holds unsafe code", source.path);
    }
}

#[test]
fn files_are_one_concept_long_and_say_what_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources() {
        assert!(source.n_lines <= LONGEST_FILE, "{} has {} lines; split it", source.path, source.n_lines);
        let text = fs::read_to_string(root.join(&source.path)).expect("a source file can be read");
        assert!(text.starts_with("//!"), "{} does not say what it is", source.path);
    }
}

#[test]
fn the_program_is_thin() {
    let main = sources().into_iter().find(|source| source.path == "main.rs").expect("src/main.rs");
    assert!(main.n_lines < 60);
}

#[test]
fn the_reader_reads_what_it_should() {
    let code = code_only(
        "use crate::{a::{b, c}, d}; // crate::x\nlet s = \"crate::y\"; crate::e::f(); r#\"crate::z\"#; '\"'; crate::g",
    );
    let found: Vec<_> = crate_modules(&code).into_iter().collect();
    assert_eq!(found, ["a", "d", "e", "g"]);
    assert!(names_crate("use egui;", "egui") && names_crate("x: egui::Key", "egui"));
    assert!(!names_crate("use egui_extras::X;", "egui") && !names_crate("my_egui::x", "egui"));
}
