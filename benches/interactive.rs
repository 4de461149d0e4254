//! How long a change of threshold, weight or fusion takes from cached neighbours until the queue is there, tuning over all
//! thresholds, and the clusters alone: on the built-in catalogue of about 34,250 postings as the program does it, then on a million
//! rows with synthetic neighbours. Medians of a few runs, and the most memory held. `cargo bench --bench interactive`; `-- million`
//! does the second part alone.
#![allow(clippy::unwrap_used, reason = "a bench that cannot start should stop")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use lookalike::catalog::{CatalogBuilder, CatalogSource, ImageSource, OpenOptions};
use lookalike::encode::ModelStore;
use lookalike::fuse::{FusionParams, PairTable, fuse, fusion_spec};
use lookalike::jobs::{
    CancelToken, Context, Grounds, MatchPlan, OpenEncoders, SilentReporter, ThresholdRule, Workbench,
    load_catalog, match_with,
};
use lookalike::matching::{ClusterOptions, cluster, tune};
use lookalike::nn::{DeviceChoice, Random};
use lookalike::project::{MatchSettings, Project, ProjectSettings};
use lookalike::review::{QueueKind, QueueSort, ReviewState, build_queue};

/// About 34,250 postings.
const N_PRODUCTS: u32 = 11_400;
const N_ROWS: usize = 1_000_000;
/// Neighbours a synthetic row, itself counted.
const K: usize = 50;
const N_RUNS: usize = 5;

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The median of a few runs, in milliseconds; each run is told its number.
fn median(mut work: impl FnMut(usize)) -> f64 {
    let mut millis: Vec<f64> = (0..N_RUNS)
        .map(|run| {
            let start = Instant::now();
            work(run);
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    millis[N_RUNS / 2]
}

fn line(what: &str, millis: f64, due: f64) {
    say(&format!("{what:<44} {millis:9.1} ms   due {due:6.0} ms"));
}

/// The most memory this process has held, in MiB; only Linux says.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

/// As the program does it: grounds once, then a matching and its queue for every change.
fn catalogue() {
    let folder = std::env::temp_dir().join(format!("lookalike-interactive-{}", std::process::id()));
    let source = CatalogSource::Demo { n_products: N_PRODUCTS, seed: 7 };
    let project =
        Project::create(&folder, ProjectSettings::new(source.clone(), OpenOptions::default())).unwrap();
    let context = Context::new(&SilentReporter, CancelToken::default());
    let catalog = load_catalog(&source, &OpenOptions::default(), &context).unwrap();
    let encoders = OpenEncoders::new(ModelStore::resolve(None), DeviceChoice::Cpu);
    let bench = Workbench::of_project(&project, catalog, Arc::new(encoders));
    let base = MatchSettings {
        image_encoder: Some("phash".to_owned()),
        text_encoder: Some("idf-word".to_owned()),
        fusion: "mean".to_owned(),
        ..MatchSettings::default()
    };
    let grounds = Arc::new(Grounds::lay(&bench, &base, &context).unwrap());
    let review = ReviewState::default();
    let matched = |settings: &MatchSettings, rule: ThresholdRule| {
        match_with(&grounds, &MatchPlan { settings, rule, review: Some(&review) }).unwrap()
    };
    let with_queue = |settings: &MatchSettings| {
        let outcome = matched(settings, ThresholdRule::Fixed);
        let (kind, sort) = (QueueKind::Clusters, QueueSort::Doubt);
        let (neighbors, clusters) = (&outcome.neighbors, &outcome.clusters);
        build_queue(kind, sort, &grounds.catalog, neighbors, clusters, &review, settings.threshold)
            .items
            .len()
    };
    let n_items = with_queue(&base);
    say(&format!("{} postings, {n_items} clusters to look at", grounds.catalog.n_postings()));
    let threshold = median(|run| {
        with_queue(&MatchSettings { threshold: base.threshold + 0.01 * (run + 1) as f32, ..base.clone() });
    });
    line("threshold, until the queue is there", threshold, 100.0);
    let weight = median(|run| {
        let params = FusionParams { image_weight: 0.3 + 0.05 * run as f32, ..base.params };
        with_queue(&MatchSettings { params, ..base.clone() });
    });
    line("weight, until the queue is there", weight, 300.0);
    let fusion = median(|run| {
        let fusion = ["noisy-or", "mean", "concat", "noisy-or", "mean"][run].to_owned();
        with_queue(&MatchSettings { fusion, ..base.clone() });
    });
    line("fusion, until the queue is there", fusion, 300.0);
    let clusters = median(|_| {
        let _ = matched(&base, ThresholdRule::Fixed);
    });
    line("clusters, lists being there", clusters, 200.0);
    let tuned = median(|_| {
        let _ = matched(&base, ThresholdRule::Tuned { min_matches: 1 });
    });
    line("mean F1 over all thresholds", tuned, 1000.0);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Groups of three, whose members are near; all other candidates are strangers.
fn synthetic_table() -> PairTable {
    let mut random = Random::named(7, "a million rows");
    let mut table = PairTable {
        offsets: vec![0],
        rows: Vec::with_capacity(N_ROWS * K),
        image: Vec::with_capacity(N_ROWS * K),
        text: Vec::with_capacity(N_ROWS * K),
        has_image: vec![true; N_ROWS],
        has_text: vec![true; N_ROWS],
    };
    for row in 0..N_ROWS {
        let first = row / 3 * 3;
        for other in first..N_ROWS.min(first + 3) {
            table.rows.push(other as u32);
            let near =
                |random: &mut Random| if other == row { 1.0 } else { 0.6 + 0.4 * random.uniform() as f32 };
            table.image.push(near(&mut random));
            table.text.push(near(&mut random));
        }
        while table.rows.len() < (row + 1) * K {
            table.rows.push(random.below(N_ROWS) as u32);
            table.image.push(0.7 * random.uniform() as f32);
            table.text.push(0.7 * random.uniform() as f32);
        }
        table.offsets.push(table.rows.len());
    }
    table
}

fn million() {
    let mut builder = CatalogBuilder::new("million", CatalogSource::File("million.csv".into()), Vec::new());
    for row in 0..N_ROWS {
        let (key, group) = (format!("{row:07}"), (row / 3).to_string());
        builder.push(&key, "a mug", "a mug", ImageSource::None, Some(&group), &[]);
    }
    let catalog = builder.finish();
    let table = synthetic_table();
    let spec = fusion_spec("mean").unwrap();
    let params = FusionParams::default();
    let neighbors = fuse(&table, spec, &params, catalog.key_ranks(), K);
    say(&format!("{N_ROWS} rows of {K} synthetic neighbours"));
    let review = ReviewState::default();
    let threshold = median(|run| {
        let threshold = 0.75 + 0.02 * run as f32;
        let options = ClusterOptions { threshold, ..ClusterOptions::default() };
        let clusters = cluster(&neighbors, &options, &[], &[]);
        let (kind, sort) = (QueueKind::Clusters, QueueSort::Doubt);
        assert!(
            !build_queue(kind, sort, &catalog, &neighbors, &clusters, &review, threshold).items.is_empty()
        );
    });
    line("threshold, until the queue is there", threshold, 2000.0);
    let weight = median(|run| {
        let params = FusionParams { image_weight: 0.3 + 0.05 * run as f32, ..params };
        let _ = fuse(&table, spec, &params, catalog.key_ranks(), K);
    });
    say(&format!("{:<44} {weight:9.1} ms", "weight, the lists alone"));
    let groups = catalog.group_ids();
    let tuned = median(|_| assert!(tune(&neighbors, &groups, 1, K).is_some()));
    say(&format!("{:<44} {tuned:9.1} ms", "mean F1 over all thresholds"));
}

fn main() {
    if !std::env::args().any(|argument| argument == "million") {
        catalogue();
    }
    million();
    if let Some(memory) = peak_memory() {
        say(&format!("most memory held: {memory} MiB"));
    }
}
