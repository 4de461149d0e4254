//! Killed at any moment, `index` loses no finished shard, and the project always opens.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::program::{json, lookalike, number, picture};

const N_PICTURES: u32 = 3000;
const N_KILLS: u32 = 25;

/// Starts indexing; its standard output ends when it does.
fn start(home: &Path) -> Child {
    let args = ["index", "many.csv", "--project", "p.lookalike", "--image-encoder", "phash,perceptual"];
    lookalike(home).args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits for the end, at most `longest`; whether it came.
fn ends_within(child: &mut Child, longest: Duration) -> bool {
    let mut output = child.stdout.take().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut sink = Vec::new();
        let _ = output.read_to_end(&mut sink);
        let _ = tell.send(());
    });
    told.recv_timeout(longest).is_ok()
}

/// Finished files below a folder (temporary names left out) with their content.
fn finished(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return files };
    for entry in entries.flatten() {
        if entry.file_type().unwrap().is_dir() {
            files.extend(finished(&entry.path()));
        } else if entry.path().extension().is_some_and(|extension| extension == "safetensors") {
            files.insert(entry.path().display().to_string(), std::fs::read(entry.path()).unwrap());
        }
    }
    files
}

fn many_pictures(home: &Path) {
    std::fs::create_dir_all(home.join("images")).unwrap();
    let mut csv = String::from("posting_id,image,title\n");
    for i in 0..N_PICTURES {
        picture(i / 3, i).save(home.join(format!("images/{i}.png"))).unwrap();
        writeln!(csv, "p{i},{i}.png,thing number {}", i / 3).unwrap();
    }
    std::fs::write(home.join("many.csv"), csv).unwrap();
}

#[test]
fn kill_minus_nine_loses_no_finished_shard() {
    let home = tempfile::tempdir().unwrap();
    many_pictures(home.path());
    let project = home.path().join("p.lookalike");
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut n_kills = 0;
    let mut n_mid_work = 0;
    while n_kills < N_KILLS {
        let before = finished(&project.join("embeddings"));
        let mut child = start(home.path());
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let is_finished = ends_within(&mut child, Duration::from_millis(random % 900));
        child.kill().unwrap();
        child.wait().unwrap();
        let after = finished(&project.join("embeddings"));
        for (name, bytes) in &before {
            assert_eq!(
                after.get(name),
                Some(bytes),
                "after kill {n_kills} the finished shard is gone or changed: {name}"
            );
        }
        if project.join("project.ron").exists() {
            // Opening does not depend on what was being written.
            let answer = json(
                home.path(),
                &[
                    "export",
                    "--project",
                    "p.lookalike",
                    "--fusion",
                    "text",
                    "--format",
                    "submission",
                    "--out",
                    "s.csv",
                ],
            );
            assert!(number(&answer, "bytes") > 0.0);
        }
        if is_finished {
            // Everything was done before the kill: begin anew.
            std::fs::remove_dir_all(&project).unwrap();
        } else {
            n_kills += 1;
            n_mid_work += u32::from(!after.is_empty());
        }
    }
    assert!(n_mid_work > 0, "no kill hit the embedding");

    // The last run takes every finished shard over and computes the rest.
    let rows_of = |id: &str| -> usize {
        finished(&project.join("embeddings"))
            .iter()
            .filter(|(name, _)| name.contains(&format!("/{id}-")) && !name.contains("neighbors"))
            .map(|(name, bytes)| rows_in_shard(name, bytes))
            .sum()
    };
    let reused: BTreeMap<&str, usize> = ["phash", "perceptual"].map(|id| (id, rows_of(id))).into();
    let args = ["index", "many.csv", "--project", "p.lookalike", "--image-encoder", "phash,perceptual"];
    let answer = json(home.path(), &args);
    for line in answer["encoders"].as_array().unwrap() {
        assert_eq!(number(line, "present"), f64::from(N_PICTURES));
        let Some(n_reused) = reused.get(line["id"].as_str().unwrap()) else { continue };
        assert_eq!(number(line, "new") as usize + n_reused, N_PICTURES as usize, "{line}");
    }
}

/// Contents stored in one shard.
fn rows_in_shard(name: &str, bytes: &[u8]) -> usize {
    let tensors =
        safetensors::SafeTensors::deserialize(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    tensors.tensor("contents").unwrap_or_else(|error| panic!("{name}: {error}")).shape()[0]
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_with_130_and_the_same_command_goes_on() {
    let home = tempfile::tempdir().unwrap();
    many_pictures(home.path());
    let mut child = start(home.path());
    // The first shard says that the work is under way.
    let embeddings = home.path().join("p.lookalike/embeddings");
    while finished(&embeddings).is_empty() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    let args = ["index", "many.csv", "--project", "p.lookalike", "--image-encoder", "phash,perceptual"];
    let answer = json(home.path(), &args);
    let n_new: f64 = answer["encoders"].as_array().unwrap().iter().map(|line| number(line, "new")).sum();
    assert!(n_new < 3.0 * f64::from(N_PICTURES), "nothing was kept: {answer}");
}
