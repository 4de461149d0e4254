//! Runs the program and makes small catalogues for it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A command on the built program, away from the user's own data and displays.
pub fn lookalike(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookalike"));
    command
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"));
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "LOOKALIKE_MODELS"] {
        command.env_remove(name);
    }
    command.current_dir(home).stdin(Stdio::null());
    command
}

/// Runs it to the end.
pub fn run(home: &Path, args: &[&str]) -> Output {
    lookalike(home).args(args).output().unwrap()
}

/// Runs it with `--json`, expects success and exactly one object.
pub fn json(home: &Path, args: &[&str]) -> Value {
    let output = lookalike(home).args(args).arg("--json").output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{args:?} failed: {err}{out}");
    assert_eq!(out.trim_end().lines().count(), 1, "{args:?} printed more than one object: {out}");
    serde_json::from_str(&out).unwrap()
}

/// Expects failure with this exit code; returns standard error.
pub fn refused(home: &Path, args: &[&str], code: i32) -> String {
    let output = run(home, args);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{args:?}: {err}{}", text(&output.stdout));
    err
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The shared benchmarks; `None`, and a line that says so, where they are absent.
pub fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("LOOKALIKE_SHARED").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    if folder.join("data").is_dir() {
        // The program runs elsewhere.
        return folder.canonicalize().ok();
    }
    eprintln!("skipped: the shared benchmarks are not there: {}", folder.display());
    None
}

/// Eight postings of four products, each with a picture: `catalog.csv` and `images/`. Product n's pictures are alike.
pub fn tiny_catalogue(folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder.join("images")).unwrap();
    let titles = [
        "Red enamel mug 300 ml",
        "Red enamel mug 300ml NEW",
        "Blue cotton shirt size M",
        "Blue cotton shirt M original",
        "Green garden hose 15 m",
        "Garden hose green 15 m",
        "Yellow desk lamp LED",
        "LED desk lamp yellow",
    ];
    let mut csv = String::from("posting_id,image,title,label_group,price\n");
    for (i, title) in titles.iter().enumerate() {
        let name = format!("{i}.png");
        picture(i as u32 / 2, i as u32).save(folder.join("images").join(&name)).unwrap();
        writeln!(csv, "post{i},{name},{title},{},{}", i / 2, 10 + i).unwrap();
    }
    let path = folder.join("catalog.csv");
    std::fs::write(&path, csv).unwrap();
    path
}

/// A picture of `product`; `shot` changes a few pixels, so that no two files are equal.
pub fn picture(product: u32, shot: u32) -> image::RgbImage {
    let mut picture = image::RgbImage::from_fn(48, 48, |x, y| {
        let wave = (x * (product % 7 + 1) + y * (product % 5 + 2)) / 4;
        image::Rgb([
            (wave * 40 + product * 60) as u8,
            ((wave ^ product) * 25) as u8,
            (y * 5 + product * 90) as u8,
        ])
    });
    for (at, byte) in shot.to_le_bytes().into_iter().enumerate() {
        picture.put_pixel(at as u32, 0, image::Rgb([byte, byte, byte]));
    }
    picture
}

/// An indexed tiny catalogue: (home, project).
pub fn tiny_project() -> (tempfile::TempDir, String) {
    let home = tempfile::tempdir().unwrap();
    let catalog = tiny_catalogue(home.path());
    let project = home.path().join("tiny.lookalike").display().to_string();
    json(home.path(), &["index", &catalog.display().to_string(), "--project", &project]);
    (home, project)
}

/// A number of a JSON answer.
pub fn number(value: &Value, name: &str) -> f64 {
    value[name].as_f64().unwrap_or_else(|| panic!("no number `{name}` in {value}"))
}
