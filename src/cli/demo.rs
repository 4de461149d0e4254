//! `lookalike demo`: writes the demo catalogue as files.

use std::path::PathBuf;

use super::console::Console;
use crate::catalog::demo;
use crate::jobs::JobError;

/// Write the demo catalogue (catalog.csv and images/) to a folder, or its pairs of different things that look alike (train.csv,
/// candidates.csv, left/ and right/).
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of distinct products.
    #[arg(long, value_name = "N", default_value_t = demo::DEFAULT_N_PRODUCTS, conflicts_with = "looks_like")]
    products: u32,
    /// Write so many pairs that look alike instead [default when given without a number: 60].
    #[arg(long, value_name = "PAIRS", num_args = 0..=1, default_missing_value = "60")]
    looks_like: Option<u32>,
    /// Seed of everything random in it.
    #[arg(long, value_name = "S", default_value_t = demo::DEFAULT_SEED)]
    seed: u64,
}

pub(super) fn run(args: &Args, console: &Console) -> Result<(), JobError> {
    if let Some(n_pairs) = args.looks_like {
        let n_pairs = demo::write_looks_like(&args.out, n_pairs, args.seed)?;
        let answer = serde_json::json!({ "out": args.out, "pairs": n_pairs, "seed": args.seed });
        console.answer(&answer, || format!("{n_pairs} pairs written to {}", args.out.display()));
        return Ok(());
    }
    let n_postings = demo::write(&args.out, args.products, args.seed)?;
    let answer = serde_json::json!({
        "out": args.out, "products": args.products, "seed": args.seed, "postings": n_postings,
    });
    console.answer(&answer, || format!("{n_postings} postings written to {}", args.out.display()));
    Ok(())
}
